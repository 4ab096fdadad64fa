"""The verdicts of a campaign: one per run, judged against its baselines, and one per experiment."""

import itertools
import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from loadstone.analyse.bottleneck import judge
from loadstone.analyse.plateaus import judge_run
from loadstone.analyse.unloaded import weigh_unloaded
from loadstone.plan.baselines import ceiling_name, is_baseline, probe_name, unloaded_names
from loadstone.plan.schedule import Plan
from loadstone.results.signals import Signals
from loadstone.results.tables import RunKey
from loadstone.results.verdicts import (
    CampaignVerdicts,
    Elasticity,
    ExperimentVerdict,
    Judgement,
    decide_which_count,
)
from loadstone.suite.model import Sweep
from loadstone.suite.thresholds import DEFAULTS, Thresholds
from loadstone.suite.verdict import Verdict
from loadstone.theory.intervals import ratio_of_runs

SLOT_FACTORS = ("server.workers", "server.threads")
"""Factors that change the number of a server's slots."""


def against_baselines(
    plan: Plan, signals: Mapping[RunKey, Signals], summary: pd.DataFrame | None = None
) -> dict[RunKey, Signals]:
    """Add the unloaded response and the generator's ceiling to each run's signals, where a sound baseline has them.

    With `summary`, the table of all runs by endpoint, the unloaded response of loads without a mix is weighed by
    endpoint.
    """
    limits = plan.suite.thresholds
    response = {
        name: s.response_s for (name, _), s in signals.items() if s.throughput and judge(s, limits).verdict.is_sound
    }
    ceilings = {name: s.throughput for (name, _), s in signals.items() if _is_ceiling(s, limits)}
    weighed = {} if summary is None else weigh_unloaded(plan, summary, response.keys())
    complete = {}
    for (name, repeat), own in signals.items():
        settings = plan.experiments[name]
        alone = unloaded_names(settings)
        baselines = {
            "unloaded_response_s": weighed.get((name, repeat), response.get(alone[0]) if len(alone) == 1 else None),
            "generator_ceiling": ceilings.get(ceiling_name(settings) or ""),
        }
        complete[name, repeat] = own if is_baseline(name) else _completed(own, baselines)
    return complete


def _completed(own: Signals, baselines: Mapping[str, float | None]) -> Signals:
    """Add the baselines' figures to a run's signals, and to those of its plateaus."""
    if own.plateaus is None:
        return own.model_copy(update=baselines)
    plateaus = tuple(
        each.model_copy(update={"signals": each.signals.model_copy(update=baselines)}) for each in own.plateaus
    )
    return own.model_copy(update={**baselines, "plateaus": plateaus})


def _is_ceiling(s: Signals, limits: Thresholds) -> bool:
    """Whether a generator worker was at its limit; otherwise the machine had too few CPUs: its rate is no ceiling."""
    return (s.generator or 0.0) >= limits.saturated and judge(s, limits).verdict.is_sound


def judge_campaign(plan: Plan, signals: Mapping[RunKey, Signals]) -> CampaignVerdicts:
    """Judge all runs of a plan by their signals, completed by `against_baselines`."""
    limits = plan.suite.thresholds
    judged = {run: judge_run(run, measured, limits) for run, measured in signals.items()}
    experiments = agree_by_experiment(judged, limits)
    for name, sweep in plan.suite.sweeps.items():
        experiments |= find_serial_sections(name, sweep, experiments, signals, limits)
    for name in plan.suite.experiments:
        if probe_name(name) in plan.added:
            known = all(s.think_s is not None for (run, _), s in signals.items() if run == name)
            elasticity = judge_elasticity(
                _throughputs(signals, probe_name(name)), _throughputs(signals, name), limits, think_time_known=known
            )
            experiments[name] = experiments[name].model_copy(update={"elasticity": elasticity})
    return CampaignVerdicts(
        experiments=dict(sorted(experiments.items())),
        runs=decide_which_count([judged[run] for run in sorted(judged)]),
    )


