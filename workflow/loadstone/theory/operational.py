"""Operational laws of closed systems: what must hold in any of them, and what no server can exceed.

Denning & Buzen, The Operational Analysis of Queueing Network Models, 1978; Lazowska, Zahorjan, Graham & Sevcik,
Quantitative System Performance, 1984 (LZGS). Times are in seconds, throughput in requests/s. N users each wait a think
time Z and then a response time R.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

MIN_CONSISTENCY, MAX_CONSISTENCY = 0.95, 1.03
"""Where X·(R + Z)/N has to lie. Below: users were missing, or waited for something that was not recorded. Above: more
users than stated. The range is skewed since requests cut off at the window's ends can only be missing."""


def consistency(users: float, throughput: float, response_s: float, think_s: float) -> float:
    """X·(R + Z)/N: 1 in any closed, steady system (the interactive response time law; LZGS section 3.2).

    An identity: it shows whether the figures belong together, and nothing about what limits the system.
    """
    return throughput * (response_s + think_s) / users


def active_users(throughput: float, response_s: float, think_s: float) -> float:
    """X·(R + Z): how many users there must have been (Little 1961)."""
    return throughput * (response_s + think_s)


def think_time_bound(users: float, response_s: float, think_s: float) -> float:
    """N/(R + Z), requests/s: with the *unloaded* R, the rate that N users can send to a server that is no limit."""
    return users / (response_s + think_s)


def utilisation(throughput: float, demand_s: float) -> float:
    """X·D: the utilisation law, for a demand of D seconds of one resource per request."""
    return throughput * demand_s


def service_demand(busy_s: float, requests: float) -> float:
    """Busy seconds of a resource per request: the service demand law."""
    return busy_s / requests


def most_throughput(users: float, demand_s: float, bottleneck_demand_s: float, think_s: float) -> float:
    """X ≤ min(N/(D + Z), 1/D_max), requests/s: the asymptotic bounds (LZGS section 5.2)."""
    capacity = 1 / bottleneck_demand_s if bottleneck_demand_s > 0 else math.inf
    return min(users / (demand_s + think_s), capacity)


def least_response(users: float, demand_s: float, bottleneck_demand_s: float, think_s: float) -> float:
    """R ≥ max(D, N·D_max - Z), seconds: the asymptotic bounds."""
    return max(demand_s, users * bottleneck_demand_s - think_s)


def knee(demand_s: float, bottleneck_demand_s: float, think_s: float) -> float:
    """N* = (D + Z)/D_max: the number of users at which the asymptotes meet."""
    return (demand_s + think_s) / bottleneck_demand_s


def users_to_saturate(servers: int, demand_s: float, think_s: float) -> int:
    """N ≥ W·(D + Z)/D: fewer users cannot saturate W servers of demand D.

    That is the knee. Users who wait at random need more before no server is ever idle.
    """
    return math.ceil(servers * knee(demand_s, demand_s, think_s))


def throughput_noise(users: float, cycle_s: float, cycle_variance: float, seconds: float) -> float:
    """Standard deviation of measured throughput, requests/s: √(N·var(c)/(E(c)³·T)).

    The renewal theorem's variance of a count, for N independent users whose cycle (think time and response) has mean
    E(c) and variance var(c), over a window of T seconds (Cox, Renewal Theory, 1962, section 4.2).
    """
    return math.sqrt(users * cycle_variance / (cycle_s**3 * seconds))


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """A resource that requests visit."""

    demand_s: float
    """Seconds of it that one request needs."""
    servers: int = 1
    """How many requests it works on at a time."""
    kind: Literal["queue", "delay"] = "queue"
    """A delay has a server for every request, so that no request waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What queueing theory expects of a closed network, for 1, 2, … N users."""

    users: NDArray[np.int64]
    throughput: NDArray[np.float64]
    """Requests/s."""
    response_s: NDArray[np.float64]


def exact_mva(stations: Sequence[Station], think_s: float, users: int) -> Prediction:
    """Solve a closed product-form network of one class exactly, for 1 to `users` users.

    The result is that of exact mean value analysis (Reiser & Lavenberg 1980), reached by the convolution of normalising
    constants (Buzen 1973), X(n) = G(n - 1)/G(n), in logarithms: for stations with several servers the recursion of
    mean values loses all its digits at high load. It takes time in proportion to users × servers. Raises ValueError
    where there is no time to spend anywhere.
    """
    delay = think_s + sum(station.demand_s for station in stations if station.kind == "delay")
    queues = [station for station in stations if station.kind == "queue" and station.demand_s > 0]
    if users < 1 or (delay <= 0 and not queues):
        raise ValueError("a network needs at least one user and a station or a think time")
    n = np.arange(users + 1)
    constant = _log_delay(n, delay)
    for station in queues:
        constant = _log_with_queue(constant, n, station)
    throughput = np.exp(constant[:-1] - constant[1:])
    return Prediction(users=n[1:], throughput=throughput, response_s=n[1:] / throughput - think_s)


def _log_delay(n: NDArray[np.int64], delay_s: float) -> NDArray[np.float64]:
    """Take the logarithm of Zⁿ/n!, the constants of a network of delays alone."""
    if delay_s <= 0:
        return np.where(n == 0, 0.0, -np.inf)
    return np.asarray(n * math.log(delay_s) - np.array([math.lgamma(k + 1) for k in n]))


def _log_with_queue(constant: NDArray[np.float64], n: NDArray[np.int64], station: Station) -> NDArray[np.float64]:
    """Convolve the constants g of a network (logarithms) with a queue's factors f(k) = Dᵏ/∏ min(j, m).

    f is geometric from k = m on, so all those terms together follow Buzen's recursion, T(n) = T(n - 1)·D/m +
    g(n - m)·f(m), a running sum of g(n - m)·f(m)/(D/m)ⁿ; the m terms before them are added one by one.
    """
    m = min(station.servers, len(n))
    log_factor = n * math.log(station.demand_s) - np.cumsum(np.log(np.clip(n, 1, station.servers)))
    combined = np.full(len(n), -np.inf)
    for k in range(m):
        combined[k:] = np.logaddexp(combined[k:], constant[: len(n) - k] + log_factor[k])
    if m < len(n):
        growth = n[m:] * math.log(station.demand_s / station.servers)
        tail = np.logaddexp.accumulate(constant[:-m] + log_factor[m] - growth) + growth
        combined[m:] = np.logaddexp(combined[m:], tail)
    return combined
