"""Conduct a run from Locust's master: wait for all workers, start the users, begin and end the window.

Locust's own `--run-time` counts from the first user's start and cuts off requests in flight. Here the window begins one
warm-up after the *last* user's start. When it is over, the workers finish their requests in flight and send their last
statistics before the master quits.

The file `--loadstone-timeline` receives one line of JSON per event: `{"event": ..., "time": unix seconds}`. Once per
second the conductor sets its modification time, so that a master that stands still is noticed.

A worker that has connected may not have run its `init` listeners yet. Locust would let it start users all the same,
and these would have no number and leave no record. So each worker announces itself when it is set up, and the master
waits for that before it starts the users.

The processes may be started while the server is not ready yet. With `--loadstone-go-ahead`, the master then waits until
that file exists, and ends if the process that started it has ended.

At the end, Locust's master pauses three times for half a second, so that reports of its workers can arrive. The
conductor has waited for the last worker to leave, which sends its report before, so the master leaves at once.
Locust's own files of statistics are then written once more: its writer does so once per second, and may have slept.
"""

import csv
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
import gevent.event
from locust.runners import MasterRunner, WorkerRunner
from locust.stats import PERCENTILES_TO_REPORT, StatsCSV

from .failures import CANNOT_RECORD, end_process
from .options import own_options

CONNECT_DEADLINE_S = 30.0
DRAIN_MARGIN_S = 5.0
POLL_S = 0.02
ANNOUNCE_INTERVAL_S = 0.1
BEAT_INTERVAL_S = 1.0
SET_UP, RANK = "loadstone_set_up", "loadstone_rank"
WATCH_INTERVAL_S = 0.5


