"""What probes show: how throughput answers to twice the users, other slots, less think time or another client."""

import math
from collections.abc import Collection, Mapping, Sequence
from statistics import fmean

from loadstone.analyse.slack import why_no_slack
from loadstone.plan.probes import Probe, describe_change, probe_name
from loadstone.plan.schedule import Plan
from loadstone.results.signals import Signals
from loadstone.results.verdicts import Elasticity, ProbeReading
from loadstone.suite.thresholds import DEFAULTS, Thresholds
from loadstone.suite.verdict import Verdict
from loadstone.text import figure
from loadstone.theory.intervals import Interval, ratio_of_runs

MIN_EXPECTED = 1.2
"""Ratio of throughputs that half the think time has to be able to make: below it, think time is a small part of a
user's cycle, and its probe shows nothing."""

NO_CHANGE = 0.1
"""Relative change of throughput with another client that counts as none."""

UNUSABLE = "the figures of its runs cannot be used, so that this shows nothing"
AT_ITS_RATE = "the arrival rate was sent in full, so the number of users shows nothing"

MOST_AT_CAPACITY = 0.5
"""Upper end of an elasticity's interval from which it does not show that a capacity is reached."""


def judge_elasticity(
    twice: Sequence[float],
    once: Sequence[float],
    limits: Thresholds = DEFAULTS,
    *,
    think_time_known: bool = True,
    users_pause: bool = True,
    rate_is_set: bool = False,
) -> Elasticity | None:
    """Judge how throughput changes from the configured number of users to twice as many.

    Both throughputs are in requests/s, one value per run. Without a known think time, nothing is stated about it. Users
    who hardly pause (`users_pause` is false) are too few where throughput grows with their number. Where
    the rate of an open load was sent in full (`rate_is_set`), users show nothing. None where a run has no throughput,
    because there is no ratio.
    """
    ratio = _ratio(twice, once)
    if ratio is None:
        return None
    low, high = (None if bound is None else math.log2(bound) for bound in (ratio.low, ratio.high))
    value = math.log2(ratio.value)
    reading = AT_ITS_RATE if rate_is_set else _elasticity_in_words(value, limits, think_time_known, users_pause)
    return Elasticity(value=value, low=low, high=high, reading=reading)


def shows_capacity(elasticity: Elasticity, limits: Thresholds) -> bool:
    """Whether more users certainly did not raise throughput: by the value, and by its interval where there is one."""
    is_flat = elasticity.value <= limits.most_elasticity_at_capacity
    return is_flat and (elasticity.high is None or elasticity.high < MOST_AT_CAPACITY)


def _elasticity_in_words(value: float, limits: Thresholds, think_time_known: bool, users_pause: bool) -> str:
    if value >= limits.least_elasticity_of_think_time:
        if not think_time_known:
            return "throughput grows with the number of users: no capacity is reached"
        why = (Verdict.THINK_TIME if users_pause else Verdict.TOO_FEW_USERS).as_limit
        return f"throughput grows with the number of users: {why}"
    if value <= limits.most_elasticity_at_capacity:
        return "more users do not raise throughput: a capacity is reached"
    return "throughput grows less than the number of users: near the knee"


def _ratio(values: Sequence[float], to: Sequence[float]) -> Interval | None:
    if not values or not to or not all(rps > 0 for rps in (*values, *to)):
        return None
    return ratio_of_runs(values, to)


