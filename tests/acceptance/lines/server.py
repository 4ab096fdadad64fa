"""A server of lines: `upper abc` gives `ABC`, `reverse abc` gives `cba`.

Run it with `python server.py PORT`.
"""

import socketserver
import sys


class Talk(socketserver.StreamRequestHandler):
    """One connection."""

    def handle(self) -> None:
        for line in self.rfile:
            verb, *words = line.decode("ascii").split()
            text = " ".join(words)
            self.wfile.write((text.upper() if verb == "upper" else text[::-1]).encode("ascii") + b"\n")


class Server(socketserver.ThreadingTCPServer):
    """One thread per connection."""

    allow_reuse_address = True
    daemon_threads = True


if __name__ == "__main__":
    with Server(("127.0.0.1", int(sys.argv[1])), Talk) as server:
        server.serve_forever()
