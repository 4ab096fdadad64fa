"""Conduct a run from Locust's master: when all workers are there, when all users run, when the window ends.

Locust's own `--run-time` counts from the first user's start and cuts off requests in flight. Here the window begins a
warm-up after the *last* user's start; when it is over, the workers are asked to finish what is in flight and to send
their last statistics before the master quits.

`--timeline` receives one line of JSON for each event: `{"event": ..., "time": unix seconds}`. Once a second its time of
modification is set, so that a master that stands still is noticed.

A worker that has connected may not have run its `init` listeners yet, and Locust would let it spawn users all the
same: they would go unnumbered and unrecorded. So each worker announces itself when it is set up, and the master waits
for that before it starts the users.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
import gevent.event
import orjson
from locust import events
from locust.runners import MasterRunner, WorkerRunner

from locustfiles import options
from locustfiles.failures import CAN_NOT_RECORD, end_worker

CONNECT_DEADLINE_S = 30.0
DRAIN_MARGIN_S = 5.0
POLL_S = 0.02
ANNOUNCE_INTERVAL_S = 0.1
BEAT_INTERVAL_S = 1.0
SET_UP, RANK = "worker_set_up", "worker_rank"
WATCH_INTERVAL_S = 0.5


class Conductor:
    """One run's timing, on the master."""

    def __init__(self, environment: Any, runner: MasterRunner) -> None:
        given = options.of(environment)
        self._runner = runner
        self._timeline = Path(given.timeline)
        self._workers: int = given.expect_workers
        self._warm_up: float = given.warm_up
        self._window: float = given.window
        self._stop_timeout: float = environment.stop_timeout or 0.0
        self._begun = False
        self._set_up: set[str] = set()
        runner.register_message(SET_UP, self._on_set_up)

    def _on_set_up(self, msg: Any, **_: Any) -> None:
        self._set_up.add(msg.node_id)

    def note(self, event: str, when: float | None = None) -> None:
        """Append an event to the timeline."""
        line = orjson.dumps({"event": event, "time": when or time.time()}, option=orjson.OPT_APPEND_NEWLINE)
        try:
            with self._timeline.open("ab") as file:
                file.write(line)
        except OSError as error:
            end_worker(f"{self._timeline}: can't be written: {error.strerror}", CAN_NOT_RECORD)

    def beat(self) -> None:
        """From now on, show once a second that the master is not standing still."""
        while True:
            os.utime(self._timeline)
            gevent.sleep(BEAT_INTERVAL_S)

    def wait_for_workers(self) -> None:
        """Return once all workers are connected and set up; end the process when they don't come."""
        deadline = time.monotonic() + CONNECT_DEADLINE_S
        while (connected := min(len(self._runner.clients.ready), len(self._set_up))) < self._workers:
            if time.monotonic() > deadline:
                sys.exit(f"{connected} of {self._workers} Locust workers connected within {CONNECT_DEADLINE_S:g} s")
            gevent.sleep(POLL_S)
        # Locust hands users out in the order of worker ids, which are random: by rank, the users' numbers are not
        for rank, client_id in enumerate(sorted(self._set_up)):
            self._runner.send_message(RANK, {"rank": rank}, client_id)
        self.note("workers_connected")

    def on_spawning_complete(self, **_: Any) -> None:
        """All users run: let the clock of the window start. Locust fires this again when it rebalances users."""
        if not self._begun:
            self._begun = True
            gevent.spawn(self._run_window, time.time())

    def _run_window(self, all_running: float) -> None:
        self.note("all_users_running", all_running)
        begin = all_running + self._warm_up
        end = begin + self._window
        gevent.sleep(max(0.0, begin - time.time()))
        self.note("window_begin", begin)
        gevent.sleep(max(0.0, end - time.time()))
        self.note("window_end", end)
        self._watcher.kill()  # workers that leave are missing for a moment
        self._drain()

    def watch_workers(self) -> None:
        """From now to the window's end, note a worker that stops reporting: Locust would go on with fewer users."""
        self._watcher = gevent.spawn(self._watch)

    def _watch(self) -> None:
        while not len(self._runner.clients.missing):
            gevent.sleep(WATCH_INTERVAL_S)
        self.note("worker_missing")

    def _drain(self) -> None:
        """Let every worker finish its requests in flight, report and leave; Locust's master quits after the last."""
        self._runner.stop(send_stop_to_client=False)  # no new users when the first worker leaves
        self._runner.send_message("quit")
        deadline = time.monotonic() + self._stop_timeout + DRAIN_MARGIN_S
        # a worker's farewell can get lost: after a few seconds it counts as missing
        while len(self._runner.clients.all) > len(self._runner.clients.missing) and time.monotonic() < deadline:
            gevent.sleep(POLL_S)
        self.note("drained")
        if len(self._runner.clients.all):
            self._runner.quit()


def announce(runner: Any, on_rank: Callable[[int], None]) -> None:
    """From a worker that is set up, tell the master so until it answers with the worker's rank, from 0."""
    ranked = gevent.event.Event()

    def on_message(msg: Any, **_: Any) -> None:
        on_rank(msg.data["rank"])
        ranked.set()

    def tell() -> None:
        while not ranked.is_set():
            runner.send_message(SET_UP)
            ranked.wait(ANNOUNCE_INTERVAL_S)

    if isinstance(runner, WorkerRunner):
        runner.register_message(RANK, on_message)
        gevent.spawn(tell)


@events.init.add_listener
def conduct(environment: Any, runner: Any, **_: Any) -> None:
    """On a master that was given `--timeline`, conduct the run."""
    if isinstance(runner, MasterRunner) and options.of(environment).timeline:
        conductor = Conductor(environment, runner)
        environment.events.spawning_complete.add_listener(conductor.on_spawning_complete)
        gevent.spawn(conductor.beat)
        conductor.wait_for_workers()
        conductor.watch_workers()
