"""A request to any server ends with an answer or one sentence, in bounded time and memory."""

import contextlib
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator

import pytest

from loadstone.errors import ServerError
from loadstone.measure.target.http import MAX_BYTES, send_request

Say = Callable[[socket.socket], object]
OK = b"HTTP/1.1 200 OK\r\n"


def dribble(beginning: bytes) -> Say:
    """Send a byte now and then, for ever."""

    def say(connection: socket.socket) -> None:
        connection.sendall(beginning)
        while True:
            connection.sendall(b"x")
            time.sleep(0.02)

    return say


def pour(connection: socket.socket) -> None:
    connection.sendall(OK + b"Content-Length: 1073741824\r\n\r\n")
    for _ in range(1024):
        connection.sendall(b" " * 2**20)


@pytest.fixture
def serve() -> Iterator[Callable[[Say], str]]:
    """Start a server for one connection; return its address."""
    with socket.socket() as listening, contextlib.ExitStack() as stack:
        listening.bind(("127.0.0.1", 0))
        listening.listen()

        def start(say: Say) -> str:
            def answer() -> None:
                connection, _ = listening.accept()
                with connection, contextlib.suppress(OSError):
                    connection.recv(65536)
                    say(connection)

            thread = threading.Thread(target=answer, daemon=True)
            thread.start()
            stack.callback(thread.join, 5)
            return f"http://127.0.0.1:{listening.getsockname()[1]}"

        yield start


def test_whole_answer(serve: Callable[[Say], str]) -> None:
    url = serve(lambda c: c.sendall(OK + b'Content-Length: 14\r\n\r\n{"albums": 17}'))
    assert send_request(url, "GET", "/healthz", 5).json() == {"albums": 17}


@pytest.mark.parametrize(
    ("say", "sentence"),
    [
        (lambda c: None, "GET /albums: no usable answer: connection closed"),
        (lambda c: c.sendall(b"220 mail ESMTP\r\n"), "GET /albums: no usable answer: not HTTP"),
        (lambda c: c.sendall(OK + b"Content-Length: 9\r\n\r\n[1,"), ": the connection closed inside the body"),
        (lambda c: c.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\n[1,"), "closed inside the body"),
        (dribble(OK + b"Content-Length: 1000000\r\n\r\n"), "GET /albums: no complete answer within 0.5 s"),
        (dribble(OK + b"X-Long: "), "answer within 0.5 s"),  # none at all where this machine is busy
        (lambda c: time.sleep(0.7), "GET /albums: no usable answer"),
        (pour, "GET /albums: the answer is larger than 16 MB"),
    ],
    ids=["closed", "not-http", "half-body", "half-chunk", "slow-body", "slow-header", "silent", "gigabyte"],
)
def test_anything_else_is_a_sentence(serve: Callable[[Say], str], say: Say, sentence: str) -> None:
    tracemalloc.start()
    began = time.monotonic()
    with pytest.raises(ServerError) as refused:
        send_request(serve(say), "GET", "/albums", 5 if say is pour else 0.5)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sentence in str(refused.value)
    assert time.monotonic() - began < 5
    assert most < 6 * MAX_BYTES


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with pytest.raises(ServerError, match="no usable answer: connection refused"):
            send_request(f"http://127.0.0.1:{free.getsockname()[1]}", "GET", "/", 1)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (b"HTTP/1.1 500 Sorry\r\nContent-Length: 2\r\n\r\n{}", "GET /: status 500, expected 200"),
        (OK + b"Content-Length: 6\r\n\r\n<html>", "GET /: the answer is not JSON; it begins with '<html>'"),
        (OK + b"Content-Length: 1\r\n\r\n\xff", "GET /: the answer is not JSON; it begins with '\ufffd'"),
        (OK + b"Content-Length: 100000\r\n\r\n" + b"[" * 100_000, "GET /: the answer is not JSON; it begins with '[["),
    ],
    ids=["status", "html", "bytes", "deep"],
)
def test_answer_that_can_not_be_used(serve: Callable[[Say], str], answer: bytes, sentence: str) -> None:
    got = send_request(serve(lambda c: c.sendall(answer)), "GET", "/", 5)
    with pytest.raises(ServerError) as refused:
        got.json()
    assert str(refused.value).startswith(sentence)
