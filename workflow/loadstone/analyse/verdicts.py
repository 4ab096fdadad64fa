"""The verdicts of a campaign: each run's signals, judged against its baselines, and agreed upon by experiment."""

import itertools
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from loadstone.analyse.bottleneck import ERRORS, INVALID, MIXED, SERIAL_SECTION, SERVER_CONCURRENCY, Verdict, judge
from loadstone.plan.baselines import ceiling_name, is_baseline, probe_name, unloaded_name
from loadstone.plan.schedule import Plan
from loadstone.results.signals import Signals
from loadstone.results.tables import RunKey
from loadstone.suite.model import Sweep
from loadstone.suite.thresholds import DEFAULTS, Thresholds
from loadstone.theory.intervals import ratio_of_runs

SLOT_FACTORS = ("server.workers", "server.threads")
"""Factors that give a server more slots."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Elasticity:
    """How throughput answered to more of something: d ln X / d ln n, with its 95 % interval where repeats allow one."""

    value: float
    low: float | None
    high: float | None
    reading: str
    """What it tells, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentVerdict:
    """What the runs of an experiment agree on."""

    verdict: str
    parties: tuple[str, ...]
    runs: dict[str, int]
    """Verdict → number of runs that have it."""
    elasticity: Elasticity | None = None
    """Between N and 2N users, where the suite asked for the probe."""
    remark: str | None = None


def against_baselines(plan: Plan, signals: Mapping[RunKey, Signals]) -> dict[RunKey, Signals]:
    """Add to each run's signals the unloaded response and the generator's ceiling, where they were measured soundly."""
    limits = plan.suite.thresholds
    response = {name: s.response_s for (name, _), s in signals.items() if judge(s, limits).verdict not in _ENDED}
    ceilings = {name: s.throughput for (name, _), s in signals.items() if _is_ceiling(s, limits)}
    known = {}
    for (name, repeat), found in signals.items():
        settings = plan.experiments[name]
        baselines = {
            "unloaded_response_s": response.get(unloaded_name(settings)),
            "generator_ceiling": ceilings.get(ceiling_name(settings)),
        }
        known[name, repeat] = found if is_baseline(name) else found.model_copy(update=baselines)
    return known


_ENDED = (ERRORS, INVALID)


def _is_ceiling(s: Signals, limits: Thresholds) -> bool:
    """Whether a worker of the generator was at its limit: else it was the machine's CPUs that were too few."""
    return (s.generator or 0.0) >= limits.saturated and judge(s, limits).verdict not in _ENDED


def judge_campaign(plan: Plan, signals: Mapping[RunKey, Signals]) -> dict[str, Any]:
    """Judge all runs of `plan`: the content of `verdicts.json`. Signals are those `against_baselines`."""
    judged = {run: judge(found, plan.suite.thresholds) for run, found in signals.items()}
    experiments = agree_by_experiment(judged, plan.suite.thresholds)
    for name, sweep in plan.suite.sweeps.items():
        experiments |= serial_sections(name, sweep, experiments, signals, plan.suite.thresholds)
    for name in plan.suite.experiments:
        if probe_name(name) in plan.added:
            found = probe(_throughputs(signals, probe_name(name)), _throughputs(signals, name), plan.suite.thresholds)
            experiments[name] = replace(experiments[name], elasticity=found)
    return {
        "experiments": {name: asdict(found) for name, found in sorted(experiments.items())},
        "runs": [
            {"experiment": experiment, "repeat": repeat, **verdict_json(verdict)}
            for (experiment, repeat), verdict in sorted(judged.items())
        ],
    }


def unsound(judged: Mapping[str, Any]) -> frozenset[RunKey]:
    """List the runs of `verdicts.json` that are not to be used."""
    return frozenset((run["experiment"], run["repeat"]) for run in judged["runs"] if run["verdict"] in _ENDED)


