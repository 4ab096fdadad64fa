"""The OpenAPI description of the routes. Its album schema is generated from the model that validates requests."""

from typing import Any

from server.albums import ALBUM

_ERRORS = {
    "400": "The body is not JSON, or the request is not valid HTTP",
    "404": "No such album",
    "409": "An album with this id already exists",
    "413": "The body is too large",
    "415": "The body is not application/json",
    "422": "The body is JSON but not an album",
}


def _json(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _failures(*codes: str) -> dict[str, Any]:
    return {code: _json(_ERRORS[code], {"$ref": "#/components/schemas/Error"}) for code in codes}


_ALBUM = {"$ref": "#/components/schemas/Album"}

_LINKS = {
    "find": {"operationId": "get_album", "parameters": {"id": "$response.body#/id"}},
    "again": {"operationId": "create_album", "requestBody": "$response.body"},
    "list": {"operationId": "list_albums"},
}
"""Operations on an album that was added."""

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Albums", "version": "1.0.0", "description": "A collection of albums to put under load."},
    "paths": {
        "/albums": {
            "get": {
                "operationId": "list_albums",
                "summary": "All albums",
                "responses": {"200": _json("The albums, the oldest first", {"type": "array", "items": _ALBUM})},
            },
            "post": {
                "operationId": "create_album",
                "summary": "Add an album",
                "requestBody": {"required": True, "content": {"application/json": {"schema": _ALBUM}}},
                "responses": {
                    "201": {**_json("The album as stored", _ALBUM), "links": _LINKS},
                    **_failures("400", "409", "413", "415", "422"),
                },
            },
        },
        "/albums/{id}": {
            "get": {
                "operationId": "get_album",
                "summary": "One album",
                "parameters": [
                    {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
                ],
                "responses": {"200": _json("The album", _ALBUM), **_failures("404")},
            },
        },
        "/healthz": {
            "get": {
                "operationId": "health",
                "summary": "Health",
                "responses": {
                    "200": _json(
                        "The server can answer",
                        {
                            "type": "object",
                            "required": ["status", "albums"],
                            "properties": {"status": {"const": "ok"}, "albums": {"type": "integer", "minimum": 0}},
                        },
                    )
                },
            },
        },
        "/openapi.json": {
            "get": {
                "operationId": "openapi",
                "summary": "This description",
                "responses": {"200": _json("An OpenAPI document", {"type": "object"})},
            },
        },
    },
    "components": {
        "schemas": {
            "Album": ALBUM.json_schema(),
            "Error": {
                "type": "object",
                "required": ["message"],
                "properties": {"message": {"type": "string"}},
            },
        }
    },
}
