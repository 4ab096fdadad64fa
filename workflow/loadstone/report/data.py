"""Everything that the page is made of, read once."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from loadstone.analyse.campaign import load_measured
from loadstone.analyse.verdicts import against_baselines, unsound
from loadstone.errors import ResultError, TableError
from loadstone.plan.baselines import is_baseline, probe_name
from loadstone.plan.schedule import Plan
from loadstone.report.searches import Searched, read_searches
from loadstone.results.analysed import read_result
from loadstone.results.integrity import check_sums
from loadstone.results.run_record import RunRecord, read_record
from loadstone.results.signals import Signals
from loadstone.results.tables import RunKey, read_run_tables
from loadstone.results.window import Window
from loadstone.suite.load_test_table import LoadTestRow, read_load_test_table
from loadstone.suite.published import read_published


@dataclass(frozen=True, slots=True)
class PublishedTable:
    """What somebody else published."""

    figures: dict[str, dict[str, float]]
    """Row → column → figure."""
    rows: list[LoadTestRow]
    """The same rows as the audit takes them; none where it refuses the table."""
    refusal: str | None
    """Why the audit refuses the table."""


@dataclass(frozen=True)
class Campaign:
    """A suite, its runs, and all that was made of them. Tables lead with the columns experiment and repeat."""

    plan: Plan
    records: list[RunRecord]
    """Of all runs, those of baselines too."""
    windows: dict[RunKey, Window]
    """Of all runs."""
    signals: dict[RunKey, Signals]
    """Of all runs, with the baselines' figures."""
    summary: pd.DataFrame
    """Without baselines, as the next three."""
    latency: pd.DataFrame
    course: pd.DataFrame
    heat: pd.DataFrame
    """Of long runs."""
    processes: pd.DataFrame
    """Of all runs."""
    scaling: dict[str, Any]
    verdicts: dict[str, Any]
    repeats: dict[str, Any]
    hypotheses: list[dict[str, Any]]
    searches: dict[str, Searched]
    published: PublishedTable | None

    @cached_property
    def experiments(self) -> list[str]:
        """Names in the order of the page, without baselines.

        First those that repeat published rows, in the order of that table, then the others by name, then the sweeps'
        levels in their order. A probe follows what it probes.
        """
        suite = self.plan.suite
        place = {row: number for number, row in enumerate(self.published.figures)} if self.published else {}
        rows = suite.published.rows if suite.published else {}
        repeating = sorted(rows, key=lambda name: (place.get(rows[name], len(place)), name))
        levels = [level.experiment for sweep in suite.sweeps.values() for level in sweep.levels]
        rest = [name for name in suite.experiments if name not in levels]
        names = dict.fromkeys([*repeating, *rest, *levels])
        return [each for name in names for each in (name, probe_name(name)) if each in self.plan.experiments]

    @cached_property
    def judged(self) -> dict[RunKey, Mapping[str, Any]]:
        """The verdict of each run, with its evidence."""
        return {(run["experiment"], run["repeat"]): run for run in self.verdicts["runs"]}

    @cached_property
    def unsound(self) -> frozenset[RunKey]:
        """Runs that are invalid or full of errors."""
        return unsound(self.verdicts)

    @cached_property
    def _runs(self) -> dict[str, list[RunKey]]:
        found: dict[str, list[RunKey]] = {}
        for key in sorted(self.signals):
            found.setdefault(key[0], []).append(key)
        return found

    def runs_of(self, experiment: str) -> list[RunKey]:
        """List the runs of an experiment or baseline, by repeat."""
        return self._runs.get(experiment, [])

    def used_of(self, experiment: str) -> list[RunKey]:
        """List the runs that means are taken of: the sound ones, or all where none is, as the analysis does it."""
        runs = self.runs_of(experiment)
        return [key for key in runs if key not in self.unsound] or runs


def load_campaign(plan: Plan, results: Path, published: Path | None) -> Campaign:
    """Read what the earlier stages left in `results`. Raises `ResultError` where something can't be read."""
    summaries = results / "summaries"
    check_sums([results])
    measured = load_measured(plan, summaries)
    analysed = {
        name: read_result(results / f"{name}.json") for name in ("verdicts", "repeats", "scaling", "hypotheses")
    }
    _check_plan(plan, results, analysed)
    runs = sorted(plan.runs, key=lambda run: (run.experiment, run.repeat))
    return Campaign(
        plan=plan,
        records=[read_record(results / "runs" / run.experiment / str(run.repeat) / "run.json", run) for run in runs],
        windows=measured.windows,
        signals=against_baselines(plan, measured.signals),
        summary=_own(measured.summary),
        latency=_own(read_run_tables(plan, summaries, "latency")),
        course=_own(read_run_tables(plan, summaries, "course")),
        heat=_own(read_run_tables(plan, summaries, "heat")),
        processes=read_run_tables(plan, summaries, "processes"),
        **analysed,
        searches=read_searches(plan, results / "searches"),
        published=None if published is None else read_publication(published),
    )


def _check_plan(plan: Plan, results: Path, analysed: Mapping[str, Any]) -> None:
    """Raise `ResultError` where results of `analyse` aren't of a plan's runs, sweeps and hypotheses."""
    judged, sweeps = analysed["verdicts"], analysed["scaling"].items()
    runs = {(run["experiment"], run["repeat"]) for run in judged["runs"]}
    levels = {name: [level["experiment"] for level in sweep["levels"]] for name, sweep in sweeps}
    planned = {name: [level.experiment for level in sweep.levels] for name, sweep in plan.suite.sweeps.items()}
    fits = {
        "verdicts.json: its runs": runs == {(run.experiment, run.repeat) for run in plan.runs},
        "verdicts.json: its experiments": plan.experiments.keys() <= judged["experiments"].keys(),
        "repeats.json: its experiments": plan.experiments.keys() <= analysed["repeats"]["experiments"].keys(),
        "scaling.json: its sweeps": levels == planned,
        "hypotheses.json: its hypotheses": {each["id"] for each in analysed["hypotheses"]}
        == plan.suite.hypotheses.keys(),
    }
    for what, as_planned in fits.items():
        if not as_planned:
            raise ResultError(f"{results}/{what} aren't those of plan.json")


def read_publication(path: Path) -> PublishedTable:
    """Read a published table, for comparing and for auditing. Raises `TableError` where it can't even be compared."""
    figures = read_published(path)
    try:
        return PublishedTable(figures=figures, rows=read_load_test_table(path, None), refusal=None)
    except TableError as error:
        return PublishedTable(figures=figures, rows=[], refusal=str(error))


def _own(table: pd.DataFrame) -> pd.DataFrame:
    """Leave the baselines out."""
    return table[~table["experiment"].map(is_baseline).astype(bool)]
