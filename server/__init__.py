"""The system under test: an album API in Flask, with the store to be chosen.

gunicorn starts it as `server:create_app(store="list", albums=3)`, and the application that measures load generators as
`server:create_constant()`.
"""

from server.app import create_app
from server.constant import create_constant

__all__ = ["create_app", "create_constant"]