def agree_by_experiment(
    judged: Mapping[RunKey, Judgement], limits: Thresholds = DEFAULTS
) -> dict[str, ExperimentVerdict]:
    """Give each experiment the verdict that most of its runs have; mixed, where too few agree."""
    by_experiment: dict[str, list[Judgement]] = {}
    for (experiment, _), judgement in judged.items():
        by_experiment.setdefault(experiment, []).append(judgement)
    return {
        name: ExperimentVerdict(
            verdict=agree([judgement.verdict for judgement in judgements], limits),
            parties=tuple(sorted({party for judgement in judgements for party in judgement.parties})),
            runs=dict(Counter(judgement.verdict for judgement in judgements)),
        )
        for name, judgements in by_experiment.items()
    }


def agree(verdicts: Sequence[Verdict], limits: Thresholds = DEFAULTS) -> Verdict:
    """Return the verdict that at least 80 % of an experiment's runs share (`limits.agreement`), otherwise mixed."""
    verdict, count = Counter(verdicts).most_common(1)[0]
    return verdict if count >= limits.agreement * len(verdicts) else Verdict.MIXED


def find_serial_sections(
    name: str,
    sweep: Sweep,
    experiments: Mapping[str, ExperimentVerdict],
    signals: Mapping[RunKey, Signals],
    limits: Thresholds = DEFAULTS,
) -> dict[str, ExperimentVerdict]:
    """Find levels whose slots are all taken and that do not get faster with more slots: part of the work is serialised.

    Returns the experiments of a sweep over the server's slots that have the verdict `serial section` for that reason.
    """
    changed: dict[str, ExperimentVerdict] = {}
    if sweep.vary not in SLOT_FACTORS:
        return changed
    levels = sorted((float(str(level.value)), level.experiment) for level in sweep.levels)
    for (fewer, one), (more, other) in itertools.pairwise(levels):
        if not experiments[one].verdict == experiments[other].verdict == Verdict.SERVER_CONCURRENCY:
            continue
        ratio = np.mean(_throughputs(signals, other)) / np.mean(_throughputs(signals, one))
        elasticity = math.log(ratio) / math.log(more / fewer)
        if elasticity <= limits.most_elasticity_at_capacity:
            remark = (
                f"throughput changes by a factor of {ratio:.3g} from {fewer:g} to {more:g} {sweep.vary} (sweep {name})"
            )
            serial = {"verdict": Verdict.SERIAL_SECTION, "parties": (Verdict.SERIAL_SECTION,), "remark": remark}
            for level in (one, other):
                changed[level] = experiments[level].model_copy(update=serial)
    return changed


def judge_elasticity(
    twice: Sequence[float],
    once: Sequence[float],
    limits: Thresholds = DEFAULTS,
    *,
    think_time_known: bool = True,
) -> Elasticity | None:
    """Judge how throughput changes from the configured number of users to twice as many.

    Both throughputs are in requests/s, one value per run. Without a known think time, nothing is stated about it. None
    where a run has no throughput, because there is no ratio.
    """
    if not all(rps > 0 for rps in (*twice, *once)):
        return None
    ratio = ratio_of_runs(twice, once)
    value, low, high = (_doublings(bound) for bound in (ratio.value, ratio.low, ratio.high))
    assert value is not None  # noqa: S101 - a ratio has a value
    return Elasticity(value=value, low=low, high=high, reading=_reading(value, limits, think_time_known))


def _doublings(ratio: float | None) -> float | None:
    return None if ratio is None else math.log2(ratio)


def _reading(value: float, limits: Thresholds, think_time_known: bool) -> str:
    if value >= limits.least_elasticity_of_think_time:
        if not think_time_known:
            return "throughput grows with the number of users: no capacity is reached"
        return "throughput grows with the number of users: think time binds it"
    if value <= limits.most_elasticity_at_capacity:
        return "more users do not raise throughput: a capacity is reached"
    return "throughput grows less than the number of users: near the knee"


def _throughputs(signals: Mapping[RunKey, Signals], experiment: str) -> list[float]:
    return [of_run.throughput for (name, _), of_run in signals.items() if name == experiment]
