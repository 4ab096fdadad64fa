"""The verdicts of a campaign: each run's signals, judged against its baselines, and agreed upon by experiment."""

import itertools
import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from loadstone.analyse.bottleneck import judge
from loadstone.plan.baselines import ceiling_name, is_baseline, twice_name, unloaded_name
from loadstone.plan.schedule import Plan
from loadstone.results.signals import Signals
from loadstone.results.tables import RunKey
from loadstone.results.verdicts import (
    CampaignVerdicts,
    Elasticity,
    ExperimentVerdict,
    Judgement,
    RunVerdict,
    decide_which_count,
)
from loadstone.suite.model import Sweep
from loadstone.suite.thresholds import DEFAULTS, Thresholds
from loadstone.suite.verdict import Verdict
from loadstone.theory.intervals import ratio_of_runs

SLOT_FACTORS = ("server.workers", "server.threads")
"""Factors that give a server more slots."""


def against_baselines(plan: Plan, signals: Mapping[RunKey, Signals]) -> dict[RunKey, Signals]:
    """Add to each run's signals the unloaded response and the generator's ceiling, where they were measured soundly."""
    limits = plan.suite.thresholds
    response = {name: s.response_s for (name, _), s in signals.items() if judge(s, limits).verdict.is_sound}
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


def _is_ceiling(s: Signals, limits: Thresholds) -> bool:
    """Whether a worker of the generator was at its limit: else it was the machine's CPUs that were too few."""
    return (s.generator or 0.0) >= limits.saturated and judge(s, limits).verdict.is_sound


def judge_campaign(plan: Plan, signals: Mapping[RunKey, Signals]) -> CampaignVerdicts:
    """Judge all runs of `plan`. Signals are those `against_baselines`."""
    limits = plan.suite.thresholds
    judged = {run: judge(measured, limits) for run, measured in signals.items()}
    experiments = agree_by_experiment(judged, limits)
    for name, sweep in plan.suite.sweeps.items():
        experiments |= serial_sections(name, sweep, experiments, signals, limits)
    for name in plan.suite.experiments:
        if twice_name(name) in plan.added:
            elasticity = probe(_throughputs(signals, twice_name(name)), _throughputs(signals, name), limits)
            experiments[name] = experiments[name].model_copy(update={"elasticity": elasticity})
    return CampaignVerdicts(
        experiments=dict(sorted(experiments.items())),
        runs=decide_which_count([RunVerdict.of(run, judgement) for run, judgement in sorted(judged.items())]),
    )


def agree_by_experiment(
    judged: Mapping[RunKey, Judgement], limits: Thresholds = DEFAULTS
) -> dict[str, ExperimentVerdict]:
    """Give each experiment the verdict of most of its runs."""
    by_experiment: dict[str, list[Judgement]] = {}
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


def agree(verdicts: Sequence[Verdict], limits: Thresholds = DEFAULTS) -> Verdict:
    """One verdict for the runs of an experiment: that of at least 80 % of them, else mixed."""
    verdict, count = Counter(verdicts).most_common(1)[0]
    return verdict if count >= limits.agreement * len(verdicts) else Verdict.MIXED


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
        if not experiments[one].verdict == experiments[other].verdict == Verdict.SERVER_CONCURRENCY:
            continue
        ratio = np.mean(_throughputs(signals, other)) / np.mean(_throughputs(signals, one))
        elasticity = math.log(ratio) / math.log(more / fewer)
        if elasticity <= limits.most_elasticity_at_capacity:
            remark = (
                f"in {name}, from {fewer:g} to {more:g} of {sweep.vary}, throughput changes by a factor of {ratio:.3g}"
            )
            for level in (one, other):
                changed = {"verdict": Verdict.SERIAL_SECTION, "parties": (Verdict.SERIAL_SECTION,), "remark": remark}
                found[level] = experiments[level].model_copy(update=changed)
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
