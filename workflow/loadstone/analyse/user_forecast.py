"""Predict a sweep over users by queueing theory, and compare the prediction with what was measured.

The model is a closed network: N users think (Z), then wait for the server's CPUs, which work on several requests at a
time, and for everything else, where requests do not queue. The asymptotic bounds need nothing more (Denning & Buzen
1978; LZGS chapter 5; see `operational`). The curve between them is exact MVA, which assumes that service times are
exponential or that the CPUs are shared among the requests present.

The inputs are R₀, Z and the CPU per request. No response time under load is among them, so the predicted response times
can be wrong. Throughput with all CPUs busy agrees almost by construction, because the CPU per request is measured there
too.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loadstone.results.scaling import Demands, ForecastLevel, ForecastPoint, MeasuredFigure, UserForecast
from loadstone.theory import operational
from loadstone.theory.intervals import estimate_of_runs
from loadstone.theory.operational import Station, exact_mva

MAX_POINTS = 60
"""Points of a curve: one per number of users up to this many, otherwise a selection with equal ratios."""
BEYOND = 1.2
"""Where a curve ends: this times the largest number of users measured."""


class NotPredictable(ValueError):
    """The measurements do not determine the network; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserLevel:
    """What was measured with one number of users: tuples hold one value per run, from windows of equal length.

    Raises `NotPredictable` where a run lacks a value.
    """

    users: int
    experiment: str
    throughput: tuple[float, ...]
    """Requests/s."""
    response_s: tuple[float, ...]
    """Mean response time."""
    think_s: float
    """Mean think time as measured."""
    server_cpu: tuple[float, ...]
    """CPUs that the server's workers used; NaN for a run in which that was not measured."""

    def __post_init__(self) -> None:
        if not self.throughput or not len(self.throughput) == len(self.response_s) == len(self.server_cpu):
            raise NotPredictable(f"{self.experiment}: every run needs a throughput, a response time and a server CPU")
        if self.users < 1 or not all(math.isfinite(rps) and rps > 0 for rps in self.throughput):
            raise NotPredictable(f"{self.experiment}: the number of users or a throughput is not positive")
        if not all(math.isfinite(seconds) and seconds >= 0 for seconds in (*self.response_s, self.think_s)):
            raise NotPredictable(f"{self.experiment}: a response time or the think time was not measured")


def predict(levels: Sequence[UserLevel], unloaded_response_s: float, servers: int) -> UserForecast:
    """Predict throughput and response of each level from R₀ (mean response with one user), Z and the CPU per request.

    `servers` is the number of requests that the server's CPUs work on at a time. Raises `NotPredictable` where a figure
    that this needs was not measured.
    """
    demands = _demands(levels, unloaded_response_s, servers)
    think_s = float(np.average([at.think_s for at in levels], weights=[sum(at.throughput) for at in levels]))
    figures = (demands.total_s, demands.bottleneck_s, think_s)
    knee = operational.knee(*figures)
    last = math.ceil(BEYOND * max(level.users for level in levels))
    stations = [Station(demand_s=demands.server_s, servers=servers), Station(demand_s=demands.other_s, kind="delay")]
    mva = exact_mva(stations, think_s, last)
    points = {
        users: ForecastPoint(
            users=users,
            throughput_bound=operational.most_throughput(users, *figures),
            response_bound_s=operational.least_response(users, *figures),
            mva_throughput=float(mva.throughput[users - 1]),
            mva_response_s=float(mva.response_s[users - 1]),
        )
        for users in {*_populations(last, knee), *(level.users for level in levels)}
    }
    return UserForecast(
        demands=demands,
        think_s=think_s,
        knee_users=knee,
        capacity_rps=1 / demands.bottleneck_s,
        curve=tuple(points[users] for users in sorted(_populations(last, knee))),
        levels=tuple(_compare(at, points[at.users]) for at in sorted(levels, key=lambda at: (at.users, at.experiment))),
    )


def _demands(levels: Sequence[UserLevel], unloaded_response_s: float, servers: int) -> Demands:
    if not levels:
        raise NotPredictable("no level of the sweep was measured")
    if servers < 1:
        raise NotPredictable("the number of requests that the server's CPUs work on at a time is not known")
    if not (math.isfinite(unloaded_response_s) and unloaded_response_s > 0):
        raise NotPredictable("the response time with one user was not measured")
    runs = [run for level in levels for run in zip(level.server_cpu, level.throughput, strict=True)]
    measured = [(cpu, rps) for cpu, rps in runs if math.isfinite(cpu)]
    busy = sum(cpu for cpu, _ in measured)
    if busy <= 0:
        raise NotPredictable("the server's CPU was not measured in any run, or it used none")
    server_s = operational.service_demand(busy, sum(rps for _, rps in measured))
    other_s = max(0.0, unloaded_response_s - server_s)
    return Demands(
        server_s=server_s,
        servers=servers,
        other_s=other_s,
        bottleneck_s=server_s / servers,
        total_s=server_s + other_s,
    )


def _populations(last: int, knee: float) -> set[int]:
    """Choose the numbers of users to draw a curve by: from 1 to `last`, and next to the corner of the bounds."""
    if last <= MAX_POINTS:
        return set(range(1, last + 1))
    spaced = {round(users) for users in np.geomspace(1, last, MAX_POINTS - 2).tolist()}
    return spaced | {users for users in (math.floor(knee), math.ceil(knee)) if 1 <= users <= last}


def _compare(level: UserLevel, expected: ForecastPoint) -> ForecastLevel:
    throughput = estimate_of_runs(level.throughput)
    return ForecastLevel(
        **dict(expected),
        experiment=level.experiment,
        throughput=_measured(level.throughput),
        response_s=_measured(level.response_s),
        throughput_ratio=throughput.value / expected.mva_throughput,
    )


def _measured(values: tuple[float, ...]) -> MeasuredFigure:
    mean = estimate_of_runs(values)
    return MeasuredFigure(value=mean.value, low=mean.low, high=mean.high, runs=mean.runs, values=values)
