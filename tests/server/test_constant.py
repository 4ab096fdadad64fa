"""The constant application: one answer to every request, connections that stay open, requests that are counted."""

import json
from collections.abc import Callable

import pytest

from server import create_app
from tests.server.conftest import Gunicorn

ALBUM_1 = create_app().test_client().get("/albums/1").data


@pytest.mark.parametrize("worker_class", ["gthread", "gevent"])
def test_answers_everything_alike_over_one_connection(
    start_gunicorn: Callable[..., Gunicorn], worker_class: str
) -> None:
    server = start_gunicorn("server:create_constant()", worker_class=worker_class)
    server.wait_ready()
    connection = server.connect()
    connection.connect()
    first = connection.sock
    chunks = [b"x" * 50_000] * 4
    for method, path, body in [
        ("GET", "/albums/1", None),
        ("POST", "/albums", b"{}"),
        ("GET", "/healthz", None),
        ("POST", "/albums", b"".join(chunks)),
        ("GET", "/nothing?x=1", None),
        ("POST", "/albums", iter(chunks)),  # chunked
        ("DELETE", "/albums/1", None),
    ]:
        connection.request(method, path, body)
        answer = connection.getresponse()
        content = answer.read()
        assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
        assert answer.headers["Server-Timing"].startswith("app;dur=")
        if path == "/healthz":
            assert json.loads(content) == {"status": "ok", "albums": 1}
        else:
            assert content == ALBUM_1
        assert connection.sock is first, f"the connection was closed after {method} {path}"
    connection.close()
    assert server.stop() == [6], "health checks are not counted"


def test_worker_of_the_album_api_tells_its_count_too(start_gunicorn: Callable[..., Gunicorn]) -> None:
    server = start_gunicorn("server:create_app()")
    server.wait_ready()
    connection = server.connect()
    for path in ("/albums", "/healthz", "/nothing"):
        connection.request("GET", path)
        connection.getresponse().read()
    connection.close()
    assert server.stop() == [2]
