"""Limits on what a whole run's figures can be: they hold for simulated users, and wrong numbers of users break them."""

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

from loadstone.theory.closed_run import (
    Account,
    ClosedRun,
    Span,
    count_agrees,
    looks_fixed,
    mean_from_quantiles,
    mean_think,
    ramp_that_explains,
    rounded_count,
)

Draw = Callable[[np.random.Generator], float]
ANYTHING = Span(0.0, math.inf)


@dataclass(frozen=True)
class Printed:
    """What a load tool prints about a run."""

    requests: int
    seconds: float
    mean_s: float
    longest_s: float


def simulate(
    rng: np.random.Generator,
    users: int,
    think: tuple[float, float],
    service: Draw,
    *,
    queue: bool,
    ramp_s: float,
    seconds: float = math.inf,
    requests: int | None = None,
) -> Printed:
    """Let users send requests in turns, to one server with a queue or to a server for each, until time or requests end.

    Requests in progress at the end are cut off; where the number of requests is fixed, the run ends with the last one.
    """
    due = [(ramp_s * user / users, user) for user in range(users)]
    heapq.heapify(due)
    free, ended = 0.0, []
    issued = 0
    while due and (requests is None or issued < requests):
        start, user = heapq.heappop(due)
        if start >= seconds:
            break
        issued += 1
        end = (max(free, start) if queue else start) + service(rng)
        free = end if queue else free
        if end <= seconds:
            ended.append((end, end - start))
        heapq.heappush(due, (end + rng.uniform(*think), user))
    times = [response for _, response in ended]
    last = max(end for end, _ in ended)
    return Printed(len(ended), last if requests is not None else seconds, float(np.mean(times)), max(times))


def figures(printed: Printed, users: float, think: tuple[float, float], ramp_s: float | None) -> ClosedRun:
    """What an audit knows of it: a rate with one decimal, a mean in milliseconds."""
    rate = round(printed.requests / printed.seconds, 1)
    return ClosedRun(
        users=users,
        throughput=Span.around(rate, 0.05),
        response_s=Span.around(round(printed.mean_s, 3), 0.0005),
        think_s=mean_think(*think, printed.requests),
        seconds=printed.seconds,
        ramp_s=ramp_s,
    )


SERVICES: dict[str, Draw] = {
    "constant": lambda rng: 0.02,
    "exponential": lambda rng: float(rng.exponential(0.02)),
    "skewed": lambda rng: float(rng.lognormal(math.log(0.02) - 0.72, 1.2)),
}


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("queue", [False, True])
@pytest.mark.parametrize("think", [(0.0, 0.0), (0.1, 0.1), (0.5, 1.5)])
def test_sound_runs_are_never_accused(service: str, queue: bool, think: tuple[float, float]) -> None:
    rng = np.random.default_rng(17)
    for users in (1, 3, 20):
        for seconds, ramp_s in ((1.0, 0.0), (4.0, 0.6), (20.0, 2.0)):
            if seconds == 20.0 and users == 20 and think[1] == 0:
                continue  # the longest ones show nothing new
            printed = simulate(rng, users, think, SERVICES[service], queue=queue, ramp_s=ramp_s, seconds=seconds)
            for stated in (ramp_s, None):
                assert figures(printed, users, think, stated).judge() is Account.ALL, (users, seconds, stated)
        counted = simulate(rng, users, think, SERVICES[service], queue=queue, ramp_s=0.0, requests=8 * users)
        limits = figures(counted, users, think, None)
        assert replace(limits, longest_response_s=counted.longest_s).judge() is Account.ALL
        assert replace(limits, fixed_requests=True).judge() is Account.ALL


@pytest.mark.parametrize("queue", [False, True])
@pytest.mark.parametrize("think", [(0.0, 0.0), (0.1, 0.3)])
def test_another_number_of_users_is_found(queue: bool, think: tuple[float, float]) -> None:
    printed = simulate(np.random.default_rng(3), 20, think, SERVICES["exponential"], queue=queue, ramp_s=1, seconds=10)
    assert figures(printed, 40, think, None).judge() is Account.FEWER
    assert figures(printed, 10, think, None).judge() is Account.IMPOSSIBLE


RUN = ClosedRun(users=10, throughput=Span(5, 5), response_s=Span(0.1, 0.1), think_s=Span(1, 1), seconds=100)


