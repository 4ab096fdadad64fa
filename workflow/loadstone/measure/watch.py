"""Watch a run from the start of Locust to the last request: sample, check that all works, and report progress."""

import time
from collections.abc import Callable

from loadstone.errors import GeneratorError, MeasureError
from loadstone.measure.clock_step import ClockWatch, read_clocks, refuse_step
from loadstone.measure.live_status import LiveStatusFile
from loadstone.measure.load_generator import LocustFleet
from loadstone.measure.progress import RunProgress
from loadstone.measure.sampler import SAMPLE_INTERVAL_S, Sampler
from loadstone.measure.stop import POLL_S
from loadstone.measure.target import Target
from loadstone.measure.workspace import Workspace
from loadstone.plan.schedule import Run

START_DEADLINE_S = 25.0
"""Seconds for Locust's processes to load the locustfile and connect. The conductor itself gives up after 30."""
MARGIN_S = 30.0
"""Seconds beyond a phase's planned length after which the run breaks."""
MIN_WARM_UP_S = 1.0
"""Seconds of warm-up in which the run's end is prepared. In a shorter one that could reach into the window, and is done
before users start."""

PHASES_BEGUN_BY = {
    "workers_connected": "ramp-up",
    "all_users_running": "warm-up",
    "window_begin": "window",
    "window_end": "drain",
}
"""Event of the conductor → the phase that it begins."""
LATE_EVENTS = {
    "all_users_running": "not all users were running",
    "window_end": "the window did not end",
    "drained": "the last requests did not finish",
}
"""Awaited event → how a message states that it did not come in time."""


class RunWatch:
    """What is known of a run while it is measured."""

    def __init__(self, run: Run, workspace: Workspace, progress: RunProgress) -> None:
        self.phase = "starting"
        self.times: dict[str, float] = {}
        """Event → unix seconds."""
        self.sampler = Sampler(workspace.scratch)
        self.live_status = LiveStatusFile(run, workspace.scratch, self.times)
        self._run = run
        self._stop = workspace.stop
        self._progress = progress
        self._clock = ClockWatch(read_clocks())
        self._last_answer: tuple[int, float] = (0, 0.0)  # requests so far, and when that changed (monotonic seconds)

    @property
    def window(self) -> tuple[float, float]:
        """Begin and end of the window, once it is over; unix seconds."""
        return self.times["window_begin"], self.times["window_end"]

    @property
    def any_answer(self) -> bool:
        """Whether any request has ended."""
        return self._last_answer[0] > 0

    def enter(self, phase: str) -> None:
        """Report that a phase has begun."""
        self.phase = phase
        self._progress.enter_phase(phase)
        self.live_status.enter_phase(phase)

    def follow(self, server: Target, fleet: LocustFleet, prepare: Callable[[], None]) -> None:
        """Let users start, and watch until the last requests have finished. Raises `MeasureError`.

        `prepare` is called once before the window, with what takes about 0.3 s of CPU and is needed after it.
        """
        self.sampler.port = server.local_port
        if self._run.warm_up < MIN_WARM_UP_S:
            prepare()
        fleet.begin()
        self._until("workers_connected", server, fleet, START_DEADLINE_S)
        self._until("all_users_running", server, fleet, self._run.load.ramp_up_s + MARGIN_S)
        if self._run.warm_up >= MIN_WARM_UP_S:
            prepare()
        self._until("window_end", server, fleet, self._run.warm_up + self._run.duration + MARGIN_S)
        self._until("drained", server, fleet, self._run.load.stop_timeout + MARGIN_S)

    def refuse_clock_step(self) -> None:
        """Raise `MeasureError` if the clock was set since the last check."""
        refuse_step(self._clock)

    def _until(self, awaited: str, server: Target, fleet: LocustFleet, deadline_s: float) -> None:
        """Sample all processes, check that they work, and report progress, until the event `awaited`."""
        deadline = time.monotonic() + deadline_s
        while awaited not in self.times:
            next_sample = time.monotonic() + SAMPLE_INTERVAL_S
            self._note_events(fleet)
            refuse_step(self._clock)
            server.check_alive()
            if "window_end" not in self.times:
                fleet.check_alive()
            if "workers_connected" in self.times:
                fleet.check_beat()
            if time.monotonic() > deadline:
                if awaited == "workers_connected":
                    raise GeneratorError(f"{fleet.explain_late_start()} after {deadline_s:.0f} s")
                raise MeasureError(f"{LATE_EVENTS[awaited]} within {deadline_s:.0f} s")
            self.sampler.sample([*server.processes(), *fleet.processes()])
            requests, failures = fleet.count_requests()
            self._progress.update(requests, failures)
            self.live_status.beat(requests, failures, fleet.records, self.sampler.cpus_by_role)
            if "window_end" not in self.times:
                self._refuse_silence(requests, fleet)
                if "all_users_running" in self.times:
                    fleet.check_users()
            self._pause(awaited, fleet, next_sample)

    def _pause(self, awaited: str, fleet: LocustFleet, next_sample: float) -> None:
        """Sleep until the next sample is due, the window should end, or, once it has ended, `awaited` has come."""
        if "window_end" in self.times:
            while awaited not in self.times and time.monotonic() < next_sample:
                self._stop.sleep(POLL_S)
                self._note_events(fleet)
        elif awaited not in self.times:
            pause_s = next_sample - time.monotonic()
            if (begin := self.times.get("window_begin")) is not None:
                left_s = begin + self._run.duration + POLL_S - time.time()
                pause_s = min(pause_s, left_s) if left_s > 0 else pause_s
            self._stop.sleep(max(0.0, pause_s))

    def _note_events(self, fleet: LocustFleet) -> None:
        for event, when in fleet.new_events():
            if event == "worker_missing":
                raise GeneratorError("a Locust worker has stopped reporting to its master")
            self.times[event] = when
            if event in PHASES_BEGUN_BY:
                self.enter(PHASES_BEGUN_BY[event])

    def _refuse_silence(self, requests: int, fleet: LocustFleet) -> None:
        """Raise `MeasureError` if all users have waited too long for any answer."""
        now = time.monotonic()
        if requests != self._last_answer[0] or "all_users_running" not in self.times:
            self._last_answer = (requests, now)
        silent_s = now - self._last_answer[1]
        if silent_s > self._run.load.silence_s:
            raise fleet.explain_silence(requests, silent_s)
