"""One row per experiment, for the terminal and the page: throughput, response times, failures, and what limited it."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from loadstone.plan.probes import Probe, probe_name, probed_experiment
from loadstone.plan.schedule import Plan
from loadstone.results.hypotheses import JudgedHypothesis
from loadstone.results.repeats import CampaignRepeats
from loadstone.results.search import SearchResult
from loadstone.results.tables import RunKey
from loadstone.results.verdicts import CampaignVerdicts, ExperimentVerdict
from loadstone.suite.hypotheses import ALL, Hypothesis
from loadstone.suite.verdict import Verdict

if TYPE_CHECKING:
    import pandas as pd

Figures = Mapping[str, Mapping[str, float]]
"""Row of a published table → column → figure."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The requests of the runs that count."""

    failures: float
    requests: float

    @property
    def share(self) -> float | None:
        """Share of the requests that failed; None without requests."""
        return self.failures / self.requests if self.requests else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """What the results of a campaign say of its experiments."""

    plan: Plan
    verdicts: CampaignVerdicts
    repeats: CampaignRepeats
    hypotheses: Sequence[JudgedHypothesis] = ()
    searches: Mapping[str, SearchResult] = field(default_factory=dict)
    failed: Mapping[str, Failed] = field(default_factory=dict)
    """Experiment → the requests of its runs that count."""
    published: Figures = field(default_factory=dict)

    def mean_of(self, experiment: str, metric: str) -> float | None:
        """Return the mean of a metric over the runs that count; None where it is unknown."""
        repeats = self.repeats.experiments.get(experiment)
        found = repeats.intervals.get(metric) if repeats else None
        return found.value if found else None

    @property
    def names(self) -> list[str]:
        """The experiments and probes, in the page's order."""
        return in_page_order(self.plan, self.published)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentRow:
    """One experiment. Figures are means over the runs that count; None where they are unknown."""

    name: str
    throughput: float | None
    """Requests/s."""
    p50_ms: float | None
    p95_ms: float | None
    failed: float | None
    """Share of the requests that failed."""
    limit: str
    """What limited it, in the words of the verdicts."""
    is_sound: bool
    """Whether its figures can be used."""


def in_page_order(plan: Plan, published: Collection[str] = ()) -> list[str]:
    """Name the experiments and probes of a plan in the order of the page.

    Experiments that repeat published rows come first, in the order of that table, then the others by name, then the
    levels of sweeps in their order. Probes follow their experiment.
    """
    suite = plan.suite
    place = {row: number for number, row in enumerate(published)}
    rows = suite.published.rows if suite.published else {}
    repeating = sorted(rows, key=lambda name: (place.get(rows[name], len(place)), name))
    levels = [level.experiment for sweep in suite.sweeps.values() for level in sweep.levels]
    rest = [name for name in suite.experiments if name not in levels]
    names = dict.fromkeys([*repeating, *rest, *levels])
    probes = {name: [probe_name(name, probe) for probe in Probe] for name in names}
    return [each for name in names for each in (name, *probes[name]) if each in plan.experiments]


def limited_by(agreed: ExperimentVerdict) -> str:
    """Name what limited an experiment: its verdict, or the limits that were reached at the same time."""
    several = agreed.verdict == Verdict.MIXED and agreed.parties
    return " + ".join(agreed.parties) if several else str(agreed.verdict)


def limit_phrase(verdict: Verdict, parties: Sequence[Verdict] = ()) -> str:
    """Write a verdict as the end of a sentence: limited by users' pauses; no clear limit; too many failures."""
    if verdict == Verdict.MIXED and parties:
        return f"limited by {' and '.join(parties)}"
    return f"limited by {verdict}" if verdict.names_a_party else str(verdict)


def share_failed(share: float | None) -> str:
    """Write a share of failures in at most seven characters: 0 %, < 0.1 %, 2.5 %."""
    if share is None:
        return "–"
    if share == 0:
        return "0 %"
    return f"{100 * share:.1f} %" if share >= 0.001 else "< 0.1 %"


