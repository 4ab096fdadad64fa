"""How two commits' figures are written, the same in a terminal, in Markdown and in JUnit's XML."""

from loadstone.compare import wording
from loadstone.results.ab import AbExperiment, AbMetric, AbResult, AbRun
from loadstone.suite.verdict import Verdict
from loadstone.text import figure, limit, percent
from loadstone.theory.intervals import Interval

HEADINGS = (
    "experiment",
    "finding",
    "A ms",
    "B ms",
    "B/A",
    "interval",
    "goodput B/A",
    "interval",
    "limited by",
    "pairs",
)
"""Columns of the table of experiments."""
RIGHT = frozenset({"A ms", "B ms", "B/A", "goodput B/A", "interval", "pairs"})
"""Those with figures."""


def table_rows(result: AbResult) -> list[list[str]]:
    """Write one row per experiment. Times are mean response times."""
    return [
        [
            compared.experiment,
            compared.finding,
            figure(compared.mean_ms.a),
            figure(compared.mean_ms.b),
            times(compared.mean_ms),
            bounds(compared.mean_ms),
            times(compared.goodput_rps),
            bounds(compared.goodput_rps),
            limits(compared),
            f"{compared.pairs} of {compared.planned_pairs}" if compared.pairs < compared.planned_pairs
            else str(compared.pairs),
        ]
        for compared in result.experiments
    ]  # fmt: skip


def times(metric: AbMetric) -> str:
    """Write a ratio: 1.023."""
    return wording.ratio(as_interval(metric))


def bounds(metric: AbMetric, between: str = "–") -> str:
    """Write the ends of a ratio's interval: 0.991 – 1.056."""
    return wording.bounds(as_interval(metric), between)


def limits(compared: AbExperiment) -> str:
    """Name what limited throughput with A and with B, once if it is the same."""
    a, b = compared.limits
    return a if a == b else f"{a} → {b}"


def notes(result: AbResult) -> list[str]:
    """Explain the table: the margin, the intervals, what failed, and each run that does not count."""
    lines = [
        f"Margin {limit(result.margin)}; intervals at {wording.confidence(result.confidence)}: for two equal commits, "
        "the chance that any experiment is called slower or faster is at most 5 %. B/A compares mean response times of "
        "successful requests, goodput B/A successful requests per second."
    ]
    shown = [e.experiment for e in result.experiments if e.goodput_rps.finding is None and e.pairs]
    if shown:
        lines.append(f"Goodput is set by the load and not judged: {', '.join(shown)}.")
    lines += [f"Requests that failed: {_shares(e)}." for e in result.experiments if any(e.failures.shares)]
    if any(Verdict.GENERATOR in limit for e in result.experiments for limit in e.limits):
        lines.append(f"Figures that are {Verdict.GENERATOR.as_limit} say little about the service: raise load.workers.")
    lines += [f"Does not count: {_describe(e, run)}" for e in result.experiments for run in e.runs if run.left_out]
    return lines


def _shares(compared: AbExperiment) -> str:
    a, b = map(percent, compared.failures.shares)
    return f"{compared.experiment}, A {a}, B {b}"


def _describe(compared: AbExperiment, run: AbRun) -> str:
    return f"{compared.experiment}, pair {run.pair}, {run.side}: {run.left_out}"


def as_interval(metric: AbMetric) -> Interval | None:
    """Return a metric's ratio with its interval; None if there is no ratio."""
    found = metric.ratio
    if found is None or found.value is None:
        return None
    return Interval(value=found.value, low=found.low, high=found.high, runs=0)
