"""Data that are not what they seem, and data that no law can be fitted to."""

import math

import pytest

from loadstone.theory.fitting import (
    MIN_RUNS,
    fit_amdahl,
    fit_law,
    fit_usl,
)
from loadstone.theory.scaling import LawName, NotIdentifiable, Runs, usl
from tests.support.scaling_data import LAWS, LEVELS, RAYTRACER, SHAPES, SPEC_SDM91, data, noisy, said


@pytest.mark.parametrize("throughput", [[32.7, 32.8, 32.8], [33, 33, 33], [1000, 980, 1010]])
def test_flat_data_are_a_perfect_amdahl_curve_and_named(throughput: list[float]) -> None:
    fit = fit_amdahl([1, 2, 4], throughput)
    assert fit.serial_fraction.value > 0.97
    assert "a constant is a perfect Amdahl curve" in fit.warnings[0]
    assert fit.warnings[0].startswith("flat")


def test_flat_within_the_noise_is_flat() -> None:
    runs = Runs.of([1, 1, 1, 2, 2, 2, 4, 4, 4], [90, 100, 115, 88, 108, 120, 95, 101, 123])
    assert said(fit_law("amdahl", runs), "flat")
    precise = Runs.of([1, 1, 1, 2, 2, 2, 4, 4, 4], [100, 100.1, 99.9, 107, 107.1, 106.9, 113, 113.1, 112.9])
    assert not said(fit_law("amdahl", precise), "flat")


def test_retrograde_data_are_named() -> None:
    repeated = [noisy(data("usl", (100, 0.1, 0.02), repeats=3), seed, noise=0.02) for seed in range(3)]
    for law in LAWS:
        for runs in repeated:
            fit = fit_law(law, runs)
            assert said(fit, "retrograde: throughput at n = 16 is ")
            assert bool(said(fit, "can't fall")) == (law != "usl")
        fit = fit_law(law, Runs.of(*SPEC_SDM91))
        assert not said(fit, "retrograde"), "single runs"
        assert said(fit, "whether throughput falls is open: throughput at n = 216 is 8.15 % below that at 72")
    assert not said(fit_usl(*RAYTRACER), "retrograde")
    slight = fit_law("usl", noisy(data("usl", (100, 0.1, 0.006), repeats=5), 8, noise=0.005))
    assert said(slight, "retrograde")


@pytest.mark.parametrize(
    ("throughput", "repeats"),
    [
        ([100 * n**1.1 for n in LEVELS], 1),
        ([10, 20.2, 41, 83, 168], 3),
        ([usl(n, 100, -0.03, 0.002) for n in LEVELS], 3),
    ],
    ids=["power", "slight", "at first"],
)
@pytest.mark.parametrize("law", LAWS)
def test_superlinear_data_are_named_not_clipped_in_silence(law: LawName, throughput: list[float], repeats: int) -> None:
    fit = fit_law(law, Runs.of(LEVELS * repeats, throughput * repeats))
    assert said(fit, "superlinear: throughput / n is")
    assert not any(warning.startswith("flat") for warning in fit.warnings)


def test_slight_rises_of_single_runs_are_left_open() -> None:
    for throughput in ([10, 20.2, 41, 84, 170], [usl(n, 100, -0.03, 0.002) for n in LEVELS]):
        fit = fit_law("amdahl", Runs.of(LEVELS, throughput))
        assert not said(fit, "superlinear")
        assert said(fit, "single runs are assumed to scatter by 5 %: repeat both levels")


def test_superlinear_states_the_free_fit() -> None:
    fit = fit_usl(LEVELS * 3, [usl(n, 100, -0.03, 0.002) for n in LEVELS] * 3)
    assert fit.contention.value == 0
    assert said(fit, "a fit without bounds gives alpha = -0.03")


@pytest.mark.slow
def test_honest_data_are_not_called_names() -> None:
    """Linear data, which lie on the border, are called superlinear by chance alone, and so seldom."""
    seeds = range(100)
    straight = [fit_law("amdahl", noisy(data("linear", (100,), repeats=3), seed)) for seed in seeds]
    assert sum(bool(said(fit, "superlinear")) for fit in straight) <= 12
    bent = [fit_law("amdahl", noisy(data("amdahl", (100, 0.1), repeats=3), seed)) for seed in seeds]
    for word in ("superlinear", "retrograde", "flat", "bound"):
        assert sum(bool(said(fit, word)) for fit in bent) <= 1, word


def test_few_levels_or_repeats_are_indicative() -> None:
    for levels, repeats, firm in ((4, 5, True), (3, 5, False), (4, 4, False)):
        fit = fit_law("amdahl", noisy(data("amdahl", (100, 0.1), LEVELS[:levels], repeats), 9))
        assert bool(said(fit, "indicative")) != firm
    thin = noisy(data("amdahl", (100, 0.1), repeats=5), 9)
    assert said(fit_law("amdahl", Runs.of(thin.n[1:], thin.throughput[1:])), "the thinnest of 4 runs")


def test_peak_beyond_the_data_is_called_extrapolated() -> None:
    assert said(fit_usl(LEVELS, [usl(n, 100, 0.1, 0.001) for n in LEVELS]), "extrapolated")
    assert not said(fit_usl(*SPEC_SDM91), "extrapolated")


# Nothing to fit.


@pytest.mark.parametrize(
    ("law", "n", "throughput", "reason"),
    [
        ("amdahl", [1, 2], [1, 2], "2 levels; a fit needs at least 3"),
        ("linear", [1, 1, 1], [1, 2, 3], "1 level; a fit needs at least 3"),
        ("amdahl", [1, 1, 2, 2], [1, 1, 2, 2], "2 levels"),
        ("usl", [1, 2, 4], [1, 2, 3], "3 runs; a fit of the usl law needs at least 4"),
        ("usl", [2, 4, 8, 16], [1e5, 2, 4, 1], "no finite X"),
    ],
)
def test_no_fit_where_there_is_nothing_to_fit(
    law: LawName, n: list[float], throughput: list[float], reason: str
) -> None:
    with pytest.raises(NotIdentifiable, match=reason):
        fit_law(law, Runs.of(n, throughput))


def test_fewest_runs_leave_scatter() -> None:
    for law in LAWS:
        runs = data(law, (100, 0.1, 0.01)[: len(SHAPES[law])], LEVELS[: MIN_RUNS[law]])
        assert fit_law(law, runs).freedom >= 1


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf])
def test_only_positive_numbers(value: float) -> None:
    for n, throughput in (([1, 2, value], [1, 2, 3]), ([1, 2, 4], [1, value, 3])):
        with pytest.raises(ValueError, match="not positive"):
            fit_amdahl(n, throughput)
    with pytest.raises(ValueError, match="for every number"):
        fit_amdahl([1, 2, 4], [1, 2])