def count_failed(summary: "pd.DataFrame", counting: Collection[RunKey]) -> dict[str, Failed]:
    """Add up the requests of each experiment's runs that count, from the rows of `summary.csv`."""
    table = summary[summary["endpoint"] == ALL]
    found: dict[str, Failed] = {}
    columns = (table[name] for name in ("experiment", "repeat", "failures", "requests"))
    for experiment, repeat, failures, requests in zip(*columns, strict=True):
        if (str(experiment), int(repeat)) in counting:
            before = found.get(str(experiment), Failed(0.0, 0.0))
            found[str(experiment)] = Failed(before.failures + float(failures), before.requests + float(requests))
    return found


def experiment_rows(outcomes: Outcomes) -> list[ExperimentRow]:
    """List the experiments and probes in the page's order."""
    known = outcomes.verdicts.experiments
    return [_row(outcomes, name, known[name]) for name in outcomes.names if name in known]


def _row(outcomes: Outcomes, name: str, agreed: ExperimentVerdict) -> ExperimentRow:
    failed = outcomes.failed.get(name)
    return ExperimentRow(
        name=name,
        throughput=outcomes.mean_of(name, "throughput_rps"),
        p50_ms=outcomes.mean_of(name, "p50_ms"),
        p95_ms=outcomes.mean_of(name, "p95_ms"),
        failed=failed.share if failed else None,
        limit=limited_by(agreed),
        is_sound=agreed.verdict.is_sound,
    )


def most_important(outcomes: Outcomes, rows: Sequence[ExperimentRow], most: int) -> list[ExperimentRow]:
    """Choose at most so many rows, and keep their order.

    First come the experiments whose figures cannot be used, then those that hypotheses or published rows name, then the
    fastest and slowest of each sweep, then other experiments, other levels of sweeps, and probes.
    """
    if len(rows) <= most:
        return list(rows)
    of_name = {row.name: row for row in rows}
    suite = outcomes.plan.suite
    levels = {level.experiment for sweep in suite.sweeps.values() for level in sweep.levels}
    named = {name for each in suite.hypotheses.values() for name in experiments_of_test(each)}
    named |= set(suite.published.rows) if suite.published else set()
    extremes = set(_extremes(outcomes, of_name))
    ranks: tuple[Callable[[ExperimentRow], bool], ...] = (
        lambda row: not row.is_sound,
        lambda row: row.name in named,
        lambda row: row.name in extremes,
        lambda row: row.name not in levels and probed_experiment(row.name) is None,
        lambda row: row.name in levels,
    )

    def rank(row: ExperimentRow) -> int:
        return next((number for number, holds in enumerate(ranks) if holds(row)), len(ranks))

    chosen = {row.name for row in sorted(rows, key=rank)[:most]}
    return [row for row in rows if row.name in chosen]


def _extremes(outcomes: Outcomes, rows: Mapping[str, ExperimentRow]) -> Iterator[str]:
    """Name the slowest and the fastest level of each sweep."""
    for sweep in outcomes.plan.suite.sweeps.values():
        rates = {
            level.experiment: rate
            for level in sweep.levels
            if (row := rows.get(level.experiment)) and (rate := row.throughput) is not None
        }
        if rates:
            yield min(rates, key=rates.__getitem__)
            yield max(rates, key=rates.__getitem__)


def experiments_of_test(hypothesis: Hypothesis) -> tuple[str, ...]:
    """Name the experiments that the test of a hypothesis compares, measures or judges; not the levels of a trend."""
    if hypothesis.compare is not None:
        return tuple(dict.fromkeys(name for name, _ in hypothesis.compare.sides))
    if hypothesis.trend is not None:
        return ()
    named = hypothesis.value.of if hypothesis.value is not None else hypothesis.bottleneck
    return (str(named),) if named else ()
