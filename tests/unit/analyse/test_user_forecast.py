"""Predictions of a sweep over users: textbook cases, bounds, and a closed system that is simulated event by event."""

import heapq
import itertools
import json
import math
from statistics import stdev

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.analyse.user_forecast import MAX_POINTS, NotPredictable, UserLevel, predict
from loadstone.results.json_file import to_json
from loadstone.results.scaling import UserForecast

NAN = math.nan


def level(
    users: int,
    throughput: tuple[float, ...],
    server_cpu: tuple[float, ...],
    *,
    response_s: tuple[float, ...] | None = None,
    think_s: float = 1.0,
) -> UserLevel:
    """Make a level whose response times are those of Little's law, unless given."""
    return UserLevel(
        users=users,
        experiment=f"users-{users}",
        throughput=throughput,
        response_s=response_s or tuple(max(0.0, users / x - think_s) for x in throughput),
        think_s=think_s,
        server_cpu=server_cpu,
    )


def network(server_s: float, other_s: float, think_s: float, servers: int, users: int) -> UserForecast:
    """Predict for demands that are known, whatever the throughput."""
    return predict([level(users, (7.0,), (7.0 * server_s,), think_s=think_s)], server_s + other_s, servers)


# Known answers.


def test_two_users_by_hand() -> None:
    """D = Z = 1 s: alone X = 1/2 and the queue 1/2, so the second user meets R = 3/2 and X = 2/(5/2)."""
    forecast = network(1.0, 0.0, 1.0, 1, 2)
    assert [point.users for point in forecast.curve] == [1, 2, 3]
    assert [point.mva_throughput for point in forecast.curve[:2]] == pytest.approx([0.5, 0.8])
    assert [point.mva_response_s for point in forecast.curve[:2]] == pytest.approx([1.0, 1.5])
    assert [point.throughput_bound for point in forecast.curve] == pytest.approx([0.5, 1.0, 1.0])
    assert [point.response_bound_s for point in forecast.curve] == pytest.approx([1.0, 1.0, 2.0])
    assert forecast.knee_users == pytest.approx(2)
    assert forecast.capacity_rps == pytest.approx(1)


def test_central_server_by_the_recursion_of_mean_values() -> None:
    """R(n) = D·(1 + Q(n - 1)) + other, X(n) = n/(R(n) + Z), Q(n) = X(n)·D·(1 + Q(n - 1))."""
    demand, other, think, queue = 0.02, 0.03, 0.4, 0.0
    for point in network(demand, other, think, 1, 50).curve:
        residence = demand * (1 + queue)
        throughput = point.users / (residence + other + think)
        queue = throughput * residence
        assert point.mva_throughput == pytest.approx(throughput, rel=1e-9)
        assert point.mva_response_s == pytest.approx(residence + other, rel=1e-9)


def test_several_machines_are_repaired_at_once() -> None:
    """Births and deaths: k of the machines are down as often as N!/(N - k)!·(D/Z)ᵏ/∏ min(j, m) says."""
    servers, demand, other, think = 3, 0.02, 0.01, 0.1
    for point in network(demand, other, think, servers, 30).curve:
        weights, busy = [1.0], 0.0
        for k in range(1, point.users + 1):
            weights.append(weights[-1] * (point.users - k + 1) * demand / (think + other) / min(k, servers))
            busy += weights[-1] * min(k, servers)
        assert point.mva_throughput == pytest.approx(busy / sum(weights) / demand, rel=1e-9)


def test_demand_is_all_cpu_over_all_requests() -> None:
    """Levels count by their requests: 0.1 + 0.9 CPUs for 10 + 60 requests/s, and 1.8 for 130 in another level."""
    levels = [level(100, (130.0,), (1.8,), think_s=2.0), level(10, (10.0, 60.0), (0.1, 0.9), think_s=1.0)]
    forecast = predict(levels, 0.05, 2)
    assert forecast.demands.server_s == pytest.approx(0.014)
    assert forecast.demands.bottleneck_s == pytest.approx(0.007)
    assert forecast.demands.other_s == pytest.approx(0.036)
    assert forecast.demands.total_s == pytest.approx(0.05)
    assert forecast.think_s == pytest.approx((70 * 1.0 + 130 * 2.0) / 200)
    assert forecast.capacity_rps == pytest.approx(2 / 0.014)
    assert forecast.knee_users == pytest.approx((0.05 + forecast.think_s) / 0.007)


def test_runs_without_cpu_say_nothing_of_the_demand() -> None:
    levels = [level(10, (10.0, 500.0), (0.1, NAN)), level(20, (1000.0,), (NAN,))]
    assert predict(levels, 0.05, 1).demands.server_s == pytest.approx(0.01)


