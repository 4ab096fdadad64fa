"""Requests before the load, to a server that Loadstone knows only by its responses. They change nothing there."""

import json
from collections.abc import Iterable, Mapping

from loadstone.errors import ServerError
from loadstone.measure.target.http import Answer, send_request
from loadstone.suite.declared_requests import DeclaredRequest
from loadstone.suite.foreign_servers import ForeignServer
from loadstone.suite.load_settings import Mix
from loadstone.text import listed, several, short

ANSWER_DEADLINE_S = 10.0
ANOTHER_API = "for another API, state its requests (load.requests) or use a locustfile"
NO_JSON = b"{"
"""A body that every server must refuse, so that it adds no album."""
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
"""Methods that by their definition change nothing on a server."""


class Preflight:
    """Sends requests to the server at `url` and refuses a wrong answer with a `ServerError`."""

    def __init__(self, config: ForeignServer, url: str) -> None:
        self._config = config
        self._url = url

    def check_albums(self, mix: Mix) -> None:
        """Ask each endpoint of the album API that the mix holds. A POST is one that the server has to refuse."""
        if mix.list_albums and not isinstance(albums := self.read_json("/albums"), list):
            raise ServerError(self._not_expected("/albums", "a JSON list of albums", albums))
        for number in sorted({1, self._config.albums} if mix.get_album else ()):
            album = self.read_json(f"/albums/{number}")
            if not isinstance(album, dict) or not _is_id(album.get("id"), number):
                wanted = f'a JSON object with "id": "{number}" or {number}'
                raise ServerError(self._not_expected(f"/albums/{number}", wanted, album))
        if mix.create_album:
            status = self._send("POST", "/albums", NO_JSON).status
            if not 400 <= status < 500 or status in (401, 403, 404, 405):
                raise ServerError(
                    f"{self._url}: POST /albums: status {status} for a body that is not JSON; the server must refuse "
                    "it with 400 or 422"
                )

    def _not_expected(self, path: str, wanted: str, got: object) -> str:
        return f"{self._url}: GET {path}: expected {wanted}, got {_describe(got)}; {ANOTHER_API}"

    def check_requests(self, requests: Iterable[DeclaredRequest]) -> None:
        """Send each request whose method changes nothing, with the first value of each template; compare its status.

        Where a redirect leads is unknown here: the users that follow it find out.
        """
        for request in requests:
            if request.method not in SAFE_METHODS:
                continue
            example = request.example()
            status = self._send(example.method, example.path, example.body, example.headers).status
            expected = request.expect
            if 300 <= status < 400 and (expected is None or not 300 <= expected < 400):
                continue
            if status != expected if expected is not None else status >= 400:
                wanted = "below 400" if expected is None else expected
                where = f"{self._url}: {example.method} {example.path}"
                raise ServerError(f"{where}: status {status}, expected {wanted} (load.requests)")

    def read_json(self, path: str) -> object:
        """Return the content of the answer to GET `path`. Raises `ServerError` if it is not JSON with status 200."""
        answer = self._send("GET", path)
        try:
            content: object = answer.json()
        except ServerError as error:
            raise ServerError(f"{self._url}: {error}") from None
        return content

    def _send(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Answer:
        verify = self._config.verify
        try:
            return send_request(self._url, method, path, ANSWER_DEADLINE_S, body, headers=headers, verify=verify)
        except ServerError as error:
            raise ServerError(f"{self._url}: {error}") from None


def _is_id(value: object, number: int) -> bool:
    """Whether an album's id is a number, written as text or as a number."""
    return not isinstance(value, bool) and value in (str(number), number)


def _describe(content: object) -> str:
    """Describe JSON in a few words: its keys and its id, or its beginning."""
    if isinstance(content, dict):
        keys = [f'"id": {json.dumps(content["id"])}'] if "id" in content else []
        keys += [f'"{key}"' for key in content if key != "id"]
        return f"an object with {listed(keys)}" if keys else "an empty object"
    if isinstance(content, list):
        return f"a list of {several(len(content), 'element')}"
    return short(content)
