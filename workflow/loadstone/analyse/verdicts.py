"""The verdicts of a campaign: one per run, judged against its baselines, and one per experiment."""

import itertools
import math
from collections.abc import Mapping, Sequence
from statistics import fmean

import pandas as pd

from loadstone.analyse.agreement import agree_by_experiment
from loadstone.analyse.bottleneck import judge
from loadstone.analyse.elimination import Judged, eliminate
from loadstone.analyse.plateaus import judge_run
from loadstone.analyse.probes import UNUSABLE, judge_elasticity, read_probes
from loadstone.analyse.rules.load import keeps_its_rate
from loadstone.analyse.rules.resources import own_will
from loadstone.analyse.unloaded import typical_response_s, unloaded_runs, weigh_unloaded
from loadstone.plan.baselines import ceiling_name, is_baseline
from loadstone.plan.probes import probe_name
from loadstone.plan.schedule import Plan
from loadstone.results.signals import Signals
from loadstone.results.tables import RunKey
from loadstone.results.verdicts import (
    CampaignVerdicts,
    ExperimentVerdict,
    decide_which_count,
)
from loadstone.suite.model import Sweep
from loadstone.suite.thresholds import DEFAULTS, Thresholds
from loadstone.suite.verdict import Verdict

MOST_ABOVE_LOADED = 1.25
"""R₀ over R above which the two contradict each other, so that R₀ is not believed. The mean of the 65 short responses
of an unloaded run scatters by several per cent, and each of them wakes up both sides."""

SLOT_FACTORS = ("server.workers", "server.threads")
"""Factors that change the number of a server's slots."""


def against_baselines(
    plan: Plan, signals: Mapping[RunKey, Signals], summary: pd.DataFrame | None = None
) -> dict[RunKey, Signals]:
    """Add the unloaded response and the generator's ceiling to each run's signals, where a sound baseline has them.

    A generator's rate is its ceiling only if one of its workers was at its limit: otherwise the machine had too few
    CPUs.

    With `summary`, the table of all runs by endpoint, the unloaded response of loads without a mix is weighed by
    endpoint.
    """
    limits = plan.suite.thresholds
    sound = {
        name: s
        for (name, _), s in signals.items()
        if is_baseline(name) and s.throughput and judge(s, limits).verdict.is_sound
    }
    response = {name: typical_response_s(s) for name, s in sound.items()}
    shares = {name: typical_response_s(s) / s.response_s for name, s in sound.items() if s.response_s}
    ceilings = {name: s.throughput for name, s in sound.items() if (s.generator or 0.0) >= limits.saturated}
    weighed = {} if summary is None else weigh_unloaded(plan, summary, shares)
    complete = {}
    for (name, repeat), own in signals.items():
        alone = unloaded_runs(plan, name)
        unloaded = weighed.get((name, repeat), response.get(alone[0]) if len(alone) == 1 else None)
        ceiling = ceilings.get(ceiling_name(plan.experiments[name]) or "")
        complete[name, repeat] = own if is_baseline(name) else _completed(own, unloaded, ceiling)
    return complete


def _completed(own: Signals, unloaded: float | None, ceiling: float | None) -> Signals:
    """Add the baselines' figures to a run's signals, and to those of its plateaus."""
    completed = own.model_copy(
        update={
            "unloaded_response_s": unloaded if _is_possible(unloaded, own) else None,
            "generator_ceiling": ceiling,
        }
    )
    if own.plateaus is None:
        return completed
    plateaus = tuple(
        each.model_copy(update={"signals": _completed(each.signals, unloaded, ceiling)}) for each in own.plateaus
    )
    return completed.model_copy(update={"plateaus": plateaus})


def _is_possible(unloaded: float | None, own: Signals) -> bool:
    """Whether an unloaded response time is not above the loaded one: a load makes no server faster."""
    return unloaded is not None and (not own.throughput or unloaded <= MOST_ABOVE_LOADED * own.response_s)


