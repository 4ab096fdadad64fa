"""Measure one run, from an empty folder to a complete result, or to none.

Each run has its own server, store, ports and seed. The server is started and checked; then Locust is started and goes
through ramp-up, warm-up, window and drain; then both are stopped and the records are collected. All files are written
to a scratch folder, which takes the result's name as the last step. If the run breaks before that, its requests and
logs are kept in another folder, for inspection.
"""

import contextlib
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from loadstone.errors import GeneratorError, Interrupted, MeasureError, ServerError, SystemFault
from loadstone.measure.album_count import count_albums
from loadstone.measure.broken_run import forget_broken_run, keep_broken_run
from loadstone.measure.checkout import BUILDS
from loadstone.measure.clock_step import ClockWatch, read_clocks, refuse_step
from loadstone.measure.collect_requests import collect_requests, count_between, read_locust_count
from loadstone.measure.guard import Guard
from loadstone.measure.live_status import LiveStatusFile
from loadstone.measure.load_generator import LocustFleet
from loadstone.measure.machine import describe_machine, describe_source, describe_state
from loadstone.measure.machine_lock import hold_machine_lock
from loadstone.measure.progress import RunProgress
from loadstone.measure.sampler import SAMPLE_INTERVAL_S, Sampler
from loadstone.measure.stop import StopRequest
from loadstone.measure.target import Target, open_target
from loadstone.measure.target.gunicorn import STATE_FOLDER
from loadstone.measure.validity import check_validity
from loadstone.measure.workspace import Workspace
from loadstone.plan.schedule import Run
from loadstone.results.failed import FailedRun
from loadstone.results.live import scratch_folder
from loadstone.results.run_record import Commands, Phases, RequestCounts, RunRecord, write_record

START_DEADLINE_S = 25.0
"""Seconds for Locust's processes to load the locustfile and connect. The conductor itself gives up after 30."""
MARGIN_S = 30.0
"""Seconds beyond a phase's planned length after which the run breaks."""

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


def measure(
    run: Run, into: Path, log: Path, failed: Path, base: Path = Path(), *, builds: Path = BUILDS, quiet: bool = False
) -> RunRecord:
    """Measure `run` and write its files to the folder `into`: all of them, or none.

    Relative paths in the run's settings start from the folder `base`; `builds` holds the checkouts of commits. Progress
    goes to standard error (with `quiet`, only to a terminal) and to `log`. Raises `MeasureError` if the run breaks.
    What it had recorded is then in the folder `failed`, unless the run was stopped by a signal.
    """
    with (
        RunProgress(run, log, quiet=quiet) as progress,
        StopRequest(run.label) as stop,
        hold_machine_lock(run.label, stop, progress.report_waiting) as lock,
        _scratch(into) as scratch,
        Guard(scratch, lock.path, lock.descriptor) as guard,
    ):
        workspace = Workspace(scratch, scratch / "logs", base.absolute(), builds.absolute(), guard, stop)
        workspace.logs.mkdir()
        measurement = _Measurement(run, workspace, progress)
        try:
            with SystemFault.at(scratch):
                record = measurement.carry_out()
        except Interrupted:
            raise
        except BaseException as error:
            kept = measurement.keep(error, failed)
            if isinstance(error, MeasureError | SystemFault):
                raise type(error)(f"{run.label}: {error}; {kept}") from None
            raise
        if into.exists():
            shutil.rmtree(into)
        scratch.rename(into)
    forget_broken_run(failed)
    return record


@contextlib.contextmanager
def _scratch(into: Path) -> Iterator[Path]:
    """Make the scratch folder next to `into`. If it has not become the result by the end, remove every trace of it."""
    scratch = scratch_folder(into, os.getpid())
    scratch.mkdir(parents=True)
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        for parent in (into, into.parent):  # Snakemake makes them beforehand
            with contextlib.suppress(OSError):
                parent.rmdir()