def test_unloaded_response_below_its_cpu_leaves_nothing_else() -> None:
    forecast = predict([level(5, (10.0,), (0.2,))], 0.015, 1)
    assert forecast.demands.other_s == 0
    assert forecast.curve[0].mva_response_s == pytest.approx(0.02)


# What holds of any network.

seconds = st.floats(1e-4, 1.0)
networks = {
    "server_s": seconds,
    "other_s": st.floats(0.0, 1.0),
    "think_s": st.floats(0.0, 5.0),
    "servers": st.integers(1, 16),
}


@given(**networks, users=st.integers(1, 3000))
def test_bounds_enclose_the_curve(server_s: float, other_s: float, think_s: float, servers: int, users: int) -> None:
    forecast = network(server_s, other_s, think_s, servers, users)
    unloaded, capacity = server_s + other_s, servers / server_s
    for point in forecast.curve:
        n, x, r = point.users, point.mva_throughput, point.mva_response_s
        assert point.throughput_bound == pytest.approx(min(n / (unloaded + think_s), capacity))
        assert point.response_bound_s == pytest.approx(max(unloaded, n / capacity - think_s))
        assert x <= point.throughput_bound * (1 + 1e-6)
        assert r >= point.response_bound_s * (1 - 1e-6) - 1e-9
        assert x * (r + think_s) == pytest.approx(n)
    rising = [point.mva_throughput for point in forecast.curve]
    assert all(later >= earlier * (1 - 1e-9) for earlier, later in itertools.pairwise(rising))


@given(**networks)
def test_one_user_waits_for_nobody(server_s: float, other_s: float, think_s: float, servers: int) -> None:
    first = network(server_s, other_s, think_s, servers, 3).curve[0]
    assert first.users == 1
    assert first.mva_throughput == pytest.approx(1 / (server_s + other_s + think_s), rel=1e-9)


@given(**networks, users=st.integers(1, 5000))
def test_curve_reaches_beyond_the_most_users(
    server_s: float, other_s: float, think_s: float, servers: int, users: int
) -> None:
    forecast = network(server_s, other_s, think_s, servers, users)
    populations = [point.users for point in forecast.curve]
    assert populations == sorted(set(populations))
    assert populations[0] == 1
    assert populations[-1] == math.ceil(1.2 * users)
    assert len(populations) <= MAX_POINTS
    assert len(populations) == populations[-1] or populations[-1] > MAX_POINTS
    corner = {math.floor(forecast.knee_users), math.ceil(forecast.knee_users)} - {0}
    assert {n for n in corner if n <= populations[-1]} <= set(populations)


def test_many_levels_make_no_longer_curve() -> None:
    forecast = predict([level(users, (7.0,), (0.07,)) for users in range(10, 1001, 10)], 0.02, 1)
    assert len(forecast.levels) == 100
    assert len(forecast.curve) <= MAX_POINTS


# Beside measurements.


def simulate(servers: int, users: int, service: float, other: float, think: float, seed: int) -> UserLevel:
    """Serve 20,000 requests in order of arrival, times exponential, the other delay constant; drop the first tenth."""
    rng = np.random.default_rng(seed)
    requests, dropped = 20_000, 2_000
    services, thinks = rng.exponential(service, requests).tolist(), rng.exponential(think, requests + users).tolist()
    arrivals = [thinks.pop() + other / 2 for _ in range(users)]
    free = [0.0] * servers
    heapq.heapify(arrivals)
    ends, responses = [], []
    for work in services:
        arrival = heapq.heappop(arrivals)
        end = max(arrival, heapq.heappop(free)) + work
        heapq.heappush(free, end)
        heapq.heappush(arrivals, end + other / 2 + thinks.pop() + other / 2)
        ends.append(end)
        responses.append(end - arrival + other)
    elapsed = max(ends) - ends[dropped - 1]
    return UserLevel(
        users=users,
        experiment=f"users-{users}",
        throughput=((requests - dropped) / elapsed,),
        response_s=(float(np.mean(responses[dropped:])),),
        think_s=think,
        server_cpu=(sum(services[dropped:]) / elapsed,),
    )


@pytest.mark.parametrize("servers", [1, 4])
def test_simulated_sweep_is_met(servers: int) -> None:
    """Below, at and beyond the knee, from nothing but R₀, Z and the CPU a request."""
    service, other, think = 0.01, 0.005, 0.2
    knee = servers * (service + other + think) / service
    sweep = [simulate(servers, round(knee * share), service, other, think, 17) for share in (0.4, 0.8, 1.0, 1.2, 1.6)]
    forecast = predict(sweep, service + other, servers)
    assert forecast.knee_users == pytest.approx(knee, rel=0.02)
    for found in forecast.levels:
        assert found.throughput_ratio == pytest.approx(1, abs=0.05), found.users
        assert found.mva_throughput == pytest.approx(found.throughput.value, rel=0.05), found.users
        assert found.mva_response_s == pytest.approx(found.response_s.value, rel=0.05), found.users


