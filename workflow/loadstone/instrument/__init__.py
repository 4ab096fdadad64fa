"""The instrument: what runs inside Locust's processes, beside any locustfile.

Locust loads `loadstone_instrument.py` after the users' own files. It records every request, conducts the run, numbers
the users, and replaces their waits where the suite says so. It imports Locust, the packages that Locust installs, and
the standard library, so that it works in an environment that has Locust but not Loadstone.
"""