@dataclass(slots=True)
class _Measurement:
    """The state of one run while it is measured."""

    run: Run
    workspace: Workspace
    progress: RunProgress
    phase: str = "starting"
    times: dict[str, float] = field(default_factory=dict)
    """Event → unix seconds."""
    records: list[Path] = field(default_factory=list)
    """The recorders' files, one per Locust worker."""
    last_answer: tuple[int, float] = (0, 0.0)
    """Requests so far, and when that number last changed (monotonic seconds)."""
    clock: ClockWatch = field(default_factory=lambda: ClockWatch(read_clocks()))
    sampler: Sampler = field(init=False)
    live_status: LiveStatusFile = field(init=False)

    def __post_init__(self) -> None:
        scratch = self.workspace.scratch
        self.sampler = Sampler(scratch / "processes.parquet")
        self.live_status = LiveStatusFile(self.run, scratch, self.times)

    @property
    def window(self) -> tuple[float, float]:
        """Begin and end of the window, once it is over; unix seconds."""
        return self.times["window_begin"], self.times["window_end"]

    def carry_out(self) -> RunRecord:
        state_before = describe_state()
        server = open_target(self.run.server, self.run.load, self.workspace)
        self.times["server_started"] = server.started
        try:
            self._enter("starting the server")
            self.times["server_ready"] = server.wait_ready()
            server.preflight()
            albums_before = server.count_albums()
            fleet = self._apply_load(server)
            albums_after = server.count_albums()
            restarts = server.worker_restarts()
        except BaseException:
            server.kill()
            raise
        server_exit = server.stop()
        self.times["server_stopped"] = time.time()
        state_after = describe_state()

        self._enter("collecting")
        requests = self.workspace.scratch / "requests.parquet"
        counts = RequestCounts(
            recorded=collect_requests(fleet.records, requests, self.run.load.group),
            locust=read_locust_count(Path(f"{fleet.csv_prefix}_stats.csv")),
            server=server.answered_requests(),
            ignored=fleet.totals().ignored,
            exceptions=fleet.totals().exceptions,
            untimed=fleet.totals().untimed,
        )
        self._refuse_empty_window(requests, fleet)
        albums = count_albums(requests, (albums_before, albums_after), server.max_albums, self.window)
        self.sampler.close()
        record = RunRecord(
            run=self.run,
            commands=Commands(
                server=server.command,
                load_master=fleet.master.shown,
                load_workers=[worker.shown for worker in fleet.workers],
            ),
            phases=Phases(**self.times),
            albums=albums,
            counts=counts,
            exit_codes=({} if server.command is None else {"server": server_exit}) | fleet.join(),
            checks=check_validity(
                counts,
                albums,
                restarts,
                self.window,
                {name: code for name, code in fleet.join().items() if code},
            ),
            user_counts=fleet.user_counts(),
            load_files=fleet.digests,
            load_versions=fleet.versions,
            source=describe_source(),
            machine=describe_machine(),
            state_before=state_before,
            state_after=state_after,
        )
        write_record(record, self.workspace.scratch / "run.json")
        shutil.rmtree(self.workspace.scratch / STATE_FOLDER, ignore_errors=True)
        fleet.remove_raw_records()
        self.live_status.remove()
        return record

    def keep(self, error: BaseException, failed: Path) -> str:
        """Keep what the broken run had recorded in the folder `failed`; report where, or why that failed."""
        failed_run = FailedRun(
            sentence=str(error) or type(error).__name__,
            phase=self.phase,
            time=time.time(),
            times=self.times,
            requests=0,
            run=self.run,
        )
        try:
            keep_broken_run(failed_run, self.workspace, self.records, self.sampler, failed)
        except OSError as reason:
            return f"its requests and logs could not be kept: {reason}"
        return f"kept for inspection: {failed}"

    def _enter(self, phase: str) -> None:
        self.phase = phase
        self.progress.enter_phase(phase)
        self.live_status.enter_phase(phase)

    def _apply_load(self, server: Target) -> LocustFleet:
        """Start Locust, and watch the run until the load is over."""
        fleet = LocustFleet(self.run, server.url, self.workspace)
        self.records = fleet.records
        self.times["load_started"] = fleet.started
        self._enter("starting Locust")
        try:
            self._watch_until("workers_connected", server, fleet, START_DEADLINE_S)
            self._watch_until("all_users_running", server, fleet, self.run.load.ramp_up_s + MARGIN_S)
            self._watch_until("window_end", server, fleet, self.run.warm_up + self.run.duration + MARGIN_S)
            self._watch_until("drained", server, fleet, self.run.load.stop_timeout + MARGIN_S)
            codes = fleet.join()
        finally:
            fleet.kill()
        self.times["load_stopped"] = time.time()
        refuse_step(self.clock)
        failed = {name: code for name, code in codes.items() if code != 0}
        if failed and self.run.load.locustfile is None:  # a locustfile may set the exit code to judge the run
            raise GeneratorError(f"Locust ended with exit codes {failed}: {fleet.master.last_words()}")
        return fleet

    def _watch_until(self, awaited: str, server: Target, fleet: LocustFleet, deadline_s: float) -> None:
        """Sample all processes, check that they work, and report progress, until the event `awaited`."""
        deadline = time.monotonic() + deadline_s
        while awaited not in self.times:
            next_sample = time.monotonic() + SAMPLE_INTERVAL_S
            self._note_events(fleet)
            refuse_step(self.clock)
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
            self.progress.update(requests, failures)
            self.live_status.beat(requests, failures, fleet.records, self.sampler.cpus_by_role)
            if "window_end" not in self.times:
                self._refuse_silence(requests, fleet)
                if "all_users_running" in self.times:
                    fleet.check_users()
            if awaited not in self.times:
                self.workspace.stop.sleep(max(0.0, next_sample - time.monotonic()))

    def _note_events(self, fleet: LocustFleet) -> None:
        for event, when in fleet.new_events():
            if event == "worker_missing":
                raise GeneratorError("a Locust worker has stopped reporting to its master")
            self.times[event] = when
            if event in PHASES_BEGUN_BY:
                self._enter(PHASES_BEGUN_BY[event])

    def _refuse_silence(self, requests: int, fleet: LocustFleet) -> None:
        """Raise `MeasureError` if all users have waited too long for any answer."""
        now = time.monotonic()
        if requests != self.last_answer[0] or "all_users_running" not in self.times:
            self.last_answer = (requests, now)
        silent_s = now - self.last_answer[1]
        if silent_s > self.run.load.silence_s:
            raise fleet.explain_silence(requests, silent_s)

    def _refuse_empty_window(self, requests: Path, fleet: LocustFleet) -> None:
        """Raise `MeasureError` if the window holds no successful request."""
        total, succeeded = count_between(requests, *self.window)
        if not total and not self.last_answer[0] and self.run.load.locustfile is not None:
            raise GeneratorError(fleet.explain_no_request())
        if not total:
            raise GeneratorError("no request ended in the window: it is too short for this load; raise duration")
        if not succeeded:
            raise ServerError(f"none of the {total} requests in the window succeeded")
