"""By elimination: if more load brings no more throughput, while generator and machine have slack, it is the server.

Or it is what the server waits for: from outside the two look the same. This settles experiments whose runs are
without a clear limit. It needs the figures of everything that it rules out: a missing signal prevents it.

Three comparisons show that a capacity is reached: a probe with twice the users, two levels of a sweep over users, and
an open load that is not sent in full while responses take much longer than for a single user.
"""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from loadstone.analyse.probes import shows_capacity
from loadstone.analyse.rules.load import is_overload, keeps_its_rate
from loadstone.analyse.slack import why_no_slack
from loadstone.plan.probes import probe_name
from loadstone.plan.schedule import Plan
from loadstone.results.signals import Signals
from loadstone.results.threads import ThreadState
from loadstone.results.verdicts import Elasticity, ExperimentVerdict, Judgement, Place
from loadstone.suite.model import Sweep
from loadstone.suite.thresholds import Thresholds
from loadstone.suite.verdict import Verdict
from loadstone.text import figure, named
from loadstone.theory.intervals import ratio_of_runs

USERS = "load.users"

MIN_USERS_RATIO = 1.5
"""Ratio of two levels' users below which a throughput that does not change shows little."""

MIN_SHARE = 0.1
"""Share of the requests in progress, or of the threads, from which a place or a state is named."""

IDLE = (ThreadState.ACCEPT, ThreadState.EVENTS)
"""States in which a thread waits for work."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A run that counts."""

    signals: Signals
    judgement: Judgement


def eliminate(
    plan: Plan, experiments: Mapping[str, ExperimentVerdict], counting: Mapping[str, Sequence[Judged]]
) -> dict[str, ExperimentVerdict]:
    """Find the experiments without a clear limit whose limit is the server, or what it waits for, by elimination.

    `counting` maps each experiment to the runs that count.
    """
    reasons: dict[str, str] = {}
    for name, reason in _reasons(plan, experiments, counting):
        if experiments[name].verdict == Verdict.UNDETERMINED:
            reasons.setdefault(name, reason)
    return {name: _settled(experiments[name], reason, counting[name]) for name, reason in reasons.items()}


def _reasons(
    plan: Plan, experiments: Mapping[str, ExperimentVerdict], counting: Mapping[str, Sequence[Judged]]
) -> Iterator[tuple[str, str]]:
    limits = plan.suite.thresholds
    for name in plan.suite.experiments:
        elasticity = experiments[name].elasticity
        if elasticity is None or not shows_capacity(elasticity, limits):
            continue
        if experiments[probe_name(name)].verdict.is_sound and _rules_out_the_rest(
            [*counting[name], *counting.get(probe_name(name), ())], limits
        ):
            yield name, f"twice the users make {figure(2**elasticity.value)} times the throughput"
    for name, sweep in plan.suite.sweeps.items():
        sound = all(experiments[level.experiment].verdict.is_sound for level in sweep.levels)
        yield from _of_sweep(name, sweep, counting, limits) if sound else ()
    for name, runs in counting.items():
        if reason := _of_open_load([run.signals for run in runs], limits):
            yield name, reason


def _rules_out_the_rest(runs: Sequence[Judged], limits: Thresholds) -> bool:
    """Whether the generator and the machine had slack, and no rate was sent in full."""
    signals = [run.signals for run in runs]
    return why_no_slack(signals, limits) is None and not any(map(keeps_its_rate, signals))