def test_levels_come_by_users_with_intervals_over_their_runs() -> None:
    levels = [
        level(40, (30.0,), (0.3,), response_s=(0.3,)),
        level(20, (18.0, 19.0, 19.0, 20.0), (0.18, 0.19, 0.19, 0.20), response_s=(0.1, 0.1, 0.1, 0.1)),
    ]
    few, many = predict(levels, 0.02, 1).levels
    assert (few.users, few.experiment) == (20, "users-20")
    assert (many.users, many.experiment) == (40, "users-40")
    mean = (18 * 19 * 19 * 20) ** (1 / 4)
    factor = math.exp(3.182446 * stdev(map(math.log, (18, 19, 19, 20))) / 2)  # Student's t, three degrees of freedom
    assert few.throughput.value == pytest.approx(mean)
    assert (few.throughput.low, few.throughput.high) == pytest.approx((mean / factor, mean * factor))
    assert few.response_s.value == pytest.approx(0.1)
    assert (many.throughput.low, many.throughput.high, many.throughput.runs) == (None, None, 1)
    assert (many.throughput.values, few.response_s.values) == ((30.0,), (0.1,) * 4)
    assert few.throughput_ratio == pytest.approx(mean / few.mva_throughput)
    assert many.throughput_ratio == pytest.approx(30 / many.mva_throughput)
    assert few.mva_throughput == pytest.approx(19.57, abs=0.05)  # 20/1.02 less a little waiting


def test_json_has_every_figure_and_no_nan() -> None:
    forecast = predict([level(100, (30.0, 31.0), (0.3, NAN)), level(5, (4.9,), (NAN,))], 0.02, 2)
    found = json.loads(to_json(forecast))
    assert UserForecast.model_validate_json(to_json(forecast), strict=True) == forecast
    assert found["demands"] == pytest.approx(
        {"server_s": 0.01, "servers": 2, "other_s": 0.01, "bottleneck_s": 0.005, "total_s": 0.02}
    )
    assert set(found) == {"demands", "think_s", "knee_users", "capacity_rps", "curve", "levels"}
    assert found["curve"][0]["mva_throughput"] == forecast.curve[0].mva_throughput
    assert found["levels"][0]["throughput"] == {"value": 4.9, "low": None, "high": None, "runs": 1, "values": [4.9]}


# Why there is none.


@pytest.mark.parametrize(
    ("levels", "unloaded", "servers", "reason"),
    [
        ([], 0.02, 1, "no level"),
        ([level(5, (4.0,), (NAN,))], 0.02, 1, "CPU was not measured"),
        ([level(5, (4.0,), (0.0,))], 0.02, 1, "or it used none"),
        ([level(5, (4.0,), (0.1,))], 0.02, 0, "at a time is not known"),
        ([level(5, (4.0,), (0.1,))], NAN, 1, "with one user was not measured"),
        ([level(5, (4.0,), (0.1,))], 0.0, 1, "with one user was not measured"),
    ],
)
def test_says_what_is_missing(levels: list[UserLevel], unloaded: float, servers: int, reason: str) -> None:
    with pytest.raises(NotPredictable, match=reason):
        predict(levels, unloaded, servers)


@pytest.mark.parametrize(
    ("users", "throughput", "response_s", "think_s", "server_cpu", "reason"),
    [
        (5, (), (), 1.0, (), "every run needs"),
        (5, (4.0, 4.1), (0.1,), 1.0, (0.1, 0.1), "every run needs"),
        (5, (4.0,), (0.1,), 1.0, (), "every run needs"),
        (0, (4.0,), (0.1,), 1.0, (0.1,), "number of users or a throughput"),
        (5, (0.0,), (0.1,), 1.0, (0.1,), "number of users or a throughput"),
        (5, (NAN,), (0.1,), 1.0, (0.1,), "number of users or a throughput"),
        (5, (4.0,), (NAN,), 1.0, (0.1,), "response time or the think time"),
        (5, (4.0,), (0.1,), NAN, (0.1,), "response time or the think time"),
        (5, (4.0,), (0.1,), -1.0, (0.1,), "response time or the think time"),
    ],
)
def test_level_wants_all_its_figures(
    users: int,
    throughput: tuple[float, ...],
    response_s: tuple[float, ...],
    think_s: float,
    server_cpu: tuple[float, ...],
    reason: str,
) -> None:
    with pytest.raises(NotPredictable, match=f"^a: .*{reason}"):
        UserLevel(
            users=users,
            experiment="a",
            throughput=throughput,
            response_s=response_s,
            think_s=think_s,
            server_cpu=server_cpu,
        )
