"""All data of the page, read once."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import pandas as pd

from loadstone.analyse.campaign import load_measured
from loadstone.analyse.experiment_rows import Outcomes, count_failed, in_page_order
from loadstone.analyse.noise import of_campaign
from loadstone.analyse.verdicts import against_baselines
from loadstone.errors import ResultError, TableError
from loadstone.figures.read import read_load_tests
from loadstone.figures.row import LoadTestRow
from loadstone.plan.baselines import is_baseline
from loadstone.plan.schedule import Plan, make_plan
from loadstone.report.searches import CompletedSearch, read_searches
from loadstone.results.bounded import Bounded
from loadstone.results.hypotheses import JudgedHypothesis, read_hypotheses
from loadstone.results.integrity import check_sums
from loadstone.results.looks import Look, read_looks
from loadstone.results.noise import NoiseCheck, read_checks
from loadstone.results.repeats import CampaignRepeats, read_repeats
from loadstone.results.run_record import RunRecord, read_record
from loadstone.results.scaling import SweepResult, read_scaling
from loadstone.results.signals import Signals
from loadstone.results.tables import (
    RunKey,
    read_present_tables,
    read_run_tables,
    without_unshown,
)
from loadstone.results.verdicts import CampaignVerdicts, RunVerdict, read_verdicts
from loadstone.results.window import Window
from loadstone.suite.hypotheses import ALL, ENDPOINTS
from loadstone.suite.published import read_published

MAX_TIMELINES = 150
"""Runs of a campaign up to which the page can draw every run over time."""


@dataclass(frozen=True, slots=True)
class PublishedTable:
    """The published table."""

    figures: dict[str, dict[str, float]]
    """Row → column → figure."""
    rows: list[LoadTestRow]
    """The same rows in the form that the audit takes; none where it refuses the table."""
    refusal: str | None
    """Why the audit refuses the table."""


GET, GET_ONE, POST = (ENDPOINTS[task] for task in ("list_albums", "get_album", "create_album"))
"""The album API's endpoints, as requests are recorded under them."""


