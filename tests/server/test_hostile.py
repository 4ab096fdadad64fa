"""A hostile client of the album API, on a real gunicorn, is refused and changes nothing."""

import json
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.server.conftest import Gunicorn

JSON = {"Content-Type": "application/json"}
THREADS = 4
"""The default of a suite."""


def album(album_id: str, price: str = "1.5") -> bytes:
    return f'{{"id": "{album_id}", "title": "t", "artist": "a", "price": {price}}}'.encode()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gunicorn]:
    """One worker, as in a suite by default. No test may end it."""
    gunicorn = Gunicorn("server:create_app()", tmp_path_factory.mktemp("hostile"), "gthread", 1, THREADS)
    gunicorn.wait_ready()
    yield gunicorn
    pids = gunicorn.ready_pids()
    gunicorn.process.kill()
    gunicorn.process.wait()
    assert len(pids) == 1, "a worker had to be replaced"


@pytest.fixture(autouse=True)
def _unharmed(server: Gunicorn) -> Iterator[None]:
    """Check after each test that the server answers, and still holds its albums."""
    before = ids(server)
    yield
    after = ids(server)
    assert after[: len(before)] == before
    assert len(after) == len(set(after))
    assert "Traceback" not in server.log.read_text("utf-8")


def ask(server: Gunicorn, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    connection = server.connect()
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def ids(server: Gunicorn) -> list[str]:
    status, body = ask(server, "GET", "/albums")
    assert status == 200
    return [entry["id"] for entry in json.loads(body)]


def raw(server: Gunicorn, *pieces: bytes, timeout: float = 20) -> bytes:
    """Send bytes as they are; return the first line of the answer, or nothing if the connection was closed."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=timeout) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
            return connection.makefile("rb").readline().strip()
        except ConnectionError:
            return b""


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"x" * 10_000_000, 413),
        (b"[" * 100_000, 413),
        (b"[" * 16_000, 400),
        (b'{"a":' * 3000, 400),
        (b"\xff\xfe\xfd", 400),
        (album("x").replace(b'"t"', b'"\xc3\x28"'), 400),
        (album("x").replace(b'"t"', b'"\\ud800"'), 400),
        (album("x", "NaN"), 422),
        (album("x", "Infinity"), 422),
        (album("x", "1e400"), 422),
        (album("x", "-1e400"), 422),
        (album("x", "9" * 4000), 422),
        (album("x", "9" * 5000), 400),
        (album("x", "0." + "0" * 5000 + "1"), 201),
        (album("y", "1e-400"), 201),
        (album("a\\u0000b"), 422),
        (album("../x"), 422),
        (album("é"), 422),
    ],
    ids=lambda value: value[:20] if isinstance(value, bytes) else str(value),
)
def test_body(server: Gunicorn, body: bytes, status: int) -> None:
    try:
        found, answer = ask(server, "POST", "/albums", body, **JSON)
    except (BrokenPipeError, ConnectionResetError):  # refused before the whole body was sent
        assert status == 413
        return
    assert found == status, answer
    assert found == 201 or set(json.loads(answer)) == {"message"}


@pytest.mark.parametrize(
    "kind",
    ["text/json", "application/xml", "multipart/form-data", "", "application/json/x", "\xff"],
)
def test_content_type(server: Gunicorn, kind: str) -> None:
    assert ask(server, "POST", "/albums", album("z"), **{"Content-Type": kind})[0] == 415


@pytest.mark.parametrize(
    ("request_bytes", "statuses"),
    [
        (b"GET / HTTP/9.9\r\n\r\n", {b"400", b"505"}),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", {b"400"}),
        (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n", {b"400", b"414", b""}),
        (b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(20_000)) + b"\r\n", {b"400", b"431", b""}),
        (b"GET / HTTP/1.1\r\nX: " + b"y" * 1_000_000 + b"\r\n\r\n", {b"400", b"431", b""}),
        (b"POST /albums HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", {b"400"}),
        (b"POST /albums HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", {b"400"}),
        (
            b"POST /albums HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            {b"400"},
        ),
        (b"POST /albums HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", {b"400", b"415"}),
    ],
    ids=[
        "version",
        "tls",
        "long-line",
        "header-flood",
        "long-header",
        "negative",
        "two-lengths",
        "smuggled",
        "no-chunk",
    ],
)
def test_what_is_hardly_http(server: Gunicorn, request_bytes: bytes, statuses: set[bytes]) -> None:
    line = raw(server, request_bytes)
    assert (line.split(b" ")[1] if line else b"") in statuses, line


def test_chunks_without_end(server: Gunicorn) -> None:
    """A body is refused after 16 KiB, even if these happen to be an album."""
    head = b"POST /albums HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    for beginning in (b"[" * 4096, album("chunked").ljust(4096)):
        chunks = [b"1000\r\n" + part + b"\r\n" for part in (beginning, *[b" " * 4096] * 500)]
        assert raw(server, head, *chunks).split(b" ")[1:2] in ([b"413"], [])


def test_one_of_many_who_post_the_same_album_at_once(server: Gunicorn) -> None:
    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda _: ask(server, "POST", "/albums", album("same"), **JSON)[0], range(64)))
    assert sorted(statuses) == [201] + [409] * 63
    assert ids(server).count("same") == 1


def open_half_requests(server: Gunicorn, stack: ExitStack, count: int) -> None:
    """Open connections that begin a request and then send nothing."""
    for _ in range(count):
        connection = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=20))
        connection.sendall(b"POST /albums HTTP/1.1\r\nHost: h\r\nContent-")


def test_half_requests_cost_a_thread_each_and_no_more(server: Gunicorn) -> None:
    """As many half requests as threads keep other requests waiting until they end."""
    with ExitStack() as stack:
        open_half_requests(server, stack, THREADS - 1)
        assert len(ids(server)) >= 3
    with ExitStack() as stack:
        open_half_requests(server, stack, THREADS)
        with pytest.raises(TimeoutError):
            raw(server, b"GET /albums HTTP/1.1\r\nHost: h\r\n\r\n", timeout=1)
    assert len(ids(server)) >= 3


def test_gevent_serves_others_beside_any_number_of_half_requests(start_gunicorn: Callable[..., Gunicorn]) -> None:
    server = start_gunicorn("server:create_app()", "gevent")
    server.wait_ready()
    with ExitStack() as stack:
        open_half_requests(server, stack, 100)
        assert len(ids(server)) == 3
        assert ask(server, "POST", "/albums", album("new"), **JSON)[0] == 201
    assert len(ids(server)) == 4


@pytest.mark.parametrize(("store", "workers", "threads"), [("sqlite", 4, 2), ("list", 1, 8)])
def test_eight_writers_lose_and_double_nothing(
    start_gunicorn: Callable[..., Gunicorn], tmp_path: Path, store: str, workers: int, threads: int
) -> None:
    """Each writer posts its own albums, and all post the same ones. Every worker then shows the same store."""
    path = tmp_path / "albums.sqlite"
    server = start_gunicorn(f"server:create_app(store='{store}', path={str(path)!r})", "gthread", workers, threads)
    server.wait_ready()
    each = 25

    def write(writer: int) -> list[int]:
        connection = server.connect()  # kept alive, so that each writer stays with one worker process
        statuses = []
        for n in range(each):
            for album_id in (f"{writer}-{n}", f"shared-{n}"):
                connection.request("POST", "/albums", album(album_id), JSON)
                answer = connection.getresponse()
                answer.read()
                statuses.append(answer.status)
        connection.close()
        return statuses

    with ThreadPoolExecutor(8) as pool:
        statuses = [status for answers in pool.map(write, range(8)) for status in answers]
    assert sorted(statuses) == [201] * (9 * each) + [409] * (7 * each)
    written = {f"{writer}-{n}" for writer in (*range(8), "shared") for n in range(each)}
    for _ in range(2 * workers):
        found = ids(server)
        assert set(found) == written | {"1", "2", "3"}
        assert len(found) == len(set(found))
    assert sum(server.stop()) == 16 * each + 2 * workers