def judge_campaign(plan: Plan, signals: Mapping[RunKey, Signals]) -> CampaignVerdicts:
    """Judge all runs of a plan by their signals, completed by `against_baselines`."""
    limits = plan.suite.thresholds
    judged = {run: judge_run(run, measured, limits) for run, measured in signals.items()}
    runs = decide_which_count([judged[run] for run in sorted(judged)])
    experiments = agree_by_experiment(judged, {run: s.throughput for run, s in signals.items()}, limits)
    counting: dict[str, list[Judged]] = {name: [] for name in experiments}
    for run in runs:
        if run.counts:
            counting[run.experiment].append(Judged(signals[run.run], run))
    for name, sweep in plan.suite.sweeps.items():
        experiments |= find_serial_sections(name, sweep, experiments, counting, limits)
    experiments |= _read_probes(plan, experiments, counting)
    experiments |= eliminate(plan, experiments, counting)
    return CampaignVerdicts(experiments=dict(sorted(experiments.items())), runs=runs)


def _read_probes(
    plan: Plan, experiments: Mapping[str, ExperimentVerdict], counting: Mapping[str, Sequence[Judged]]
) -> dict[str, ExperimentVerdict]:
    """Add the elasticity and what each probe shows."""
    signals = {name: [run.signals for run in runs] for name, runs in counting.items()}
    read = {}
    for name in plan.suite.experiments:
        if probe_name(name) not in plan.added:
            continue
        once, twice = signals[name], signals[probe_name(name)]
        elasticity = judge_elasticity(
            [s.throughput for s in twice],
            [s.throughput for s in once],
            plan.suite.thresholds,
            think_time_known=all(s.think_s is not None for s in once),
            users_pause=not all(own_will(s) == Verdict.TOO_FEW_USERS for s in once),
            rate_is_set=any(keeps_its_rate(s) for s in (*once, *twice)),
        )
        usable = {each for each, agreed in experiments.items() if agreed.verdict.is_sound}
        if elasticity and not {name, probe_name(name)} <= usable:
            elasticity = elasticity.model_copy(update={"reading": UNUSABLE})
        probes = read_probes(plan, name, signals, elasticity, usable)
        read[name] = experiments[name].model_copy(update={"elasticity": elasticity, "probes": probes})
    return read


def find_serial_sections(
    name: str,
    sweep: Sweep,
    experiments: Mapping[str, ExperimentVerdict],
    counting: Mapping[str, Sequence[Judged]],
    limits: Thresholds = DEFAULTS,
) -> dict[str, ExperimentVerdict]:
    """Find levels whose slots are all taken and that do not get faster with more slots: part of the work is serialised.

    `counting` maps each experiment to the runs that count. Returns the experiments of a sweep over the server's slots
    that are limited by a serial section for that reason.
    """
    changed: dict[str, ExperimentVerdict] = {}
    if sweep.vary not in SLOT_FACTORS:
        return changed
    levels = sorted((float(str(level.value)), level.experiment) for level in sweep.levels)
    for (fewer, one), (more, other) in itertools.pairwise(levels):
        if not experiments[one].verdict == experiments[other].verdict == Verdict.SERVER_CONCURRENCY:
            continue
        ratio = _mean_throughput(counting[other]) / _mean_throughput(counting[one])
        elasticity = math.log(ratio) / math.log(more / fewer)
        if elasticity <= limits.most_elasticity_at_capacity:
            remark = (
                f"throughput changes by a factor of {ratio:.3g} from {fewer:g} to {more:g} {sweep.vary} (sweep {name})"
            )
            serial = {
                "verdict": Verdict.SERIAL_SECTION,
                "parties": (Verdict.SERIAL_SECTION,),
                "remark": remark,
                "sentence": f"Limited by {Verdict.SERIAL_SECTION}: {remark}.",
            }
            for level in (one, other):
                changed[level] = experiments[level].model_copy(update=serial)
    return changed


def _mean_throughput(runs: Sequence[Judged]) -> float:
    return fmean(run.signals.throughput for run in runs)