class Conductor:
    """The timing of one run, on the master."""

    def __init__(self, environment: Any, runner: MasterRunner) -> None:
        options = own_options(environment)
        self._runner = runner
        self._timeline = Path(options.timeline)
        self._workers: int = environment.parsed_options.expect_workers
        self._warm_up: float = options.warm_up
        self._window: float = options.window
        self._stop_timeout: float = environment.stop_timeout or 0.0
        self._go_ahead = Path(options.go_ahead) if options.go_ahead else None
        self._starter = os.getppid()
        self._environment = environment
        self._begun = False
        self._drained = False
        self._set_up: set[str] = set()
        runner.register_message(SET_UP, self._on_set_up)

    def _on_set_up(self, msg: Any, **_: Any) -> None:
        self._set_up.add(msg.node_id)

    def note(self, event: str, when: float | None = None) -> None:
        """Append an event to the timeline."""
        line = json.dumps({"event": event, "time": when or time.time()}).encode() + b"\n"
        try:
            with self._timeline.open("ab") as file:
                file.write(line)
        except OSError as error:
            end_process(f"{self._timeline}: cannot be written: {error.strerror}", CANNOT_RECORD)

    def beat(self) -> None:
        """Show once per second, from now on, that the master is running."""
        while True:
            os.utime(self._timeline)
            gevent.sleep(BEAT_INTERVAL_S)

    def wait_for_workers(self) -> None:
        """Return once all workers are connected and set up. End the process if that takes too long."""
        deadline = time.monotonic() + CONNECT_DEADLINE_S
        while (connected := min(len(self._runner.clients.ready), len(self._set_up))) < self._workers:
            if time.monotonic() > deadline:
                sys.exit(
                    f"only {connected} of {self._workers} Locust workers connected within {CONNECT_DEADLINE_S:g} s"
                )
            gevent.sleep(POLL_S)
        # Locust distributes users in the order of worker ids, which are random; numbering by rank makes it repeatable
        for rank, client_id in enumerate(sorted(self._set_up)):
            self._runner.send_message(RANK, {"rank": rank}, client_id)
        self.note("workers_connected")

    def wait_for_go_ahead(self) -> None:
        """Return once the file of the option exists. End the process if the one that started it has ended."""
        while self._go_ahead is not None and not self._go_ahead.exists():
            if os.getppid() != self._starter:
                sys.exit("the process that started Locust has ended")
            gevent.sleep(POLL_S)

    def on_spawning_complete(self, **_: Any) -> None:
        """Start the window's clock: all users are running. Locust fires this again when it rebalances users."""
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
        self._watcher.kill()  # a worker that leaves counts as missing for a moment
        self._drain()

    def watch_workers(self) -> None:
        """Note a worker that stops reporting before the window's end: Locust would continue with fewer users."""
        self._watcher = gevent.spawn(self._watch)

    def _watch(self) -> None:
        while not len(self._runner.clients.missing):
            gevent.sleep(WATCH_INTERVAL_S)
        self.note("worker_missing")

    def _drain(self) -> None:
        """Let every worker finish its requests in flight, report and leave. The master quits after the last one."""
        self._runner.stop(send_stop_to_client=False)  # no new users when the first worker leaves
        self._leave_without_pauses()
        self._runner.send_message("quit")
        deadline = time.monotonic() + self._stop_timeout + DRAIN_MARGIN_S
        # if a worker's last message is lost, the worker counts as missing after a few seconds
        while len(self._runner.clients.all) > len(self._runner.clients.missing) and time.monotonic() < deadline:
            gevent.sleep(POLL_S)
        self._note_drained()
        if len(self._runner.clients.all):
            self._runner.quit()

    def _note_drained(self, **_: Any) -> None:
        if not self._drained:
            self._drained = True
            self.note("drained")

    def _leave_without_pauses(self) -> None:
        """Let the master end without pauses once no worker is left that could still report."""
        runner: Any = self._runner
        quit_with_pause = runner.quit

        def leave() -> None:
            if len(runner.clients.all):
                quit_with_pause()
            else:
                runner.stop(send_stop_to_client=False)
                runner.greenlet.kill(block=True)

        runner.quit = leave
        self._environment.events.quitting.add_listener(self._note_drained)
        self._environment.events.quit.add_listener(self._write_statistics)

    def _write_statistics(self, **_: Any) -> None:
        """Write Locust's statistics, failures and exceptions as they are at the end."""
        prefix = self._environment.parsed_options.csv_prefix
        if not prefix:
            return
        table = StatsCSV(self._environment, PERCENTILES_TO_REPORT)
        writers = {"stats": table.requests_csv, "failures": table.failures_csv, "exceptions": table.exceptions_csv}
        for name, write in writers.items():
            path = Path(f"{prefix}_{name}.csv")
            new = path.with_name(f"{path.name}.new")
            try:
                with new.open("w", encoding="utf-8", newline="") as file:
                    write(csv.writer(file))
                new.replace(path)  # Locust's writer still holds the former file, and closes it after this
            except OSError as error:
                end_process(f"{path}: cannot be written: {error.strerror}", CANNOT_RECORD)


def announce(runner: Any, on_rank: Callable[[int], None]) -> None:
    """Send the master, from a worker that is set up, a message until it answers with the worker's rank, from 0."""
    ranked = gevent.event.Event()

    def on_message(msg: Any, **_: Any) -> None:
        on_rank(msg.data["rank"])
        ranked.set()

    def send_until_ranked() -> None:
        while not ranked.is_set():
            runner.send_message(SET_UP)
            ranked.wait(ANNOUNCE_INTERVAL_S)

    if isinstance(runner, WorkerRunner):
        runner.register_message(RANK, on_message)
        gevent.spawn(send_until_ranked)


def conduct(environment: Any, runner: MasterRunner) -> None:
    """Conduct the run: begin to, and return once all workers are set up and users may start."""
    conductor = Conductor(environment, runner)
    environment.events.spawning_complete.add_listener(conductor.on_spawning_complete)
    gevent.spawn(conductor.beat)
    conductor.wait_for_workers()
    conductor.wait_for_go_ahead()
    conductor.watch_workers()
