"""The routes of the album API."""

from typing import cast

from flask import Blueprint, Response, current_app, jsonify, request
from pydantic import ValidationError
from werkzeug.exceptions import (
    BadRequest,
    Conflict,
    NotFound,
    RequestEntityTooLarge,
    UnprocessableEntity,
    UnsupportedMediaType,
)

from server.albums import ALBUM
from server.openapi import DOCUMENT
from server.stores import AlbumStore, DuplicateAlbumError

api = Blueprint("api", __name__)

MAX_BODY_BYTES = 16 * 1024


def _store() -> AlbumStore:
    return cast(AlbumStore, current_app.extensions["store"])


@api.get("/albums")
def list_albums() -> Response:
    """All albums."""
    return Response(_store().dump(), mimetype="application/json")


@api.get("/albums/<album_id>")
def get_album(album_id: str) -> Response:
    """One album."""
    album = _store().get(album_id)
    if album is None:
        raise NotFound("album not found")
    return jsonify(album)


@api.post("/albums")
def create_album() -> tuple[Response, int]:
    """Add an album."""
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("the body must be application/json")
    body = request.get_data(cache=False)
    if len(body) >= MAX_BODY_BYTES and request.content_length is None:
        raise RequestEntityTooLarge  # a chunked body: Werkzeug cuts it off there without an error
    try:
        album = ALBUM.validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        if first["type"] == "json_invalid":
            raise BadRequest("the body is not JSON") from None
        place = ".".join(map(str, first["loc"])) or "body"
        raise UnprocessableEntity(f"{place}: {first['msg']}") from None
    try:
        _store().add(album)
    except DuplicateAlbumError:
        raise Conflict(f"album {album.id} already exists") from None
    return jsonify(album), 201


@api.get("/healthz")
def health() -> Response:
    """Whether the server can answer, and how many albums it holds."""
    return jsonify({"status": "ok", "albums": len(_store())})


@api.get("/openapi.json")
def openapi() -> Response:
    """This API, described."""
    return jsonify(DOCUMENT)
