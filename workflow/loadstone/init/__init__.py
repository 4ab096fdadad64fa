"""Write a first suite for a service, and a locustfile from its OpenAPI description. Nothing is run or imported."""
