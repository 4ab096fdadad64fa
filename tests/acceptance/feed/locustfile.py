"""A feed over a WebSocket: options that must be given, requests timed and reported by hand, and a shape."""

import json
import time
from urllib.parse import urlsplit

import gevent
import websocket
from locust import LoadTestShape, User, constant, events, task


@events.init_command_line_parser.add_listener
def add_arguments(parser):
    parser.add_argument("--api-version", type=int, required=True, help="version of the feed")
    parser.add_argument("--seed", type=int, required=True, help="first number that is sent")
    parser.add_argument("--verbose-feed", action="store_true", help="send a longer message")


class Reader(User):
    """Sends numbers and gets them back."""

    wait_time = constant(0.02)

    def on_start(self):
        options = self.environment.parsed_options
        self.number = options.seed
        self.text = "x" * (1000 if options.verbose_feed else 10)
        address = f"ws://{urlsplit(self.host).netloc}/ws/v{options.api_version}"
        started = time.time()
        self.socket = websocket.create_connection(address, timeout=10)
        self.report("WS", "connect", started, 0)
        self.sent = {}
        self.receiver = gevent.spawn(self.receive)

    def receive(self):
        """Report each answer when it arrives, in a greenlet of its own."""
        while True:
            try:
                message = self.socket.recv()
            except (websocket.WebSocketException, OSError):
                return
            answer = json.loads(message)
            error = None if answer["version"] == self.environment.parsed_options.api_version else "another version"
            self.report("WS", "echo", self.sent.pop(answer["number"]), len(message), error)

    def report(self, kind, name, started, length, error=None):
        self.environment.events.request.fire(
            request_type=kind,
            name=name,
            response_time=(time.time() - started) * 1000,
            response_length=length,
            exception=error,
            context=self.context(),
        )

    @task
    def send(self):
        self.number += 1
        self.sent[self.number] = time.time()
        self.socket.send(json.dumps({"number": self.number, "text": self.text}))

    def on_stop(self):
        self.receiver.kill()
        self.socket.close()


class Stages(LoadTestShape):
    """Two users, then four, then the end."""

    stages = [(1.5, 2, 10), (4, 4, 10)]

    def tick(self):
        for end, users, rate in self.stages:
            if self.get_run_time() < end:
                return users, rate
        return None
