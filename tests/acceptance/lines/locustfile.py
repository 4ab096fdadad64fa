"""A client that is not HTTP: lines of text over TCP, reported with as few fields as Locust allows."""

import socket
import time
from urllib.parse import urlsplit

from locust import User, between, task


class LineClient:
    """Sends a line, waits for a line."""

    def __init__(self, host, request_event):
        address = urlsplit(host)
        self._socket = socket.create_connection((address.hostname, address.port), timeout=10)
        self._file = self._socket.makefile("r", encoding="ascii")
        self._request_event = request_event

    def __getattr__(self, name):
        def ask(*words):
            started = time.perf_counter()
            self._socket.sendall(" ".join((name, *words, "\n")).encode())
            answer = self._file.readline()
            self._request_event.fire(
                request_type="line",
                name=name,
                response_time=(time.perf_counter() - started) * 1000,
                response_length=len(answer),
            )
            return answer

        return ask

    def close(self):
        self._file.close()
        self._socket.close()


class LineUser(User):
    """What users of such servers share."""

    abstract = True
    host = "http://127.0.0.1:1"

    def __init__(self, environment):
        super().__init__(environment)
        self.client = LineClient(environment.host or self.host, environment.events.request)

    def on_stop(self):
        self.client.close()


class Speaker(LineUser):
    """Speaks."""

    wait_time = between(0.01, 0.05)

    @task(3)
    def upper(self):
        assert self.client.upper("abc").strip() == "ABC"

    @task
    def reverse(self):
        with self.environment.events.request.measure("line", "measured reverse"):
            self.client.reverse("abc")
