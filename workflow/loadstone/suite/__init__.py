"""The language that people write suites in: its keys and values, how a file is read, and what is refused."""