def test_unknown_response_never_shows_missing_users() -> None:
    """Users may have been waiting for the server: 1000 of them at 164 requests/s, if responses take 6.1 s."""
    assert RUN.judge() is Account.FEWER
    assert replace(RUN, response_s=ANYTHING).judge() is Account.UNKNOWN
    many = replace(RUN, users=1000, throughput=Span(164.3, 164.3), think_s=Span(0, 0), seconds=60)
    assert replace(many, response_s=ANYTHING).judge() is Account.UNKNOWN
    assert replace(many, response_s=Span(6.09, 6.09)).judge() is Account.ALL


def test_requests_in_progress_never_exceed_the_users() -> None:
    """Whatever the pauses are, X·R ≤ N."""
    waiting = replace(RUN, throughput=Span(200, 200), think_s=ANYTHING)
    assert waiting.judge() is Account.IMPOSSIBLE
    assert replace(waiting, users=20).judge() is Account.UNKNOWN


def test_ends_matter_less_in_longer_runs() -> None:
    """38 of 50 users in 6 seconds may have been cut off; in 10 minutes they were missing."""
    short = replace(RUN, users=50, throughput=Span(16.9, 16.9), response_s=Span(0.27, 0.27), think_s=Span(2, 2))
    assert replace(short, seconds=6).judge() is Account.ALL
    assert replace(short, seconds=600).judge() is Account.FEWER
    assert replace(short, seconds=600, ramp_s=500).judge() is Account.ALL


def test_length_that_is_not_stated_is_never_held_against_a_row() -> None:
    """Users who pause for a minute send their first requests at once."""
    burst = replace(RUN, throughput=Span(0.3, 0.3), think_s=Span(60, 60))
    assert replace(burst, seconds=None).judge() is Account.ALL
    assert replace(burst, seconds=6000).judge() is Account.IMPOSSIBLE


def test_ramp_that_explains() -> None:
    assert ramp_that_explains(50, 45, 100) == pytest.approx(20)
    assert ramp_that_explains(50, 20, 100) is None
    assert ramp_that_explains(50, 51, 100) is None


@pytest.mark.parametrize("seed", range(5))
def test_mean_lies_between_what_quantiles_allow(seed: int) -> None:
    times = np.random.default_rng(seed).lognormal(0, 1.5, 1000)
    quantiles = {share: float(np.quantile(times, share, method="inverted_cdf")) for share in (0.5, 0.9, 0.99)}
    bounds = mean_from_quantiles(quantiles, float(times.max()))
    assert bounds.low < times.mean() < bounds.high
    assert mean_from_quantiles(quantiles, None).high == math.inf
    assert mean_from_quantiles({}, None) == ANYTHING


@pytest.mark.parametrize(
    ("requests", "seconds", "rate", "cycle_s", "agree"),
    [
        (200, Span.around(0.17, 0.005), Span.around(1203.96, 0.005), 0.015, True),
        (267, Span.around(60, 0.5), Span.around(4.63, 0.005), 2.1, True),
        (998, Span.around(60, 0.5), Span.around(16.89, 0.005), 2.3, True),
        (5223, Span.around(180, 0.5), Span.around(32.7, 0.05), 1.5, False),
        (1000, Span.around(1.24666, 5e-6), Span.around(802142.94, 0.005), 0.05, False),
        (2636, Span.around(60, 0.5), Span.around(4.39, 0.005), 1.05, False),
        (101000, Span.around(300, 0.5), Span.around(297, 0.5), 0.0, False),
    ],
)
def test_count_and_rate(requests: float, seconds: Span, rate: Span, cycle_s: float, agree: bool) -> None:
    assert count_agrees(rounded_count(requests), seconds, rate, cycle_s) is agree


def test_number_of_requests_that_was_set() -> None:
    assert looks_fixed(200, 30)
    assert looks_fixed(1050, 50)
    assert not looks_fixed(5223, 50)
    assert not looks_fixed(998, 50)


@pytest.mark.parametrize(
    ("count", "span"),
    [
        (72_000, Span(71_500, 72_500)),
        (1_200_000, Span(1_150_000, 1_250_000)),
        (10_000, Span(9_500, 10_500)),
        (5223, Span(5223, 5223)),
        (120, Span(120, 120)),
    ],
)
def test_count_that_may_be_rounded(count: float, span: Span) -> None:
    assert rounded_count(count) == span
