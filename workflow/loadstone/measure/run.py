"""One run, from an empty folder to a complete result, or to none.

Fresh server, fresh store, own ports, own seed: start gunicorn and wait until it is ready, check what it answers, start
Locust, ramp up, warm up, window, drain, stop, collect. Everything happens in a scratch folder that takes the result's
name as the last step; of what breaks before that, the requests and logs are kept for inspection, elsewhere.
"""

import contextlib
import math
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from loadstone.errors import GeneratorError, Interrupted, MeasureError, ServerError, SystemFault
from loadstone.measure.checks import judge
from loadstone.measure.clock import ClockWatch, read_clocks, refuse_step
from loadstone.measure.collect import collect_requests, count_between, ended, locust_count
from loadstone.measure.failure import Failure, forget_failure, keep_failure
from loadstone.measure.generator import IN_FLIGHT_DEADLINE_S, LocustFleet
from loadstone.measure.guard import Guard
from loadstone.measure.lock import only_measurement
from loadstone.measure.machine import describe_machine, describe_source, describe_state
from loadstone.measure.probes import SAMPLE_INTERVAL_S, Sampler
from loadstone.measure.processes import StopRequest
from loadstone.measure.progress import Reporter
from loadstone.measure.status import StatusFile
from loadstone.measure.target import Target, open_target
from loadstone.plan.schedule import Run
from loadstone.results.run_record import AlbumCounts, Commands, Phases, RequestCounts, RunRecord, write_record

START_DEADLINE_S = 45.0
"""Seconds for Locust's processes to start and connect (the conductor itself gives up after 30)."""
RAMP_MARGIN_S = 30.0
"""Seconds beyond the configured ramp-up before users that are still missing break the run."""
SILENCE_DEADLINE_S = 15.0
"""Seconds beyond the longest think time without a single answer before the server counts as dead."""

POST = "POST /albums"
"""Endpoint that makes the store grow."""

PHASE_TEXTS = {
    "workers_connected": "ramp-up",
    "all_users_running": "warm-up",
    "window_begin": "window",
    "window_end": "drain",
}


def measure(run: Run, into: Path, log: Path, failed: Path) -> RunRecord:
    """Measure `run` and leave its files in the folder `into`, all of them or none.

    Progress goes to standard error and `log`. Raises `MeasureError` where the run breaks; what it had recorded is then
    in the folder `failed`, unless somebody stopped it.
    """
    with (
        Reporter(run, log) as reporter,
        StopRequest(run.label) as stop,
        only_measurement(run.label, stop, reporter.waiting) as lock,
        _scratch_folder(into) as scratch,
        Guard(scratch, lock) as guard,
    ):
        logs = scratch / "logs"
        logs.mkdir()
        measurement = _Measurement(run, scratch, logs, guard, stop, reporter)
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
    forget_failure(failed)
    return record


@contextlib.contextmanager
def _scratch_folder(into: Path) -> Iterator[Path]:
    """Make a folder beside `into`, on the same file system; unless it has become the result, remove all traces."""
    scratch = into.with_name(f".{into.name}.measuring-{os.getpid()}")
    scratch.mkdir(parents=True)
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        for empty in (into, into.parent):  # Snakemake makes them beforehand
            with contextlib.suppress(OSError):
                empty.rmdir()


