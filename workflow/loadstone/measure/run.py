"""Measure one run, from an empty folder to a complete result, or to none.

Each run has its own server, store, ports and seed. The server and Locust are started; once the server has been checked
and all of Locust's workers are set up, users start, and the run goes through ramp-up, warm-up, window and drain. Then
both are stopped and the records are collected. All files are written to a scratch folder, which takes the result's name
as the last step. If the run breaks before that, its requests and logs are kept in another folder, for inspection.

Server and Locust start at the same time for Loadstone's own users, who send nothing before they are let go. A
locustfile of the user's own may send requests when it is loaded: for it, Locust starts after the server was checked.

Modules that take long to import, such as pyarrow, are imported while the processes of the run work.
"""

import contextlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from loadstone.errors import GeneratorError, Interrupted, MeasureError, SystemFault
from loadstone.measure.broken_run import forget_broken_run, keep_broken_run
from loadstone.measure.checkout import BUILDS
from loadstone.measure.guard import Guard
from loadstone.measure.load_generator import LocustFleet
from loadstone.measure.machine import describe_state
from loadstone.measure.machine_lock import hold_machine_lock
from loadstone.measure.progress import RunProgress
from loadstone.measure.stop import StopRequest
from loadstone.measure.target import Target, open_target
from loadstone.measure.target.gunicorn import STATE_FOLDER
from loadstone.measure.watch import RunWatch
from loadstone.measure.workspace import Workspace
from loadstone.plan.schedule import Run
from loadstone.results.failed import FailedRun
from loadstone.results.live import scratch_folder

if TYPE_CHECKING:
    from loadstone.measure.outcome import Origin
    from loadstone.results.run_record import MachineState, RunRecord


def measure(
    run: Run, into: Path, log: Path, failed: Path, base: Path = Path(), *, builds: Path = BUILDS, quiet: bool = False
) -> "RunRecord":
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


class _Measurement:
    """One run while it is measured."""

    def __init__(self, run: Run, workspace: Workspace, progress: RunProgress) -> None:
        self._run = run
        self._workspace = workspace
        self._watch = RunWatch(run, workspace, progress)
        self._records: list[Path] = []
        self._origin: Origin | None = None

    def carry_out(self) -> "RunRecord":
        """Measure, and write all files of the result."""
        state_before = describe_state()
        with contextlib.ExitStack() as ends:
            server = open_target(self._run.server, self._run.load, self._workspace)
            ends.callback(server.kill)
            self._watch.times["server_started"] = server.started
            together = self._run.load.locustfile is None
            fleet = self._start_locust(server, ends) if together else None
            self._watch.enter("starting the server")
            self._watch.times["server_ready"] = server.wait_ready()
            server.preflight()
            albums_before = server.count_albums()
            self._watch.enter("starting Locust")
            fleet = fleet or self._start_locust(server, ends)
            self._watch.follow(server, fleet, self._prepare)
            self._end_locust(fleet)
            return self._conclude(server, fleet, albums_before, state_before)

    def _start_locust(self, server: Target, ends: contextlib.ExitStack) -> LocustFleet:
        fleet = LocustFleet(self._run, server.url, self._workspace)
        ends.callback(fleet.kill)
        self._records = fleet.records
        self._watch.times["load_started"] = fleet.started
        return fleet

    def _prepare(self) -> None:
        from loadstone.measure.outcome import describe_origin

        self._origin = describe_origin(self._run)

    def _end_locust(self, fleet: LocustFleet) -> None:
        """Wait for Locust's end. Raises `MeasureError` if it shows an error."""
        codes = fleet.join()
        self._watch.times["load_stopped"] = time.time()
        self._watch.refuse_clock_step()
        failed = {name: code for name, code in codes.items() if code != 0}
        if failed and self._run.load.locustfile is None:  # a locustfile may set the exit code to judge the run
            raise GeneratorError(f"Locust ended with exit codes {failed}: {fleet.master.last_words()}")

    def _conclude(
        self, server: Target, fleet: LocustFleet, albums_before: int | None, state_before: "MachineState"
    ) -> "RunRecord":
        """Stop the server, and collect the requests while it ends; write the record."""
        from loadstone.measure.outcome import Outcome, describe_origin

        watch, scratch = self._watch, self._workspace.scratch
        albums = albums_before, server.count_albums()
        restarts = server.worker_restarts()
        server.ask_to_stop()
        watch.enter("collecting")
        outcome = Outcome(self._run, server, fleet, scratch / "requests.parquet", watch.window)
        recorded = outcome.collect(any_answer=watch.any_answer)
        watch.sampler.close()
        server_exit = server.stop()
        watch.times["server_stopped"] = time.time()
        record = outcome.write(
            scratch / "run.json",
            recorded=recorded,
            times=watch.times,
            albums=albums,
            restarts=restarts,
            server_exit=server_exit,
            origin=self._origin or describe_origin(self._run),
            state_before=state_before,
        )
        shutil.rmtree(scratch / STATE_FOLDER, ignore_errors=True)
        fleet.remove_raw_records()
        watch.live_status.remove()
        return record

    def keep(self, error: BaseException, failed: Path) -> str:
        """Keep what the broken run had recorded in the folder `failed`; report where, or why that failed."""
        failed_run = FailedRun(
            sentence=str(error) or type(error).__name__,
            phase=self._watch.phase,
            time=time.time(),
            times=self._watch.times,
            requests=0,
            run=self._run,
        )
        try:
            keep_broken_run(failed_run, self._workspace, self._records, self._watch.sampler, failed)
        except OSError as reason:
            return f"its requests and logs could not be kept: {reason}"
        return f"kept for inspection: {failed}"
