"""Everything that a locustfile may do and few do at once."""

import csv
import json
import os
import time
from pathlib import Path

import gevent
from gevent.pool import Pool
from helpers import repeat
from locust import FastHttpUser, HttpUser, User, between, constant, events, tag, task
from locust.exception import StopUser
from locust.runners import MasterRunner, WorkerRunner
from locustfiles.words import LONGEST

with (Path(__file__).parent / "accounts.csv").open(encoding="utf-8", newline="") as file:
    ACCOUNTS = list(csv.DictReader(file))
WORDS = json.loads(Path("words.json").read_text("utf-8"))
received = []


@events.init.add_listener
def on_init(environment, **_kwargs):
    if not isinstance(environment.runner, MasterRunner):
        environment.runner.register_message("accounts", lambda environment, msg, **_kwargs: received.extend(msg.data))


@events.test_start.add_listener
def on_test_start(environment, **_kwargs):
    if isinstance(environment.runner, MasterRunner):
        clients = list(environment.runner.clients)
        share = max(1, len(ACCOUNTS) // max(1, len(clients)))
        for number, client in enumerate(clients):
            part = ACCOUNTS[number * share : (number + 1) * share]
            environment.runner.send_message("accounts", part, client)
    elif not isinstance(environment.runner, WorkerRunner):
        received.extend(ACCOUNTS)
    if not isinstance(environment.runner, MasterRunner):
        gevent.spawn(report_from_outside, environment)


def report_from_outside(environment):
    """Report a request of no user."""
    environment.events.request.fire(request_type="monitor", name="start", response_time=0.5, response_length=0)


class Reader(HttpUser):
    """Asks several times at once, follows redirects, and reports failures of every kind."""

    weight = 3
    wait_time = between(0.02, 0.1)

    def on_start(self):
        while not received:
            gevent.sleep(0.01)
        self.account = received[0]["name"]

    @task(3)
    def parallel(self):
        pool = Pool(3)
        for word in WORDS[:3]:
            pool.spawn(self.client.get, f"/words/{word}", name="/words/<word>")
        pool.join()

    @tag("redirects")
    @task(2)
    def redirected(self):
        with self.client.get("/redirect/2", catch_response=True) as response:
            if [r.status_code for r in response.history] != [303, 303]:
                response.failure("not redirected twice")

    @task
    def refused(self):
        with self.client.get("/status/404", catch_response=True) as response:
            if response.status_code == 404:
                response.success()

    @task
    def failing(self):
        with self.client.get("/words/wrong", catch_response=True) as response:
            response.failure(f"not {LONGEST}")

    @task
    def account_page(self):
        self.client.get(f"/words/{repeat(self.account, 2)}", name="/words/<account>", context={"account": self.account})

    @tag("broken")
    @task
    def never(self):
        self.client.get("/status/500", name="never: its tag is excluded")


class Other(FastHttpUser):
    """Has a host by itself, from the environment."""

    host = os.environ["OTHER_URL"]
    wait_time = constant(0.05)

    @task
    def ask(self):
        with self.rest("GET", "/words/rest") as response:
            if response.js["word"] != "rest":
                response.failure("another word")


class Odd(User):
    """Reports what no client of Locust's would."""

    fixed_count = 1
    wait_time = constant(0.05)

    @task
    def tuples(self):
        self.fire("tuple", exception=("timed out", 3))

    @task
    def texts(self):
        self.fire("text", exception="just text")

    @task
    def numbers(self):
        self.fire("number", exception=7, response=object(), start_time=None)

    @task
    def raised(self):
        with self.environment.events.request.measure("odd", "raised"):
            raise ValueError("inside")

    def fire(self, name, **fields):
        started = time.perf_counter()
        gevent.sleep(0.001)
        elapsed = (time.perf_counter() - started) * 1000
        self.environment.events.request.fire(
            request_type="odd", name=name, response_time=elapsed, response_length=0, **fields
        )


class Leaver(HttpUser):
    """Goes after its second request."""

    fixed_count = 1
    wait_time = constant(0.1)
    requests = 0

    @task
    def leave(self):
        self.client.get("/words/bye")
        self.requests += 1
        if self.requests == 2:
            raise StopUser