def agree_by_experiment(
    judged: Mapping[RunKey, Verdict], limits: Thresholds = DEFAULTS
) -> dict[str, ExperimentVerdict]:
    """Give each experiment the verdict of most of its runs."""
    by_experiment: dict[str, list[Verdict]] = {}
    for (experiment, _), verdict in judged.items():
        by_experiment.setdefault(experiment, []).append(verdict)
    return {
        name: ExperimentVerdict(
            verdict=agree([verdict.verdict for verdict in verdicts], limits),
            parties=tuple(sorted({party for verdict in verdicts for party in verdict.parties})),
            runs=dict(Counter(verdict.verdict for verdict in verdicts)),
        )
        for name, verdicts in by_experiment.items()
    }


def agree(verdicts: Sequence[str], limits: Thresholds = DEFAULTS) -> str:
    """One verdict for the runs of an experiment: that of at least 80 % of them, else mixed."""
    verdict, count = Counter(verdicts).most_common(1)[0]
    return verdict if count >= limits.agreement * len(verdicts) else MIXED


def serial_sections(
    name: str,
    sweep: Sweep,
    experiments: Mapping[str, ExperimentVerdict],
    signals: Mapping[RunKey, Signals],
    limits: Thresholds = DEFAULTS,
) -> dict[str, ExperimentVerdict]:
    """Find levels whose slots are all taken and that more slots don't speed up: something in there is done in turn.

    Returns the experiments of a sweep over the server's slots whose verdict is `serial section` for that reason.
    """
    found: dict[str, ExperimentVerdict] = {}
    if sweep.vary not in SLOT_FACTORS:
        return found
    levels = sorted((float(str(level.value)), level.experiment) for level in sweep.levels)
    for (fewer, one), (more, other) in itertools.pairwise(levels):
        if not experiments[one].verdict == experiments[other].verdict == SERVER_CONCURRENCY:
            continue
        ratio = np.mean(_throughputs(signals, other)) / np.mean(_throughputs(signals, one))
        elasticity = math.log(ratio) / math.log(more / fewer)
        if elasticity <= limits.most_elasticity_at_capacity:
            remark = (
                f"in {name}, from {fewer:g} to {more:g} of {sweep.vary}, throughput changes by a factor of {ratio:.3g}"
            )
            for level in (one, other):
                found[level] = replace(
                    experiments[level], verdict=SERIAL_SECTION, parties=(SERIAL_SECTION,), remark=remark
                )
    return found


def probe(twice: Sequence[float], once: Sequence[float], limits: Thresholds = DEFAULTS) -> Elasticity | None:
    """Judge throughput (requests/s, one a run) with twice the users against that with as many as configured.

    None where a run has no throughput: there is no ratio to it.
    """
    if not all(rps > 0 for rps in (*twice, *once)):
        return None
    ratio = ratio_of_runs(twice, once)
    value, low, high = (_doublings(bound) for bound in (ratio.value, ratio.low, ratio.high))
    assert value is not None  # noqa: S101 - a ratio has a value
    return Elasticity(value=value, low=low, high=high, reading=_reading(value, limits))


def _doublings(ratio: float | None) -> float | None:
    return None if ratio is None else math.log2(ratio)


def _reading(value: float, limits: Thresholds) -> str:
    if value >= limits.least_elasticity_of_think_time:
        return "throughput follows the users: they are what binds it"
    if value <= limits.most_elasticity_at_capacity:
        return "more users bring no more throughput: a capacity is reached"
    return "throughput follows the users in part: near the knee"


def _throughputs(signals: Mapping[RunKey, Signals], experiment: str) -> list[float]:
    return [found.throughput for (name, _), found in signals.items() if name == experiment]


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """Lay a verdict out for machines."""
    return {
        "verdict": verdict.verdict,
        "parties": list(verdict.parties),
        "also": verdict.also,
        "evidence": [asdict(evidence) for evidence in verdict.evidence],
        "runner_up": verdict.runner_up,
        "remark": verdict.remark,
        "probe": verdict.probe,
        "missing": list(verdict.missing),
    }
