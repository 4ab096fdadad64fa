"""The stage `summarise`: turn one run's requests and samples into small tables of its window."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from loadstone.errors import SystemFault
from loadstone.files import replacing, write_text
from loadstone.results.integrity import check_run, write_sums
from loadstone.results.run_record import RunRecord
from loadstone.results.signals import Plateau, Signals
from loadstone.results.window import Window
from loadstone.summarise.groups import Observed, RunFiles, observe
from loadstone.summarise.processes import read_samples, summarise_samples
from loadstone.summarise.requests import add_up_requests, summarise_requests
from loadstone.summarise.signals import gather_signals
from loadstone.summarise.starts import Starts
from loadstone.summarise.timeline import make_timeline
from loadstone.summarise.user_cycle import Cycle, measure_cycles
from loadstone.summarise.users import Stretch, find_plateaus, range_of_users, users_over_time
from loadstone.summarise.window import find_window


@dataclass(frozen=True, slots=True)
class Summary:
    """The summary of a run; each part becomes a file."""

    tables: Mapping[str, pd.DataFrame]
    """Name of a CSV file, without its ending → its content."""
    values: Mapping[str, Window | Signals]
    """Name of a JSON file, without its ending → its content."""
    starts: Starts
    """The intended starts of an open or paced load."""
    window: tuple[float, float]
    """Unix seconds."""

    def write(self, into: Path) -> None:
        """Write all files, each whole or not at all, with checksums. Raises `SystemFault` if the system refuses."""
        with SystemFault.at(into):
            into.mkdir(parents=True, exist_ok=True)
            for name, table in self.tables.items():
                with replacing(into / f"{name}.csv") as new:
                    table.to_csv(new, index=False)
            for name, values in self.values.items():
                write_text(into / f"{name}.json", values.model_dump_json(indent=1) + "\n")
            write_sums(into, [*(f"{name}.csv" for name in self.tables), *(f"{name}.json" for name in self.values)])


def _measure_plateaus(
    record: RunRecord,
    found: Sequence[Stretch],
    cycles: Sequence[Cycle],
    observed: Sequence[Observed],
    requests: Path,
    samples: pd.DataFrame,
) -> Iterator[Plateau]:
    """Measure each plateau as if it were the window."""
    began = record.phases.load_started
    spans = [(each.begin, each.end) for each in found]
    together = add_up_requests(requests, spans) if spans else []
    for plateau, cycle, seen, endpoints in zip(found, cycles, observed, together, strict=True):
        of_processes = summarise_samples(samples, seen.window)
        groups = seen.signals(record, samples, of_processes, cycle, plateau.users)
        signals = gather_signals(record, cycle, endpoints, of_processes, None, [plateau], groups=groups)
        alone = signals.model_copy(update={"fewest_users": None, "most_users": None})
        yield Plateau(begin_s=plateau.begin - began, end_s=plateau.end - began, signals=alone)


def summarise_run(
    record: RunRecord, requests: Path, processes: Path, threads: Path | None = None, sockets: Path | None = None
) -> Summary:
    """Summarise the run of `record`; without samples of threads and sockets, their signals are missing.

    Raises `DamagedError` if one of its files is damaged, or of another run.
    """
    check_run(record, requests, processes, threads, sockets)
    files = RunFiles(requests, processes, threads, sockets)
    window = find_window(requests, record)
    of_requests = summarise_requests(requests, window.span, record.phases.load_started)
    samples = read_samples(processes)
    of_processes = summarise_samples(samples, window.span)
    running = users_over_time(record, *window.span)
    plateaus = find_plateaus(running) if record.run.load.shape == "follow" else []
    spans = [window.span, *((each.begin, each.end) for each in plateaus)]
    cycle, *cycles = measure_cycles(requests, spans)
    observed, *of_plateaus = observe(files, spans, of_requests.latency)
    groups = observed.signals(record, samples, of_processes, cycle, _constant_users(record, running))
    groups["rate_steady"] = window.rate_settled
    signals = gather_signals(
        record, cycle, of_requests.endpoints, of_processes, window.settled, running, of_requests.starts, groups
    )
    if record.run.load.shape == "follow":
        measured = _measure_plateaus(record, plateaus, cycles, of_plateaus, requests, samples)
        signals = signals.model_copy(update={"plateaus": tuple(measured)})
    return Summary(
        tables={
            "endpoints": of_requests.endpoints,
            "latency": of_requests.latency,
            "course": of_requests.course,
            "heat": of_requests.heat,
            "processes": of_processes,
            "timeline": make_timeline(record, requests, samples),
        },
        values={"window": window, "signals": signals},
        starts=of_requests.starts,
        window=window.span,
    )


def summarise_folder(record: RunRecord, folder: Path) -> Summary:
    """Summarise the run of `record`, whose files are in a folder. Raises `DamagedError` like `summarise_run`."""
    files = RunFiles.in_folder(folder)
    return summarise_run(record, files.requests, files.processes, files.threads, files.sockets)


def _constant_users(record: RunRecord, running: Sequence[Stretch]) -> int | None:
    """Return the number of users if it is what the suite asks for, and all of them ran all the time."""
    wanted = record.run.load.users
    return wanted if not running or range_of_users(running) == (wanted, wanted) else None
