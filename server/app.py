"""The application factory: one store, one blueprint, one format for errors."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
from flask import Flask, Response, current_app
from flask.json.provider import JSONProvider
from werkzeug.exceptions import HTTPException

from server.albums import starting_albums
from server.calibration import Calibration
from server.routes import MAX_BODY_BYTES, api
from server.stores import open_store
from server.timing import ServerTiming


class OrjsonProvider(JSONProvider):
    """Flask's JSON, by orjson."""

    def dumps(self, obj: Any, **_: Any) -> str:
        """Serialise to a string."""
        return orjson.dumps(obj).decode()

    def loads(self, s: str | bytes, **_: Any) -> Any:
        """Parse a string."""
        return orjson.loads(s)

    def response(self, *args: Any, **kwargs: Any) -> Response:
        """Serialise straight to the bytes of a response."""
        return Response(orjson.dumps(self._prepare_response_obj(args, kwargs)), mimetype="application/json")


def create_app(
    store: str = "list",
    albums: int = 3,
    albums_max: int | None = None,
    path: str | None = None,
    calibration: Mapping[str, float] | None = None,
    lock: str | None = None,
) -> Flask:
    """Make the album API.

    `store` is one of list, dict, sqlite, cached. It starts with `albums` albums and never holds more than `albums_max`.
    `path` is the sqlite file. `calibration` adds the route GET /calibration; it holds the fields of
    `server.calibration.Demand`. `lock` is the lock file that all worker processes of that route share.
    """
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.json = OrjsonProvider(app)
    app.extensions["store"] = open_store(
        store, starting_albums(albums), albums_max=albums_max, path=Path(path) if path else None
    )
    app.register_blueprint(api)
    if calibration is not None:
        route = Calibration(calibration, Path(lock) if lock else None)
        app.add_url_rule("/calibration", "calibration", route.answer)
    app.register_error_handler(HTTPException, _error_as_json)
    app.register_error_handler(Exception, _internal_error)
    app.extensions["timing"] = timing = ServerTiming(app.wsgi_app)
    app.wsgi_app = timing  # type: ignore[method-assign]  # Flask's documented way to add a middleware
    return app


def _error_as_json(error: HTTPException) -> Response:
    response = Response(orjson.dumps({"message": error.description}), error.code, mimetype="application/json")
    for name, value in error.get_headers():
        if name not in ("Content-Type", "Content-Length"):
            response.headers[name] = value
    return response


def _internal_error(_: Exception) -> Response:
    current_app.logger.exception("unhandled exception")
    return Response(orjson.dumps({"message": "internal error"}), 500, mimetype="application/json")
