"""Requests before the load, to a server that Loadstone knows only by its responses. They change nothing there."""

from collections.abc import Iterable, Mapping
from urllib.parse import urlencode

from loadstone.errors import ServerError
from loadstone.measure.target.http import Answer, send_request
from loadstone.suite.declared_requests import DeclaredRequest
from loadstone.suite.foreign_servers import ForeignServer
from loadstone.suite.load_settings import Mix

ANSWER_DEADLINE_S = 10.0
NO_JSON = b"{"
"""A body that every server must refuse, so that it adds no album."""
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
"""Methods that by their definition change nothing on a server."""
TEMPLATE = "${"
"""Begins a part of a declared request that differs from one request to the next."""


class Preflight:
    """Sends requests to the server at `url` and refuses a wrong answer with a `ServerError`."""

    def __init__(self, config: ForeignServer, url: str) -> None:
        self._config = config
        self._url = url

    def check_albums(self, mix: Mix) -> None:
        """Ask each endpoint of the album API that the mix holds. A POST is one that the server has to refuse."""
        if mix.list_albums and not isinstance(self.read_json("/albums"), list):
            raise ServerError(f"{self._url}: GET /albums: the answer is not a list of albums")
        for number in sorted({1, self._config.albums} if mix.get_album else ()):
            album = self.read_json(f"/albums/{number}")
            if not isinstance(album, dict) or album.get("id") != str(number):
                raise ServerError(f"{self._url}: GET /albums/{number}: the answer is not album {number}")
        if mix.create_album:
            status = self._send("POST", "/albums", NO_JSON).status
            if not 400 <= status < 500 or status in (401, 403, 404, 405):
                raise ServerError(
                    f"{self._url}: POST /albums: status {status} for a body that is not JSON; the server must refuse "
                    "it with 400 or 422"
                )

    def check_requests(self, requests: Iterable[DeclaredRequest]) -> None:
        """Send each request that needs no value filled in and that changes nothing; compare its status."""
        for request in requests:
            if request.method not in SAFE_METHODS or TEMPLATE in request.model_dump_json():
                continue
            headers, body = _headers_and_body(request)
            status = self._send(request.method, request.path, body, headers).status
            if request.expect is not None and status != request.expect:
                raise ServerError(_complaint(self._url, request, status, str(request.expect)))
            if request.expect is None and status >= 400:
                raise ServerError(_complaint(self._url, request, status, "below 400"))

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


def _headers_and_body(request: DeclaredRequest) -> tuple[dict[str, str], object]:
    if isinstance(request.data, dict):
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return {**form, **request.headers}, urlencode(request.data).encode()
    if request.data is not None:
        return {"Content-Type": "text/plain; charset=utf-8", **request.headers}, request.data.encode()
    return request.headers, request.json_body


def _complaint(url: str, request: DeclaredRequest, status: int, expected: str) -> str:
    return f"{url}: {request.method} {request.path}: status {status}, expected {expected} (load.requests)"
