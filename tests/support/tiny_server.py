"""A server of its own kind, for tests: `python tiny_server.py PORT [option…]`, with the standard library alone.

It knows nothing of albums. Each answer lists the requests so far; /spawn starts a process, /late answers with 503 at
first, /missing with 404, /moved with 302. Options: `tls` for https with a certificate of its own, `base` to answer
below /api/v1 alone. Its log holds its folder and environment.
"""

import http.server
import json
import os
import signal
import ssl
import subprocess
import sys
from pathlib import Path

LATE = 3
"""Requests of /late that are answered with 503."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asked: list[str] = []  # noqa: RUF012 - one server per process
    base = ""

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.removeprefix(self.base)
        status = 200 if self.path.startswith(self.base) and path != "/missing" else 404
        if path == "/late" and self.asked.count("GET /late") < LATE:
            status = 503
        if path == "/moved":
            status = 302
        if path == "/spawn":
            subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"])
        self.asked.append(f"{self.command} {path}")
        body = json.dumps(self.asked).encode()
        self.send_response(status)
        if status == 302:
            self.send_header("Location", f"{self.base}/orders")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def __getattr__(self, name: str) -> object:
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def log_request(self, *_: object) -> None:
        """Leave the log as it is."""


def stop(number: int, _: object) -> None:
    print(f"stopped by {signal.Signals(number).name}", flush=True)
    os._exit(0)


def main() -> None:
    port, *options = sys.argv[1:]
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, stop)
    if "base" in options:
        Handler.base = "/api/v1"
    print(json.dumps({"folder": str(Path.cwd()), "argv": options, "environment": dict(os.environ)}), flush=True)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
    if "tls" in options:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(Path(__file__).with_name("localhost.pem"))
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    print("Ready to serve", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