def _of_sweep(
    name: str, sweep: Sweep, counting: Mapping[str, Sequence[Judged]], limits: Thresholds
) -> Iterator[tuple[str, str]]:
    """Compare neighbouring levels of a sweep over users: throughput stays, and response times grow with the users."""
    if sweep.vary != USERS:
        return
    levels = sorted((float(str(level.value)), counting[level.experiment], level.experiment) for level in sweep.levels)
    for (fewer, few, one), (more, many, other) in itertools.pairwise(levels):
        if more < MIN_USERS_RATIO * fewer or not _rules_out_the_rest([*few, *many], limits):
            continue
        rates = [[run.signals.throughput for run in runs] for runs in (many, few)]
        slower = _mean_response(many) / _mean_response(few) if _mean_response(few) else 1.0
        if not all(rate > 0 for rate in (*rates[0], *rates[1])) or slower < 1 + (more / fewer - 1) / 2:
            continue
        ratio, exponent = ratio_of_runs(rates[0], rates[1]), math.log(more / fewer)
        low, high = (None if bound is None else math.log(bound) / exponent for bound in (ratio.low, ratio.high))
        elasticity = Elasticity(value=math.log(ratio.value) / exponent, low=low, high=high, reading="")
        if shows_capacity(elasticity, limits):
            reason = (
                f"{figure(ratio.value)} times the throughput and {figure(slower)} times the response time from "
                f"{fewer:g} to {more:g} users (sweep {name})"
            )
            yield one, reason
            yield other, reason


def _mean_response(runs: Sequence[Judged]) -> float:
    return fmean(run.signals.response_s for run in runs)


def _of_open_load(runs: Sequence[Signals], limits: Thresholds) -> str | None:
    """Explain why an open load is above the server's capacity; None where that isn't certain.

    If responses take about as long as for a single user, no request queues in the server: then the load has too few
    users for its rate.
    """
    if not runs or why_no_slack(runs, limits) is not None:
        return None
    slow = all(s.slowdown is not None and s.slowdown >= limits.slowed for s in runs)
    if not slow or not all(map(is_overload, runs)):
        return None
    return describe_backlog(fmean(s.throughput for s in runs), fmean(s.arrival_rate or 0.0 for s in runs))


def describe_backlog(throughput: float, rate: float) -> str:
    """State how far an open load is above capacity; both in requests/s."""
    return (
        f"it carries only {figure(throughput)} of the {figure(rate)} requests/s asked for, so that the backlog grows "
        f"by {figure(max(0.0, rate - throughput))} requests per second"
    )


def _settled(agreed: ExperimentVerdict, reason: str, runs: Sequence[Judged]) -> ExperimentVerdict:
    states = _likely_states(runs)
    remark = f"by elimination: {reason}, while the generator and the machine have slack"
    return agreed.model_copy(
        update={
            "verdict": Verdict.SERVER_OR_BEHIND,
            "parties": (Verdict.SERVER_OR_BEHIND,),
            "remark": f"{remark}; {states}" if states else remark,
            "sentence": f"Limited by {Verdict.SERVER_OR_BEHIND}: {reason}, while the generator and the machine have "
            + (f"slack; {states}." if states else "slack."),
        }
    )


def _likely_states(runs: Sequence[Judged]) -> str:
    """State where most requests were or, if that is unknown, what most threads of the server did."""
    places: dict[str, list[float]] = {}
    for run in runs:
        for place, number in run.judgement.places.items():
            places.setdefault(place, []).append(number)
    if found := _largest(places, len(runs), leave_out=(Place.ELSEWHERE,)):
        return f"of the requests in progress, {found}"
    states: dict[str, list[float]] = {}
    for run in runs:
        for state, number in (run.signals.thread_states or {}).items():
            states.setdefault(state, []).append(number)
    found = _largest(states, len(runs), leave_out=IDLE)
    return f"of the server's threads, on average {found}" if found else ""


def _largest(numbers: Mapping[str, Sequence[float]], runs: int, leave_out: Sequence[str]) -> str:
    means = {name: sum(values) / runs for name, values in numbers.items()}
    least = MIN_SHARE * sum(means.values())
    ranked = sorted(((mean, name) for name, mean in means.items() if name not in leave_out), reverse=True)
    return named([f"{figure(mean)} {name}" for mean, name in ranked if mean >= least and mean > 0])