@dataclass(frozen=True)
class Campaign:
    """A suite, its runs and their results. Tables begin with the columns experiment and repeat."""

    plan: Plan
    records: list[RunRecord]
    """Of all runs, baselines included."""
    windows: dict[RunKey, Window]
    """Of all runs."""
    signals: dict[RunKey, Signals]
    """Of all runs, with the baselines' figures."""
    summary: pd.DataFrame
    """Without baselines, as the next three. Percentiles that so few requests do not show are NaN."""
    latency: pd.DataFrame
    course: pd.DataFrame
    heat: pd.DataFrame
    """Of long runs."""
    timeline: pd.DataFrame
    """Of all runs, or of the run that stands for each experiment if there are more than `MAX_TIMELINES`; without those
    of earlier versions, which lack it."""
    processes: pd.DataFrame
    """Of all runs."""
    scaling: dict[str, SweepResult]
    verdicts: CampaignVerdicts
    repeats: CampaignRepeats
    hypotheses: tuple[JudgedHypothesis, ...]
    searches: dict[str, CompletedSearch]
    published: PublishedTable | None
    noise: Sequence[NoiseCheck] = ()
    """The checks of the machine before the parts of the campaign that measured these runs."""
    noise_problem: str = ""
    """Why the checks cannot be read, if so."""
    looks: Sequence[Look] = ()
    """In a suite with repeats by need: the looks in order."""

    @cached_property
    def experiments(self) -> list[str]:
        """Names in the order of the page, without baselines.

        Experiments that repeat published rows come first, in the order of that table, then the others by name, then the
        levels of sweeps in their order. Probes follow their experiment.
        """
        return in_page_order(self.plan, self.published.figures if self.published else ())

    @cached_property
    def outcomes(self) -> Outcomes:
        """What the results say of the experiments, as the statements of the first screen take it."""
        return Outcomes(
            plan=self.plan,
            verdicts=self.verdicts,
            repeats=self.repeats,
            hypotheses=self.hypotheses,
            searches={name: searched.result for name, searched in self.searches.items()},
            failed=count_failed(self.summary, self.verdicts.counting),
            published=self.published.figures if self.published else {},
        )

    @cached_property
    def anchors(self) -> dict[str, str]:
        """Experiment → its anchor on the page, which its name makes a lasting address."""
        return {name: f"experiment={name}" for name in self.experiments}

    @cached_property
    def load_started(self) -> dict[RunKey, float]:
        """Run → when its load began, unix seconds."""
        return {(each.run.experiment, each.run.repeat): each.phases.load_started for each in self.records}

    @cached_property
    def judged(self) -> dict[RunKey, RunVerdict]:
        """The verdict of each run, with its evidence."""
        return self.verdicts.by_run

    @cached_property
    def unsound(self) -> frozenset[RunKey]:
        """Runs that are invalid or full of errors."""
        return self.verdicts.unsound

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
        """List the runs that means take in, by repeat."""
        return [key for key in self.runs_of(experiment) if key in self.verdicts.counting]

    @cached_property
    def own_runs(self) -> list[RunKey]:
        """All runs of experiments, in the page's order. Every count of runs on the page is one of these."""
        return [key for name in self.experiments for key in self.runs_of(name)]

    @cached_property
    def together(self) -> pd.DataFrame:
        """The rows of the summary in which all endpoints are together, one per run."""
        return self.summary[self.summary["endpoint"] == ALL]

    @cached_property
    def median_runs(self) -> dict[str, RunKey]:
        """The median run of each experiment in which any request succeeded.

        Percentiles of several runs have no mean that means anything, so an experiment's distribution is that of one
        run: the one whose mean response time is the median of those that count, the lower of the two middle ones.
        """
        rows = zip(self.together["experiment"], self.together["repeat"], self.together["mean_ms"], strict=True)
        means = {(str(name), int(repeat)): float(ms) for name, repeat, ms in rows}
        chosen = {}
        for name in self.experiments:
            known = [key for key in self.used_of(name) if not math.isnan(means.get(key, math.nan))]
            if known:
                chosen[name] = sorted(known, key=lambda key: means[key])[(len(known) - 1) // 2]
        return chosen

    def standing_run(self, experiment: str) -> RunKey:
        """Choose the run that stands for an experiment: its median run, or the first where no request succeeded."""
        return self.median_runs.get(experiment) or self.runs_of(experiment)[0]

    def interval_of(self, experiment: str, metric: str) -> Bounded | None:
        """The mean of a metric over an experiment's runs with its interval; None where it is not known."""
        repeats = self.repeats.experiments.get(experiment)
        return repeats.intervals.get(metric) if repeats else None

    def values_of(self, experiment: str, metric: str) -> Sequence[float]:
        """The runs' own values of a metric, of which `interval_of` is the mean."""
        repeats = self.repeats.experiments.get(experiment)
        return repeats.values.get(metric, ()) if repeats else ()


def load_campaign(plan: Plan, results: Path, published: Path | None) -> Campaign:
    """Read what the earlier stages left in `results`. Raises `ResultError` where a file cannot be read."""
    summaries = results / "summaries"
    check_sums([results])
    measured = load_measured(plan, summaries)
    verdicts, repeats = read_verdicts(results / "verdicts.json"), read_repeats(results / "repeats.json")
    scaling, hypotheses = read_scaling(results / "scaling.json"), read_hypotheses(results / "hypotheses.json")
    _check_plan(plan, results, verdicts, repeats, scaling, hypotheses)
    runs = sorted(plan.runs, key=lambda run: (run.experiment, run.repeat))
    records = [read_record(results / "runs" / run.experiment / str(run.repeat) / "run.json", run) for run in runs]
    noise, noise_problem = _read_noise(results / "noise.json", records)
    campaign = Campaign(
        plan=plan,
        records=records,
        windows=measured.windows,
        signals=against_baselines(plan, measured.signals, measured.summary),
        summary=without_unshown(_own(measured.summary)),
        latency=_own(read_run_tables(plan, summaries, "latency")),
        course=_own(read_run_tables(plan, summaries, "course")),
        heat=_own(read_run_tables(plan, summaries, "heat")),
        timeline=pd.DataFrame(),
        processes=read_run_tables(plan, summaries, "processes"),
        scaling=scaling,
        verdicts=verdicts,
        repeats=repeats,
        hypotheses=hypotheses,
        searches=read_searches(plan, results / "searches"),
        published=None if published is None else read_publication(published),
        noise=noise,
        noise_problem=noise_problem,
        looks=read_looks(results / "looks", make_plan(plan.suite).digest) if plan.rounds else (),
    )
    return replace(campaign, timeline=_read_timelines(campaign, summaries))


def _read_timelines(campaign: Campaign, summaries: Path) -> pd.DataFrame:
    """Read the timelines of the runs that the page draws."""
    every = len(campaign.own_runs) <= MAX_TIMELINES
    wanted = set(campaign.own_runs if every else map(campaign.standing_run, campaign.experiments))
    runs = [run for run in campaign.plan.runs if (run.experiment, run.repeat) in wanted]
    return read_present_tables(runs, summaries, "timeline")


def _read_noise(path: Path, records: Sequence[RunRecord]) -> tuple[Sequence[NoiseCheck], str]:
    """Read the checks of the machine that concern these runs. A file that cannot be used is a phrase on the page."""
    try:
        checks = read_checks(path)
    except ResultError as error:
        return (), str(error)
    return of_campaign(checks, [record.phases.server_started for record in records]), ""


def _check_plan(
    plan: Plan,
    results: Path,
    verdicts: CampaignVerdicts,
    repeats: CampaignRepeats,
    scaling: Mapping[str, SweepResult],
    hypotheses: Sequence[JudgedHypothesis],
) -> None:
    """Raise `ResultError` where results of `analyse` aren't of a plan's runs, sweeps and hypotheses."""
    levels = {name: [level.experiment for level in sweep.levels] for name, sweep in scaling.items()}
    planned = {name: [level.experiment for level in sweep.levels] for name, sweep in plan.suite.sweeps.items()}
    fits = {
        "verdicts.json: its runs": verdicts.by_run.keys() == {(run.experiment, run.repeat) for run in plan.runs},
        "verdicts.json: its experiments": plan.experiments.keys() <= verdicts.experiments.keys(),
        "repeats.json: its experiments": plan.experiments.keys() <= repeats.experiments.keys(),
        "scaling.json: its sweeps": levels == planned,
        "hypotheses.json: its hypotheses": {each.id for each in hypotheses} == plan.suite.hypotheses.keys(),
    }
    for what, as_planned in fits.items():
        if not as_planned:
            raise ResultError(f"{results}/{what} are not those of plan.json")


def read_publication(path: Path) -> PublishedTable:
    """Read a published table, for comparing and for auditing. Raises `TableError` where it cannot be compared."""
    figures = read_published(path)
    try:
        return PublishedTable(figures=figures, rows=read_load_tests(path).rows, refusal=None)
    except TableError as error:
        return PublishedTable(figures=figures, rows=[], refusal=str(error))


def _own(table: pd.DataFrame) -> pd.DataFrame:
    """Leave the baselines out."""
    return table[~table["experiment"].map(is_baseline).astype(bool)]
