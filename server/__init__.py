"""The built-in system under test: an album API in Flask, with a choice of stores.

gunicorn starts it as `server:create_app(store="list", albums=3)`. `server:create_constant()` is the application against
which the ceiling of a load generator is measured.
"""

from server.app import create_app
from server.constant import create_constant

__all__ = ["create_app", "create_constant"]
