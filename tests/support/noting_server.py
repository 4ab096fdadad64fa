"""A server that notes what it receives, for tests of what a load sends."""

import contextlib
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple


class Received(NamedTuple):
    connection: int
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class NotingServer(ThreadingHTTPServer):
    """Answers /status/<n> with that status, /redirect with one to /landing, /loop with one to itself, /nowhere with one
    to no HTTP address, /other with one to another machine, and all else with 200."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), NotingHandler)
        self.received: list[Received] = []


class NotingHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: NotingServer

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.received.append(Received(self.client_address[1], self.command, self.path, headers, body))
        kind, _, rest = self.path.removeprefix("/base").removeprefix("/").partition("/")
        targets = {"redirect": "/landing", "loop": "/loop", "nowhere": "ftp://192.0.2.1/", "other": "http://192.0.2.1/"}
        self.send_response(int(rest) if kind == "status" else 302 if kind in targets else 200)
        if kind in targets:
            self.send_header("Location", targets[kind])
        if rest != "204":
            self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its name in the base class
        pass

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = answer  # noqa: N815


@contextlib.contextmanager
def noting_server(*, https: bool = False) -> Iterator[NotingServer]:
    """Run such a server; with https, its certificate is one of its own."""
    with NotingServer() as server:
        if https:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(Path(__file__).with_name("localhost.pem"))
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
