"""Measure and judge one case, by the stages that the workflow runs: plan, measure, summarise, analyse."""

import contextlib
import json
import shutil
import subprocess
import sys
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.processes import free_port, wait_for_port
from benchmarks.trials.case import BEHIND, ROOT, Case, Half, Setup
from loadstone.analyse.campaign import load_measured
from loadstone.analyse.verdicts import against_baselines, judge_campaign
from loadstone.files import write_text
from loadstone.measure.run import measure
from loadstone.plan.baselines import is_baseline
from loadstone.plan.schedule import Plan, Run, make_plan
from loadstone.results.run_record import read_record
from loadstone.results.signals import Signals
from loadstone.results.verdicts import RunVerdict
from loadstone.suite.load import load_suite
from loadstone.summarise.stage import summarise_folder

NEIGHBOUR_SHARE = 0.6
"""Share of all CPUs that the busy neighbour uses: 1.2 of two."""
LATE_SHARE = 3
"""The neighbour of one in three cases begins in mid-window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """How long a case is measured."""

    window: str = "8s"
    warm_up: str = "2s"
    mid_window_s: float = 7.5
    """From a run's start to about the middle of its window, seconds."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A case's verdict, and what it rests on."""

    run: RunVerdict
    signals: Signals


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A folder in which cases are measured, all next to a busy neighbour or none."""

    folder: Path
    neighbour: bool = False
    lengths: Lengths = Lengths()
    baselines: bool = True
    """Whether to measure the response time of one user, and the load generator's ceiling."""

    def measure(self, case: Case, half: Half) -> Judged:
        """Measure what is missing of a case, and judge it.

        Cases with the same baselines share them. Raises `MeasureError` if a run breaks.
        """
        setup = case.setup(half)
        with _behind(setup) as port:
            plan = self._plan(case, half, port)
            for run in plan.runs:
                if not (is_baseline(run.experiment) and (self._tables(run) / "signals.json").exists()):
                    self._measure(run, case)
        return self.judge(case, half)

    def judge(self, case: Case, half: Half) -> Judged:
        """Judge a case that has been measured. Raises `ResultError` if that is missing."""
        path = self._file("plans", case, half, "json")
        plan = Plan.model_validate_json(path.read_bytes())
        measured = load_measured(plan, self.folder / "tables")
        signals = against_baselines(plan, measured.signals, measured.summary)
        run = (name_of(case, half), 1)
        return Judged(judge_campaign(plan, signals).by_run[run], signals[run])

    def summarise_again(self, case: Case, half: Half) -> None:
        """Summarise the runs of a case again from their samples."""
        plan = Plan.model_validate_json(self._file("plans", case, half, "json").read_bytes())
        for run in plan.runs:
            summarise(self._run(run), self._tables(run))

    def has(self, case: Case, half: Half) -> bool:
        """Whether the case has been measured here."""
        return (self.folder / "tables" / name_of(case, half) / "1" / "signals.json").exists()

    def _plan(self, case: Case, half: Half, port: int | None) -> Plan:
        suite = self._file("suites", case, half, "yaml")
        suite.parent.mkdir(parents=True, exist_ok=True)
        write_text(suite, json.dumps(self._suite(case, half, port), indent=1))
        plan = make_plan(load_suite(suite))
        path = self._file("plans", case, half, "json")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, plan.model_dump_json())
        return plan

    def _suite(self, case: Case, half: Half, port: int | None) -> dict[str, Any]:
        setup, lengths = case.setup(half), self.lengths
        places = {BEHIND: str(port), "{folder}": str(self.folder)}
        return {
            "baselines": self.baselines,
            "defaults": {"duration": lengths.window, "warm_up": lengths.warm_up, "repeats": 1},
            "experiments": {name_of(case, half): {"server": _filled(setup.server, places), "load": setup.load}},
        }

    def _measure(self, run: Run, case: Case) -> None:
        into, log = self._run(run), self.folder / "logs" / f"{run.experiment}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with self._next_to_neighbour(run, case):
            measure(run, into, log, self.folder / "failed" / run.experiment, quiet=True)
        summarise(into, self._tables(run))

    def _next_to_neighbour(self, run: Run, case: Case) -> contextlib.AbstractContextManager[None]:
        late = zlib.crc32(case.name.encode()) % LATE_SHARE == 0
        if not self.neighbour or (late and is_baseline(run.experiment)):
            return contextlib.nullcontext()
        after = self.lengths.mid_window_s if late else 0.0
        return running("neighbour", "--share", str(NEIGHBOUR_SHARE), "--after-s", str(after))

    def _run(self, run: Run) -> Path:
        return self.folder / "runs" / run.experiment / "1"

    def _tables(self, run: Run) -> Path:
        return self.folder / "tables" / run.experiment / "1"

    def _file(self, folder: str, case: Case, half: Half, ending: str) -> Path:
        return self.folder / folder / f"{name_of(case, half)}.{ending}"


def name_of(case: Case, half: Half) -> str:
    """Name the experiment of a case."""
    return f"{case.name}-{half}"


def summarise(run: Path, into: Path) -> None:
    """Summarise one run."""
    shutil.rmtree(into, ignore_errors=True)
    summarise_folder(read_record(run / "run.json"), run).write(into)


@contextlib.contextmanager
def running(module: str, *words: str) -> Iterator[None]:
    """Run a process beside the server for the length of a block. Ctrl-C reaches this process only."""
    command = [sys.executable, "-m", f"benchmarks.limited.{module}", *words]
    process = subprocess.Popen(command, cwd=ROOT, process_group=0)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def _behind(setup: Setup) -> Iterator[int | None]:
    """Run the server behind the server, if there is one; its port is the value."""
    if setup.behind is None:
        yield None
        return
    port = free_port()
    with running("downstream", "--port", str(port), *setup.behind):
        wait_for_port(port)
        yield port


def _filled(value: Any, places: Mapping[str, str]) -> Any:
    """Replace placeholders in words."""
    if isinstance(value, str):
        return places.get(value, value)
    if isinstance(value, list):
        return [_filled(each, places) for each in value]
    return {key: _filled(each, places) for key, each in value.items()} if isinstance(value, dict) else value
