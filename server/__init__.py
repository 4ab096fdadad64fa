"""The system under test: an album API in Flask, with the store to be chosen.

gunicorn starts it as `server:create_app(store="list", albums=3)`.
"""

from server.app import create_app

__all__ = ["create_app"]