def read_probes(
    plan: Plan,
    experiment: str,
    counting: Mapping[str, Sequence[Signals]],
    elasticity: Elasticity | None,
    usable: Collection[str],
) -> tuple[ProbeReading, ...]:
    """Read all probes of an experiment that were measured.

    `counting` maps each experiment to those of its runs that count; `elasticity` is that of the probe with twice the
    users. `usable` names the experiments whose figures can be used: others show nothing.
    """
    once = counting.get(experiment, ())
    found = []
    for probe in Probe:
        name = probe_name(experiment, probe)
        runs = counting.get(name, ())
        ratio = _ratio([s.throughput for s in runs], [s.throughput for s in once])
        if ratio is None:
            continue
        settings, changed = plan.experiments[experiment], plan.experiments[name]
        change = describe_change(probe, settings, changed)
        if not {experiment, name} <= {*usable}:
            words = UNUSABLE
        elif probe in _READINGS:
            words = _READINGS[probe](ratio, once, runs, plan.suite.thresholds)
        else:
            words = elasticity.reading if elasticity else ""
        times = f"{figure(ratio.value)} times the throughput"
        found.append(
            ProbeReading(
                probe=name,
                changed=change,
                ratio=ratio.value,
                low=ratio.low,
                high=ratio.high,
                reading=f"with {change}: {times}: {words}",
            )
        )
    return tuple(found)


def _read_slots(ratio: Interval, _: Sequence[Signals], runs: Sequence[Signals], limits: Thresholds) -> str:
    value, low, high = _exponents(ratio, 2.0)
    if value <= limits.most_elasticity_at_capacity:
        if high >= MOST_AT_CAPACITY:
            return "too uncertain to show whether the slots limit it"
        why = why_no_slack(runs, limits)
        return f"no change, but {why}" if why else "no change: limited by something behind the slots"
    if low <= limits.most_elasticity_at_capacity:
        return "too uncertain to show whether the slots limit it"
    if value >= limits.least_elasticity_of_think_time:
        return "limited by the slots"
    return "limited by the slots, and the next limit is near"


def _read_half_think(ratio: Interval, once: Sequence[Signals], runs: Sequence[Signals], limits: Thresholds) -> str:
    """Compare with the rate that users would reach if responses took as long as before: N/(R + Z) of both."""
    before, after = _cycles(once), _think_time(runs)
    response_s = fmean(s.response_s for s in once)
    if before is None or after is None or before / (response_s + after) < MIN_EXPECTED:
        return "think time is too small a part of the users' time for this probe to show anything"
    value, low, high = _exponents(ratio, before / (response_s + after))
    if value >= limits.least_elasticity_of_think_time:
        return Verdict.THINK_TIME.as_limit
    if value <= limits.most_elasticity_at_capacity:
        if high >= MOST_AT_CAPACITY:
            return "too uncertain to show whether users' pauses limit it"
        return "no change: a capacity is reached"
    if low <= limits.most_elasticity_at_capacity:
        return "too uncertain to show whether users' pauses limit it"
    return "throughput grows less than the users' demand: near the knee"


def _cycles(runs: Sequence[Signals]) -> float | None:
    think_s = _think_time(runs)
    return None if think_s is None else think_s + fmean(s.response_s for s in runs)


def _think_time(runs: Sequence[Signals]) -> float | None:
    known = [s.think_s for s in runs if s.think_s is not None]
    return fmean(known) if len(known) == len(runs) else None


def _read_client(ratio: Interval, _: Sequence[Signals], runs: Sequence[Signals], limits: Thresholds) -> str:
    del runs, limits
    value, low, high = _bounds(ratio)
    if low > 1 and value > 1 + NO_CHANGE:
        return "limited by the client"
    if high < 1 and value < 1 - NO_CHANGE:
        return "this client is slower, which shows nothing about the other one"
    if abs(value - 1) <= NO_CHANGE and max(high - 1, 1 - low) <= 2 * NO_CHANGE:
        return "no change: not limited by the client"
    return "too uncertain to show whether the client limits it"


_READINGS = {Probe.SLOTS: _read_slots, Probe.HALF_THINK: _read_half_think, Probe.CLIENT: _read_client}


def _exponents(ratio: Interval, expected: float) -> tuple[float, float, float]:
    """Return ln(ratio)/ln(expected) with its interval: 1 if throughput grew as expected; the value where unknown."""
    value, low, high = (math.log(bound) / math.log(expected) for bound in _bounds(ratio))
    return value, low, high


def _bounds(ratio: Interval) -> tuple[float, float, float]:
    return ratio.value, ratio.low or ratio.value, ratio.high or ratio.value
