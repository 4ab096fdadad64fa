"""Keep the figures of recorded runs in one small table, for simulations that need runs as machines make them.

    python -m benchmarks.recorded_runs quiet=CAMPAIGN quiet=CAMPAIGN tests=CAMPAIGN

reads the runs of campaigns and writes them to `benchmarks/data/recorded_runs.csv`, in the place of those of the same
machines. The word before each folder names the column `machine`. `quiet` and `tests` are campaigns of the default suite
on a quiet machine, and while the tests of this project ran; `shared` and `neighbour` are campaigns of
`benchmarks/data/recorded_runs.yaml` beside other work, and beside processes that burn CPU.
"""

import csv
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from loadstone.analyse.bottleneck import judge
from loadstone.compare.model import METRICS, ExperimentResult, RunResult
from loadstone.errors import ResultError
from loadstone.plan.baselines import is_baseline
from loadstone.results.run_record import read_record
from loadstone.results.signals import Signals
from loadstone.suite.verdict import Verdict
from loadstone.summarise.stage import summarise_folder

TABLE = Path(__file__).parent / "data" / "recorded_runs.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRun:
    """A row of the table."""

    machine: str
    """What else ran on the machine, in a word."""
    experiment: str
    started: float
    """Begin of its window, unix seconds."""
    verdict: str
    requests: int
    throughput_rps: float
    mean_ms: float
    p95_ms: float
    p99_ms: float
    others: float
    """Share of the machine that others used, with the kernel's work and steal."""

    def as_result(self, repeat: int, factor: float = 1.0) -> RunResult:
        """Return the run as a comparison takes it, `factor` times as slow."""
        metrics = {name: getattr(self, name) * factor for name in METRICS}
        metrics["throughput_rps"] = self.throughput_rps / factor
        return RunResult(
            repeat=repeat,
            verdict=Verdict(self.verdict),
            reason="",
            metrics=metrics,
            requests=self.requests,
            others=self.others,
        )


def read_table(path: Path = TABLE) -> list[RecordedRun]:
    """Read all rows."""
    with path.open(newline="", encoding="utf-8") as file:
        return [_parse(row) for row in csv.DictReader(file)]


def as_experiment(runs: list[RunResult]) -> ExperimentResult:
    """Put runs together as one experiment of a campaign."""
    return ExperimentResult(runs=tuple(runs), verdict=runs[0].verdict, parties=(), settings={})


def _parse(row: dict[str, str]) -> RecordedRun:
    words = {name: row[name] for name in ("machine", "experiment", "verdict")}
    figures = {
        name: float(row[name]) for name in ("started", "throughput_rps", "mean_ms", "p95_ms", "p99_ms", "others")
    }
    return RecordedRun(**words, **figures, requests=int(row["requests"]))  # type: ignore[arg-type]


def _read_campaign(machine: str, results: Path) -> Iterator[RecordedRun]:
    records = [read_record(path) for path in sorted(results.glob("runs/*/*/run.json"))]
    for record in records:
        if is_baseline(record.run.experiment):
            continue
        folder = results / "runs" / record.run.experiment / str(record.run.repeat)
        try:
            summary = summarise_folder(record, folder)
        except ResultError as error:
            print(f"left out: {error}")
            continue
        signals, row = summary.values["signals"], summary.tables["endpoints"].iloc[0]
        if not isinstance(signals, Signals) or signals.other_cpus is None:
            print(f"left out: {folder}: the other processes' CPU is not known")
            continue
        yield RecordedRun(
            machine=machine,
            experiment=record.run.experiment,
            started=round(record.window[0], 1),
            verdict=judge(signals).verdict,
            requests=int(row["requests"]),
            others=round(signals.other_cpus / (record.cores or 1) + (signals.host_steal or 0.0), 4),
            **{name: float(f"{row[name]:.5g}") for name in METRICS},
        )


def main() -> None:
    """Write the table."""
    runs = [
        run
        for argument in sys.argv[1:]
        for run in _read_campaign(argument.partition("=")[0], Path(argument.partition("=")[2], "results"))
    ]
    replaced = {run.machine for run in runs}
    runs += [run for run in read_table() if run.machine not in replaced]
    with TABLE.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, RecordedRun.__annotations__, lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            asdict(run) for run in sorted(runs, key=lambda run: (run.machine, run.experiment, run.started))
        )
    print(f"{len(runs)} runs: {TABLE}")


if __name__ == "__main__":
    main()