@dataclass(slots=True)
class _Measurement:
    """The state of one run while it is measured."""

    run: Run
    scratch: Path
    logs: Path
    guard: Guard
    stop: StopRequest
    reporter: Reporter
    phase: str = "starting"
    times: dict[str, float] = field(default_factory=dict)
    records: list[Path] = field(default_factory=list)
    """The recorders' files, one a Locust worker."""
    answered: tuple[int, float] = (0, 0.0)
    """Requests so far, and when (monotonic seconds) there was last a new one."""
    clock: ClockWatch = field(default_factory=lambda: ClockWatch(read_clocks()))
    sampler: Sampler = field(init=False)
    status: StatusFile = field(init=False)

    def __post_init__(self) -> None:
        self.sampler = Sampler(self.scratch / "processes.parquet")
        self.status = StatusFile(self.run, self.scratch, self.times)

    def carry_out(self) -> RunRecord:
        state_before = describe_state()
        server = open_target(self.run.server, self.scratch, self.logs, self.guard, self.stop)
        self.times["server_started"] = server.started
        try:
            self._enter("starting the server")
            self.times["server_ready"] = server.wait_ready()
            server.preflight(self.run.load.mix)
            albums_before = server.albums()
            fleet = self._apply_load(server)
            albums_after = server.albums()
            restarts = server.restarts()
        except BaseException:
            server.kill()
            raise
        server_exit = server.stop()
        self.times["server_stopped"] = time.time()
        state_after = describe_state()

        self._enter("collecting")
        requests = self.scratch / "requests.parquet"
        recorded = collect_requests(fleet.records, requests)
        counts = RequestCounts(
            recorded=recorded, locust=locust_count(Path(f"{fleet.csv_prefix}_stats.csv")), server=server.answered()
        )
        self._refuse_emptiness(requests)
        albums = self._count_albums(requests, albums_before, albums_after, server.most_albums)
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
            checks=judge(counts, albums, restarts, (self.times["window_begin"], self.times["window_end"])),
            source=describe_source(),
            machine=describe_machine(),
            state_before=state_before,
            state_after=state_after,
        )
        write_record(record, self.scratch / "run.json")
        self._tidy(fleet)
        return record

    def keep(self, error: BaseException, failed: Path) -> str:
        """Keep what the broken run had recorded in the folder `failed`; say where, or why not."""
        failure = Failure(
            sentence=str(error) or type(error).__name__,
            phase=self.phase,
            time=time.time(),
            times=self.times,
            requests=0,
            run=self.run,
        )
        try:
            keep_failure(failure, self.scratch, self.records, self.sampler, failed)
        except OSError as reason:
            return f"nothing of it could be kept: {reason}"
        return f"kept for inspection: {failed}"

    def _enter(self, phase: str) -> None:
        """Tell that a phase has begun."""
        self.phase = phase
        self.reporter.phase(phase)
        self.status.phase(phase)

    def _apply_load(self, server: Target) -> LocustFleet:
        """Start Locust and attend to the run until the load is over."""
        fleet = LocustFleet(self.run, server.url, self.scratch, self.logs, self.guard)
        self.records = fleet.records
        self.times["load_started"] = fleet.started
        self._enter("starting Locust")
        try:
            ramp = self.run.load.ramp_up_s + RAMP_MARGIN_S
            load = self.run.warm_up + self.run.duration
            self._attend(server, fleet, "workers_connected", START_DEADLINE_S)
            self._attend(server, fleet, "all_users_running", ramp)
            self._attend(server, fleet, "window_end", load + RAMP_MARGIN_S)
            self._attend(server, fleet, "drained", IN_FLIGHT_DEADLINE_S + RAMP_MARGIN_S)
            codes = fleet.join()
        finally:
            fleet.kill()
        self.times["load_stopped"] = time.time()
        refuse_step(self.clock)
        if broken := {name: code for name, code in codes.items() if code != 0}:
            raise GeneratorError(f"Locust ended with exit codes {broken}: {fleet.master.last_words()}")
        return fleet

    def _attend(self, server: Target, fleet: LocustFleet, awaited: str, deadline_s: float) -> None:
        """Sample, report and look after all processes until the event `awaited`."""
        deadline = time.monotonic() + deadline_s
        while awaited not in self.times:
            next_sample = time.monotonic() + SAMPLE_INTERVAL_S
            for event, when in fleet.events():
                if event == "worker_missing":
                    raise GeneratorError("a Locust worker has stopped reporting to its master")
                self.times[event] = when
                if event in PHASE_TEXTS:
                    self._enter(PHASE_TEXTS[event])
            refuse_step(self.clock)
            server.check_alive()
            if "window_end" not in self.times:
                fleet.check_alive()
            if "workers_connected" in self.times:
                fleet.check_beat()
            if time.monotonic() > deadline:
                raise MeasureError(f"no «{awaited.replace('_', ' ')}» within {deadline_s:.0f} s")
            self.sampler.sample(_roles(server, fleet))
            requests, failures = fleet.totals()
            self.reporter.figures(requests, failures)
            self.status.beat(requests, failures, fleet.records, self.sampler.busy)
            if "window_end" not in self.times:
                self._refuse_silence(requests)
            if awaited not in self.times:
                self.stop.sleep(max(0.0, next_sample - time.monotonic()))

    def _refuse_silence(self, requests: int) -> None:
        """Raise `ServerError` when users have waited too long for any answer at all."""
        now = time.monotonic()
        if requests != self.answered[0] or "all_users_running" not in self.times:
            self.answered = (requests, now)
        silent_s = now - self.answered[1]
        if silent_s > SILENCE_DEADLINE_S + self.run.load.longest_wait_s:
            raise ServerError(f"no answer to any request for {silent_s:.0f} s")

    def _refuse_emptiness(self, requests: Path) -> None:
        """Raise where the window holds nothing to sum up."""
        begin, end = self.times["window_begin"], self.times["window_end"]
        total, succeeded = count_between(requests, begin, end)
        if not total:
            raise GeneratorError("no request ended in the window: it is too short for this load")
        if not succeeded:
            raise ServerError(f"none of the {total} requests in the window succeeded")

    def _count_albums(
        self, requests: Path, before: int | None, after: int | None, most: float | None
    ) -> AlbumCounts | None:
        """Tell the albums at the window's ends from the posts that had succeeded by then: asking would be load.

        Where nobody knows the bound on the store, it is what the store holds in the end.
        """
        if before is None or after is None:
            return None
        most = after if most is None else most
        ends = [self.times["window_begin"], self.times["window_end"], math.inf]
        begin, end, last = (int(min(before + ended(requests, POST, when), most)) for when in ends)
        return AlbumCounts(before=before, window_begin=begin, window_end=end, after=after, expected_after=last)

    def _tidy(self, fleet: LocustFleet) -> None:
        """Leave in the folder what belongs to the result."""
        shutil.rmtree(self.scratch / "server-state", ignore_errors=True)
        (self.scratch / "timeline.jsonl").unlink()
        for path in fleet.records:
            path.unlink(missing_ok=True)
            path.with_name(path.name + ".totals").unlink(missing_ok=True)
        self.status.remove()


def _roles(server: Target, fleet: LocustFleet) -> Iterator[tuple[str, int]]:
    yield from server.roles()
    yield "load-master", fleet.master.pid
    yield from (("load-worker", worker.pid) for worker in fleet.workers)
