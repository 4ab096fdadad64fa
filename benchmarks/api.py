"""The album API's own cost: GET /albums/<id> over a Flask route that returns a constant, one gunicorn sync worker each.

A few connections at a time are asked over, each for one request, since that is what a sync worker serves.
"""

import selectors
import socket
import time
from typing import cast

from flask import Flask

from benchmarks.processes import free_port, running, wait_for_port
from benchmarks.sidebyside import compare

SECONDS = 1.0
CONNECTIONS = 4
PAIRS = 21
BAR = 0.9


def constant_app() -> Flask:
    """Make the yardstick."""
    app = Flask(__name__)

    @app.get("/constant")
    def constant() -> str:
        return "constant"

    return app


def rate(port: int, path: str) -> float:
    """Ask for `path` for `SECONDS`; return answers a second."""
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    answers = 0
    end = time.perf_counter() + SECONDS
    with selectors.DefaultSelector() as selector:

        def ask() -> None:
            connection = socket.create_connection(("127.0.0.1", port))
            connection.sendall(request)
            selector.register(connection, selectors.EVENT_READ, bytearray())

        for _ in range(CONNECTIONS):
            ask()
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
                    ask()
        for key in list(selector.get_map().values()):
            cast(socket.socket, key.fileobj).close()
    return answers / SECONDS


def main() -> None:
    """Print the ratio."""
    ours, yardstick = free_port(), free_port()
    gunicorn = ["gunicorn", "--config", "server/gunicorn.conf.py", "--worker-class", "sync", "--workers", "1"]
    with (
        running(*gunicorn, "--bind", f"127.0.0.1:{ours}", "server:create_app()"),
        running(*gunicorn, "--bind", f"127.0.0.1:{yardstick}", "benchmarks.api:constant_app()"),
    ):
        for port, path in ((ours, "/albums/2"), (yardstick, "/constant")):
            wait_for_port(port)
            rate(port, path)  # warm-up
        found = compare(lambda: rate(ours, "/albums/2"), lambda: rate(yardstick, "/constant"), PAIRS)
    print(found.line("album API, GET /albums/<id>, one sync worker, over a constant route", BAR))


if __name__ == "__main__":
    main()
