"""The album API's own cost: the rate of GET /albums/<id> over that of a Flask route that returns a constant.

Each side runs on one gunicorn sync worker. Each connection carries one request, since a sync worker closes it then; a
few connections are open at a time.
"""

import selectors
import socket
import time
from typing import cast

from flask import Flask

from benchmarks.processes import free_port, running, wait_for_port
from benchmarks.side_by_side import compare

SECONDS = 1.0
CONNECTIONS = 4
PAIRS = 21
MIN_RATIO = 0.9


def constant_app() -> Flask:
    """Make the Flask application to compare with."""
    app = Flask(__name__)

    @app.get("/constant")
    def constant() -> str:
        return "constant"

    return app


def measure_rate(port: int, path: str) -> float:
    """Request `path` again and again for `SECONDS`; return answers per second."""
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    answers = 0
    end = time.perf_counter() + SECONDS
    with selectors.DefaultSelector() as selector:

        def send_request() -> None:
            connection = socket.create_connection(("127.0.0.1", port))
            connection.sendall(request)
            selector.register(connection, selectors.EVENT_READ, bytearray())

        for _ in range(CONNECTIONS):
            send_request()
        while time.perf_counter() < end:
            for key, _ in selector.select(timeout=1):
                connection, answer = cast(socket.socket, key.fileobj), key.data
                answer += (chunk := connection.recv(4096))
                if not chunk:
                    if not answer.startswith(b"HTTP/1.1 200"):
                        raise RuntimeError(answer[:100].decode())
                    selector.unregister(connection)
                    connection.close()
                    answers += 1
                    send_request()
        for key in list(selector.get_map().values()):
            cast(socket.socket, key.fileobj).close()
    return answers / SECONDS


def main() -> None:
    """Print the ratio of the two rates."""
    album_port, constant_port = free_port(), free_port()
    gunicorn = ["gunicorn", "--config", "server/gunicorn.conf.py", "--worker-class", "sync", "--workers", "1"]
    with (
        running(*gunicorn, "--bind", f"127.0.0.1:{album_port}", "server:create_app()"),
        running(*gunicorn, "--bind", f"127.0.0.1:{constant_port}", "benchmarks.api:constant_app()"),
    ):
        for port, path in ((album_port, "/albums/2"), (constant_port, "/constant")):
            wait_for_port(port)
            measure_rate(port, path)  # warm-up
        comparison = compare(
            lambda: measure_rate(album_port, "/albums/2"), lambda: measure_rate(constant_port, "/constant"), PAIRS
        )
    print(comparison.line("album API, GET /albums/<id>, one sync worker, over a constant route", MIN_RATIO))


if __name__ == "__main__":
    main()
