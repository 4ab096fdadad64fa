"""y = a + b·x + c·load: what it recovers, how often its intervals cover, and when it calls a line a line."""

import numpy as np
import pytest

from loadstone.theory.intervals import Interval
from loadstone.theory.linear_model import LinearModel, fit_linear_model

LEVELS, LOADS, REPEATS = (10.0, 1000.0, 10_000.0), (1.0, 4.0), 2
N = [n for n in LEVELS for _ in LOADS for _ in range(REPEATS)]
LOAD = [load for _ in LEVELS for load in LOADS for _ in range(REPEATS)]
A, B, C = 1.0, 0.0005, 0.3
SIMULATIONS = 1500


def made_up(
    rng: np.random.Generator, *, b: float = B, c: float = C, bend: float = 0.0, scatter: float = 0.2
) -> list[float]:
    """Runs of a server whose metric follows the model, a bend at the middle level aside."""
    pairs = zip(N, LOAD, strict=True)
    return [A + b * n + c * load + bend * (n == LEVELS[1]) + float(rng.normal(0, scatter)) for n, load in pairs]


def covers(interval: Interval | None, truth: float) -> bool:
    assert interval is not None
    assert interval.low is not None
    assert interval.high is not None
    return interval.low <= truth <= interval.high


def test_recovers_what_it_was_made_of() -> None:
    model = fit_linear_model(N, made_up(np.random.default_rng(1), scatter=1e-9), LOAD)
    assert (model.a.value, model.b.value) == pytest.approx((A, B))
    assert model.c is not None
    assert model.c.value == pytest.approx(C)
    assert model.change.value == pytest.approx(B * 9990)
    assert model.relative.value == pytest.approx(B * 9990 / (A + B * 10 + C * 2.5))


@pytest.mark.slow
def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(2)
    truths = {"a": A, "b": B, "c": C, "change": B * 9990, "relative": B * 9990 / (A + B * 10 + C * 2.5)}
    hits = dict.fromkeys(truths, 0)
    for _ in range(SIMULATIONS):
        model = fit_linear_model(N, made_up(rng), LOAD)
        for name, truth in truths.items():
            hits[name] += covers(getattr(model, name), truth)
    assert all(0.93 < count / SIMULATIONS < 0.97 for count in hits.values()), hits


@pytest.mark.slow
def test_a_straight_line_is_called_bent_in_one_campaign_of_a_hundred() -> None:
    """Even where albums cost more, the more users there are: that is no bend."""
    rng = np.random.default_rng(3)
    for more in (0.0, 0.001):
        ps = []
        for _ in range(SIMULATIONS):
            y = [v + more * n * load for v, n, load in zip(made_up(rng), N, LOAD, strict=True)]
            ps.append(fit_linear_model(N, y, LOAD).lack_of_fit_p)
        assert 0.002 < float(np.mean([p is not None and p < 0.01 for p in ps])) < 0.02


def test_a_bend_is_found() -> None:
    model = fit_linear_model(N, made_up(np.random.default_rng(4), bend=3.0), LOAD)
    assert model.lack_of_fit_p is not None
    assert model.lack_of_fit_p < 0.001


def test_bend_without_scatter() -> None:
    exact = [A + B * n + C * load for n, load in zip(N, LOAD, strict=True)]
    assert fit_linear_model(N, exact, LOAD).lack_of_fit_p == 1.0
    assert fit_linear_model(N, [v + (n == LEVELS[1]) for v, n in zip(exact, N, strict=True)], LOAD).lack_of_fit_p == 0.0


def test_one_sweep_is_an_ordinary_line() -> None:
    """Against Montgomery's way of writing it: Sxy/Sxx, and t of it with n - 2 degrees of freedom."""
    x, y = [1.0, 1.0, 2.0, 2.0, 4.0, 4.0], [3.1, 2.9, 5.2, 4.9, 9.0, 8.9]
    model = fit_linear_model(x, y)
    slope = np.cov(x, y)[0, 1] / np.var(x, ddof=1)
    assert model.c is None
    assert model.b.value == pytest.approx(slope)
    assert model.a.value == pytest.approx(np.mean(y) - slope * np.mean(x))
    left = np.asarray(y) - model.a.value - slope * np.asarray(x)
    half = 2.776 * np.sqrt(left @ left / 4 / np.sum((np.asarray(x) - np.mean(x)) ** 2))
    assert model.b.high == pytest.approx(slope + half, rel=1e-3)


def test_without_repeats_no_bend_and_without_freedom_no_interval() -> None:
    single = fit_linear_model([1, 2, 4], [1.0, 2.1, 3.9])
    assert single.lack_of_fit_p is None
    assert single.b.low is not None, "one run is left over to judge the other two by"
    two = fit_linear_model([1, 2], [1.0, 2.0])
    for interval in (two.a, two.b, two.change, two.relative):
        assert (interval.low, interval.high) == (None, None)
    assert two.b.value == pytest.approx(1.0)


def test_relative_change_has_no_bounds_where_the_base_might_be_nothing() -> None:
    model = fit_linear_model([0, 0, 1, 1], [0.01, -0.01, 1.02, 0.98])
    assert (model.relative.low, model.relative.high) == (None, None)
    assert model.change.low is not None


@pytest.mark.parametrize(
    ("albums", "load"),
    [
        ([10, 10, 10], [1, 2, 3]),
        ([10, 20, 30], [5, 5, 5]),
        ([10, 20, 30, 40], [1, 2, 3, 4]),
        ([10, 20], [1, 2]),
        ([], None),
    ],
)
def test_design_that_can_not_tell_is_refused(albums: list[float], load: list[float] | None) -> None:
    with pytest.raises(ValueError, match=r"differ|separated"):
        fit_linear_model(albums, [1.0] * len(albums), load)


def test_all_figures_are_plain_numbers() -> None:
    model: LinearModel = fit_linear_model(N, made_up(np.random.default_rng(5)), LOAD)
    for interval in (model.a, model.b, model.c, model.change, model.relative):
        assert interval is not None
        assert all(type(value) is float for value in (interval.value, interval.low, interval.high))
    assert type(model.lack_of_fit_p) is float
