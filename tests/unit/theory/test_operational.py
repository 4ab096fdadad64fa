"""Operational laws, against textbook values and each other."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.theory import operational as laws
from loadstone.theory.operational import Station, exact_mva

demands = st.floats(1e-4, 1.0)
thinks = st.floats(0.0, 5.0)


def test_published_rows_can_send_33_requests_a_second() -> None:
    assert laws.think_time_bound(50, 0.00445, 1.5) == pytest.approx(33.2, abs=0.05)
    assert laws.active_users(0.7, 0.00533, 1.5) == pytest.approx(1.05, abs=0.01)


def test_noise_of_fifty_waiting_users_in_a_minute() -> None:
    assert laws.throughput_noise(50, 1.5, 1 / 12, 60) == pytest.approx(0.14, abs=0.005)


def test_noise_is_that_of_simulated_users() -> None:
    rng = np.random.default_rng(5)
    seconds, users, runs = 60.0, 20, 400
    counts = np.zeros(runs)
    for run in range(runs):
        ends = rng.uniform(0, 1.5, (users, 1)) + rng.uniform(1, 2, (users, 80)).cumsum(axis=1)
        counts[run] = ((ends > 20) & (ends <= 20 + seconds)).sum()
    expected = laws.throughput_noise(users, 1.5, 1 / 12, seconds)
    assert counts.std(ddof=1) / seconds == pytest.approx(expected, rel=0.2)


def test_users_to_saturate() -> None:
    assert laws.users_to_saturate(1, 0.00442, 1.5) == 341
    assert laws.users_to_saturate(4, 0.00442, 1.5) == 1362


def test_single_queue_without_thinking_is_always_busy() -> None:
    predicted = exact_mva([Station(demand_s=0.02)], 0.0, 10)
    assert predicted.throughput.tolist() == pytest.approx([50.0] * 10)
    assert predicted.response_s.tolist() == pytest.approx([0.02 * n for n in range(1, 11)])


def test_central_server_of_the_textbook() -> None:
    """LZGS section 6.4.2, exact MVA: D = 0.605, 2.1, 1.35 s, Z = 15 s, three customers: X = 0.152, R = 4.74 s."""
    stations = [Station(demand_s=0.605), Station(demand_s=2.1), Station(demand_s=1.35)]
    predicted = exact_mva(stations, 15.0, 3)
    assert predicted.throughput[0] == pytest.approx(1 / 19.055, rel=1e-9)
    by_recursion = mean_values([0.605, 2.1, 1.35], 15.0, 3)
    assert predicted.throughput.tolist() == pytest.approx(by_recursion, rel=1e-9)


def mean_values(station_demands: list[float], think: float, users: int) -> list[float]:
    """The recursion itself, for single servers: R_k = D_k·(1 + Q_k(n-1))."""
    queue = [0.0] * len(station_demands)
    found = []
    for n in range(1, users + 1):
        residence = [d * (1 + q) for d, q in zip(station_demands, queue, strict=True)]
        throughput = n / (think + sum(residence))
        queue = [throughput * r for r in residence]
        found.append(throughput)
    return found


@given(st.lists(demands, min_size=1, max_size=4), thinks, st.integers(1, 60))
def test_agrees_with_the_recursion(station_demands: list[float], think: float, users: int) -> None:
    predicted = exact_mva([Station(demand_s=d) for d in station_demands], think, users)
    assert predicted.throughput.tolist() == pytest.approx(mean_values(station_demands, think, users), rel=1e-6)


def test_machine_repairman() -> None:
    """One repairman, exponential times: Erlang's loss formula gives the idle share, and so the throughput."""
    think, repair, machines = 0.02, 0.002, 8
    a = repair / think
    weights = [math.factorial(machines) / math.factorial(machines - k) * a**k for k in range(machines + 1)]
    expected = (1 - weights[0] / sum(weights)) / repair
    assert exact_mva([Station(demand_s=repair)], think, machines).throughput[-1] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("repairmen", "machines"), [(1, 30), (3, 2), (3, 3), (3, 4), (4, 700), (7, 20_000)])
def test_several_repairmen(repairmen: int, machines: int) -> None:
    """Any number of machines k is down as often as the balance of births and deaths says."""
    think, repair = 0.5, 0.01
    k = np.arange(1, machines + 1)
    weights = np.cumsum(np.log((machines - k + 1) / think * repair / np.minimum(k, repairmen)))
    share = np.exp(np.append(0, weights) - max(weights.max(), 0))
    busy = (share[1:] * np.minimum(k, repairmen)).sum() / share.sum()
    predicted = exact_mva([Station(demand_s=repair, servers=repairmen)], think, machines)
    assert predicted.throughput[-1] == pytest.approx(busy / repair, rel=1e-8)


@given(st.lists(st.tuples(demands, st.integers(1, 40)), min_size=1, max_size=3), thinks, st.integers(1, 30))
def test_is_the_convolution_of_all_factors(queues: list[tuple[float, int]], think: float, users: int) -> None:
    constant = np.array([think**k / math.factorial(k) for k in range(users + 1)])
    for demand, servers in queues:
        factors = [demand**k / math.prod(min(j, servers) for j in range(1, k + 1)) for k in range(users + 1)]
        constant = np.convolve(constant, factors)[: users + 1]
    predicted = exact_mva([Station(demand_s=demand, servers=servers) for demand, servers in queues], think, users)
    assert predicted.throughput.tolist() == pytest.approx((constant[:-1] / constant[1:]).tolist(), rel=1e-9)


def test_calibration_server_of_the_design() -> None:
    """Each request 20 ms in parallel and 2 ms under one lock, one user a worker."""
    stations = [Station(demand_s=0.02, kind="delay"), Station(demand_s=0.002)]
    predicted = exact_mva(stations, 0.0, 8).throughput
    assert predicted[[0, 1, 3]].tolist() == pytest.approx([45.45, 90.1, 176.5], rel=0.01)


def test_several_servers_are_as_many_times_faster_when_all_are_busy() -> None:
    predicted = exact_mva([Station(demand_s=0.01, servers=4)], 0.0, 500)
    assert predicted.throughput[0] == pytest.approx(100)
    assert predicted.throughput[-1] == pytest.approx(400, rel=1e-6)


@given(st.lists(demands, min_size=1, max_size=3), thinks, st.integers(1, 200))
def test_prediction_keeps_to_the_asymptotes(station_demands: list[float], think: float, users: int) -> None:
    predicted = exact_mva([Station(demand_s=d) for d in station_demands], think, users)
    total, largest = sum(station_demands), max(station_demands)
    for n, x, r in zip(predicted.users, predicted.throughput, predicted.response_s, strict=True):
        assert x <= laws.most_throughput(n, total, largest, think) * (1 + 1e-6)
        assert r >= laws.least_response(n, total, largest, think) * (1 - 1e-6) - 1e-9
        assert laws.consistency(n, x, r, think) == pytest.approx(1)


def test_large_populations_keep_their_digits() -> None:
    predicted = exact_mva([Station(demand_s=0.001, servers=2)], 1.0, 3000)
    assert np.isfinite(predicted.throughput).all()
    assert predicted.throughput[-1] == pytest.approx(2000, rel=1e-3)


def test_nowhere_to_spend_time() -> None:
    with pytest.raises(ValueError, match="at least one user"):
        exact_mva([], 0.0, 3)
