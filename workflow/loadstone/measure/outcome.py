"""Assemble a run's outcome when its load is over: all requests in one file, what was counted, and the record.

This module imports pyarrow, which takes a while. It is therefore imported during the run, outside the window.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from loadstone.errors import GeneratorError, ServerError
from loadstone.measure.album_count import count_albums
from loadstone.measure.collect_requests import collect_requests, count_between, read_locust_count
from loadstone.measure.load_generator import LocustFleet
from loadstone.measure.machine import describe_machine, describe_source, describe_state
from loadstone.measure.target import Target
from loadstone.measure.validity import check_validity
from loadstone.plan.schedule import Run
from loadstone.results.run_record import (
    Commands,
    Machine,
    MachineState,
    Phases,
    RequestCounts,
    RunRecord,
    Source,
    write_record,
)
from loadstone.suite.foreign_servers import ExternalServer
from loadstone.suite.urls import is_loopback


@dataclass(frozen=True, slots=True)
class Origin:
    """What measures."""

    source: Source
    machine: Machine


def describe_origin(run: Run) -> Origin:
    """Describe the code and the computer that measure, and the link to a server on another machine."""
    host = run.server.host if isinstance(run.server, ExternalServer) else "localhost"
    return Origin(describe_source(), describe_machine(None if is_loopback(host) else host))


@dataclass(frozen=True, slots=True)
class Outcome:
    """A run whose requests have all finished. The server is asked to stop, and ends while requests are collected."""

    run: Run
    server: Target
    fleet: LocustFleet
    requests: Path
    """File for the collected requests."""
    window: tuple[float, float]
    """Unix seconds."""

    def collect(self, *, any_answer: bool) -> int:
        """Collect all requests in one file; return their number.

        `any_answer` says whether any request has ended. Raises `MeasureError` if the window has no successful request.
        """
        recorded = collect_requests(self.fleet.records, self.requests, self.run.load.group)
        total, succeeded = count_between(self.requests, *self.window)
        if not total and not any_answer and self.run.load.locustfile is not None:
            raise GeneratorError(self.fleet.explain_no_request())
        if not total:
            raise GeneratorError("no request ended in the window: it is too short for this load; raise duration")
        if not succeeded:
            raise ServerError(f"none of the {total} requests in the window succeeded")
        return recorded

    def write(
        self,
        path: Path,
        *,
        recorded: int,
        times: Mapping[str, float],
        albums: tuple[int | None, int | None],
        restarts: list[float] | None,
        server_exit: int | None,
        origin: Origin,
        state_before: MachineState,
    ) -> RunRecord:
        """Write the record, once the server has ended; return it.

        `times` are those of `Phases`, `albums` the server's counts before and after the load.
        """
        server, fleet, totals = self.server, self.fleet, self.fleet.totals()
        counts = RequestCounts(
            recorded=recorded,
            locust=read_locust_count(Path(f"{fleet.csv_prefix}_stats.csv")),
            server=server.answered_requests(),
            ignored=totals.ignored,
            exceptions=totals.exceptions,
            untimed=totals.untimed,
        )
        counted = count_albums(self.requests, albums, server.max_albums, self.window)
        codes = fleet.join()
        failed = {name: code for name, code in codes.items() if code}
        record = RunRecord(
            run=self.run,
            commands=Commands(
                server=server.command,
                load_master=fleet.master.shown,
                load_workers=[worker.shown for worker in fleet.workers],
            ),
            phases=Phases(**times),
            albums=counted,
            counts=counts,
            exit_codes=({} if server.command is None else {"server": server_exit}) | codes,
            checks=check_validity(counts, counted, restarts, self.window, failed),
            user_counts=fleet.user_counts(),
            load_files=fleet.digests,
            load_versions=fleet.versions,
            source=origin.source,
            machine=origin.machine,
            state_before=state_before,
            state_after=describe_state(),
        )
        write_record(record, path)
        return record
