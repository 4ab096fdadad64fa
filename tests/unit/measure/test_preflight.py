"""Requests before the load: what another implementation of the album API may answer, and what a refusal states."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from loadstone.errors import ServerError
from loadstone.measure.target.preflight import Preflight
from loadstone.suite.foreign_servers import ExternalServer
from loadstone.suite.load_settings import Mix

ANSWERS: dict[str, Any] = {}


class Albums(BaseHTTPRequestHandler):
    """Answers each path as `ANSWERS` has it."""

    def do_GET(self) -> None:
        body = json.dumps(ANSWERS[self.path]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Write no log."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Albums) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def check(url: str, mix: Mix, **answers: Any) -> None:
    ANSWERS.clear()
    ANSWERS.update({path.replace("_", "/"): answer for path, answer in answers.items()})
    config = ExternalServer.model_validate({"kind": "external", "url": url, "albums": 1})
    Preflight(config, url).check_albums(mix)


@pytest.mark.parametrize("album_id", ["1", 1])
def test_ids_may_be_text_or_numbers(url: str, album_id: object) -> None:
    check(url, Mix(get_album=1, list_albums=1), _albums=[{"id": album_id}], _albums_1={"id": album_id})


@pytest.mark.parametrize(
    ("answer", "got"),
    [
        ({"id": 2, "title": "A"}, 'got an object with "id": 2, "title"'),
        ({"id": True}, 'got an object with "id": true'),
        ({"data": {"id": "1"}}, 'got an object with "data"'),
        ([{"id": "1"}], "got a list of 1 element"),
        (None, "got None"),
    ],
)
def test_another_album_is_refused_with_what_was_expected(url: str, answer: object, got: str) -> None:
    with pytest.raises(ServerError) as caught:
        check(url, Mix(get_album=1), _albums_1=answer)
    text = str(caught.value)
    assert text.startswith(f'{url}: GET /albums/1: expected a JSON object with "id": "1" or 1, {got}; ')
    assert text.endswith("for another API, state its requests (load.requests) or use a locustfile")


def test_an_envelope_is_refused_with_its_keys(url: str) -> None:
    with pytest.raises(ServerError, match=r'expected a JSON list of albums, got an object with "count", "items"; '):
        check(url, Mix(list_albums=1), _albums={"count": 1, "items": [{"id": "1"}]})
