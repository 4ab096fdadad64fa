"""Intervals of scaling laws, which hold the truth."""

import math

import lmfit
import numpy as np
import pytest
from scipy import stats

from loadstone.theory.fitting import (
    fit_amdahl,
    fit_law,
    throughput_interval,
)
from loadstone.theory.scaling import LawName, Runs, usl
from tests.support.scaling_data import LEVELS, SHAPES, data, noisy, said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("law", "truth", "levels", "repeats", "experiments"),
    [
        ("amdahl", (100, 0.1), [1, 2, 4, 8], 3, 300),
        ("amdahl", (100, 0.6), [1, 2, 4, 8], 5, 200),
        ("usl", (100, 0.05, 0.005), LEVELS, 4, 200),
    ],
)
def test_intervals_hold_the_truth(
    law: LawName, truth: tuple[float, ...], levels: list[float], repeats: int, experiments: int
) -> None:
    """Nominally in 95 % of experiments; 200 of them see that with a standard error of 1.5 %."""
    rng = np.random.default_rng(7)
    exact = data(law, truth, levels, repeats)
    held, misfits = dict.fromkeys(SHAPES[law], 0), 0
    for _ in range(experiments):
        fit = fit_law(law, noisy(exact, rng))
        for name, true in zip(SHAPES[law], truth, strict=True):
            held[name] += fit.parameters[name].low <= true <= fit.parameters[name].high
        assert fit.lack_of_fit_p is not None
        misfits += fit.lack_of_fit_p < 0.05
    for name, count in held.items():
        assert 0.92 <= count / experiments <= 0.98, name
    assert 0.02 <= misfits / experiments <= 0.08


def test_interval_of_the_linear_law_is_students() -> None:
    runs = noisy(data("linear", (50,), repeats=3), 1)
    logs = np.log(np.array(runs.throughput) / np.array(runs.n))
    half = stats.t.ppf(0.975, len(logs) - 1) * stats.sem(logs)
    found = fit_law("linear", runs).parameters["x1"]
    assert (found.value, found.low, found.high) == pytest.approx(
        tuple(np.exp([logs.mean(), logs.mean() - half, logs.mean() + half])), rel=1e-6
    )
    assert found.stderr == pytest.approx(found.value * stats.sem(logs), rel=1e-4)


def test_intervals_are_those_of_lmfit() -> None:
    """Inside the bounds, `lmfit.conf_interval` profiles the same F."""
    runs = noisy(data("usl", (100, 0.1, 0.01), repeats=3), 2)
    n, x = np.array(runs.n), np.array(runs.throughput)
    start = lmfit.create_params(gamma=100, alpha=0.1, beta=0.01)

    def residuals(p: lmfit.Parameters) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
        return np.asarray(np.log(x) - np.log(usl(n, p["gamma"].value, p["alpha"].value, p["beta"].value)))

    minimizer = lmfit.Minimizer(residuals, start)
    theirs = lmfit.conf_interval(minimizer, minimizer.minimize(), sigmas=[0.95])
    for name, found in fit_law("usl", runs).parameters.items():
        (_, low), (_, value), (_, high) = theirs[name]
        assert (found.low, found.value, found.high) == pytest.approx((low, value, high), rel=2e-3)


def test_a_bound_makes_an_interval_one_sided() -> None:
    """Half of all linear data would be fitted best by σ < 0: the estimate is 0, the upper limit remains."""
    fits = [fit_law("amdahl", noisy(data("linear", (100,), [1, 2, 4, 8], 3), seed)) for seed in range(20)]
    at_bound = [fit for fit in fits if fit.parameters["sigma"].value == 0]
    assert 4 <= len(at_bound) <= 16
    for fit in at_bound:
        sigma = fit.parameters["sigma"]
        assert sigma.low == 0
        assert sigma.stderr is None
        assert 0 < sigma.high < 0.05
        assert math.isinf(fit.max_speedup)
        assert said(fit, "sigma is at its bound 0: its interval is one-sided")
    for fit in fits:
        sigma = fit.parameters["sigma"]
        ends = sigma.value > 0 and sigma.low == 0
        assert bool(said(fit, "the interval of sigma ends at the bound 0")) == ends


def test_the_upper_bound_of_sigma_holds_too() -> None:
    fit = fit_amdahl([1, 2, 4, 8], [100, 90, 80, 70])
    assert (fit.serial_fraction.value, fit.serial_fraction.high, fit.max_speedup) == (1, 1, 1)
    assert 0 < fit.serial_fraction.low < 1
    assert said(fit, "sigma is at its bound 1")


def test_a_limit_that_the_data_do_not_set_is_infinite_and_said() -> None:
    fit = fit_law("usl", Runs.of([2, 4, 8, 16], [1, 2, 4, 1e5]))
    assert fit.parameters["alpha"].high == math.inf
    assert said(fit, "the data set no upper limit to alpha")


def test_band_is_the_interval_of_the_throughput() -> None:
    runs = noisy(data("usl", (100, 0.1, 0.01), repeats=4), 3)
    fit = fit_law("usl", runs)
    band = {n: throughput_interval(fit, n) for n in (1, 3, 16, 40)}
    for n, found in band.items():
        assert found.value == pytest.approx(fit.throughput(n), rel=1e-6)
        assert found.low < usl(n, 100, 0.1, 0.01) < found.high
    gamma = fit.parameters["gamma"]
    assert (band[1].low, band[1].high) == pytest.approx((gamma.low, gamma.high), rel=1e-5)
    assert band[40].high / band[40].low > band[3].high / band[3].low
