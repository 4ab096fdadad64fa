"""A hard cap as a law, the noise that every fit is held against, and what is not stated of single runs."""

from collections.abc import Sequence

import numpy as np
import pytest

from loadstone.theory.capped import CappedFit, CapProblem, capped
from loadstone.theory.caveats import shows_peak
from loadstone.theory.fitting import Choice, fit_best, fit_law, throughput_interval
from loadstone.theory.misfit import largest_miss, misses, noise_of
from loadstone.theory.scaling import LawName, NotIdentifiable, Runs, Weights, amdahl, serial_fraction, usl

CAP = ([1, 2, 3, 4, 6, 8, 12, 16], [100, 199, 262, 261, 259, 260, 258, 261])
"""Requests/s over workers of a server with another limit, one run each: linear, then level."""
STORE = (
    [1, *range(5, 101, 5)],
    [
        *(461.04, 843.88, 825.08, 1005.03, 847.46, 962.46, 909.92, 906.62, 821.02, 859.11, 877.19),
        *(987.17, 929.37, 841.75, 823.72, 897.67, 798.08, 945.18, 865.80, 757.58, 900.90),
    ],
)
"""Operations/s of a store over threads, one run each: from 5 threads on, noise around 880."""
GEVENT = ([1, 2, 4, 9], [1376, 2409, 2657, 2425])
"""Requests/s over gunicorn's workers on four CPUs, one run each."""
CONTAINER, BARE = ([1, 3, 5, 7, 9], [30, 30, 29, 29, 30]), ([1, 3, 5, 7, 9], [75, 85, 88, 96, 114])
"""Requests/s over threads, in a container and on the machine itself, one run each."""

LEVELS = [1, 2, 3, 4, 6, 8, 12, 16]


def said(choice: Choice, word: str) -> list[str]:
    return [warning for warning in choice.fit.warnings if word in warning]


def best(data: tuple[Sequence[float], Sequence[float]], weights: Weights = "relative") -> Choice:
    return fit_best(Runs.of(*data), weights)


def with_noise(n: Sequence[float], exact: Sequence[float], noise: float, seed: int, repeats: int = 1) -> Runs:
    rng = np.random.default_rng(seed)
    levels, means = (np.repeat(np.asarray(values, float), repeats) for values in (n, exact))
    return Runs.of(levels.tolist(), (means * np.exp(rng.normal(0, noise, len(means)))).tolist())


# The fit is exact.


@pytest.mark.parametrize("weights", ["relative", "equal"])
@pytest.mark.parametrize(("unit", "cap"), [(100.0, 350.0), (0.003, 0.02), (2e5, 9e5), (40.0, 320.0)])
def test_finds_the_cap_that_made_the_data(unit: float, cap: float, weights: Weights) -> None:
    fit = fit_law("capped", Runs.of(LEVELS, [capped(n, unit, cap) for n in LEVELS]), weights)
    assert isinstance(fit, CappedFit)
    assert (fit.unit_throughput.value, fit.cap.value) == pytest.approx((unit, cap), rel=1e-9)
    assert (fit.knee, fit.max_speedup, fit.peak) == (pytest.approx(cap / unit), pytest.approx(cap / unit), None)


@pytest.mark.parametrize("weights", ["relative", "equal"])
def test_no_other_parameters_are_better(weights: Weights) -> None:
    """Against a grid: the sum of squares has several minima, one for each place of the break."""
    for seed in range(5):
        runs = with_noise(LEVELS, [usl(n, 100, 0.1, 0.01) for n in LEVELS], 0.1, seed, repeats=2)
        problem = CapProblem(runs, weights)
        fitted = problem.fit()
        n, x = np.array(runs.n), np.array(runs.throughput)
        scale = np.exp(np.linspace(-0.3, 0.3, 121))
        model = np.minimum(
            fitted.unit_throughput * scale[:, None, None] * n, fitted.cap * scale[None, :, None] * np.ones_like(n)
        )
        residuals = np.log(x / model) if weights == "relative" else x - model
        assert fitted.rss <= (residuals**2).sum(axis=2).min() * (1 + 1e-9)
        for name, value in (("x1", fitted.unit_throughput), ("cap", fitted.cap)):
            in_units = fitted.rss if weights == "relative" else fitted.rss / problem.unit**2
            assert problem.profile(name, value) == pytest.approx(in_units, rel=1e-6)  # type: ignore[arg-type]


def test_no_cap_without_a_slope_or_a_plateau() -> None:
    with pytest.raises(NotIdentifiable, match="does not level off"):
        fit_law("capped", Runs.of([1, 2, 4], [10, 20, 40]))
    with pytest.raises(NotIdentifiable, match="does not grow with n"):
        fit_law("capped", Runs.of([1, 2, 4], [30, 29, 30]))
    with pytest.raises(NotIdentifiable, match="2 levels"):
        fit_law("capped", Runs.of([1, 2], [30, 29]))


def test_cap_that_rests_on_one_level_is_named() -> None:
    fit = fit_law("capped", Runs.of([1, 2, 4, 8], [10, 20, 40, 50]))
    assert any("the cap rests on one level, n = 8" in warning for warning in fit.warnings)


def test_band_is_that_of_the_slope_and_of_the_cap() -> None:
    fit = fit_law("capped", with_noise(LEVELS, [capped(n, 100, 350) for n in LEVELS], 0.03, 1, repeats=3))
    assert isinstance(fit, CappedFit)
    low, high = throughput_interval(fit, 1), throughput_interval(fit, 16)
    for band, estimate in ((low, fit.unit_throughput), (high, fit.cap)):
        assert (band.value, band.low, band.high) == pytest.approx((estimate.value, estimate.low, estimate.high))


@pytest.mark.slow
def test_intervals_hold_the_truth() -> None:
    held = {"x1": 0, "cap": 0}
    for seed in range(300):
        fit = fit_law("capped", with_noise(LEVELS, [capped(n, 100, 350) for n in LEVELS], 0.04, seed))
        for name, true in (("x1", 100), ("cap", 350)):
            held[name] += fit.parameters[name].low <= true <= fit.parameters[name].high
    assert all(0.92 <= count / 300 <= 0.98 for count in held.values()), held


# What is chosen, and what is said of public figures.


@pytest.mark.parametrize("weights", ["relative", "equal"])
def test_level_after_a_rise_is_a_cap(weights: Weights) -> None:
    choice = best(CAP, weights)
    assert isinstance(choice.fit, CappedFit)
    assert choice.fit.cap.value == pytest.approx(260.2, abs=0.1)
    assert choice.fit.knee == pytest.approx(2.61, abs=0.01)
    assert choice.steps[-1].larger == "capped"
    assert choice.steps[-1].taken
    assert not said(choice, "retrograde")
    assert not said(choice, "lack of fit")


def test_other_laws_miss_a_cap_and_say_so_first() -> None:
    for law, size in (("amdahl", "24 %"), ("usl", "12 %"), ("linear", "%")):
        fit = fit_law(law, Runs.of(*CAP))  # type: ignore[arg-type]
        assert fit.lack_of_fit_p is None, "there are no repeats"
        assert misses(fit)
        assert fit.warnings[0].startswith(f"lack of fit: the {law} law misses throughput by up to ")
        assert size in fit.warnings[0]
        assert "single runs are assumed to scatter by 5 %" in fit.warnings[0]
        assert any("a hard cap describes the runs better" in warning for warning in fit.warnings)
        assert not any("retrograde" in warning for warning in fit.warnings)
        assert not shows_peak(fit)


def test_noise_around_a_plateau_is_no_fall() -> None:
    """The parameters are those that were published; the peak at 25 threads is worth nothing."""
    fit = fit_law("usl", Runs.of(*STORE), "equal")
    values = {name: estimate.value for name, estimate in fit.parameters.items()}
    assert values == pytest.approx({"gamma": 475.61, "alpha": 0.48096, "beta": 0.00080784}, rel=2e-3)
    assert not misses(fit)
    assert not shows_peak(fit)
    assert any("a hard cap describes the runs as well" in warning for warning in fit.warnings)
    assert any(warning.startswith("whether throughput falls is open") for warning in fit.warnings)
    for choice in (best(STORE), best(STORE, "equal")):
        assert not said(choice, "retrograde")
        assert not said(choice, "beyond doubt")
        assert not shows_peak(choice.fit)


def test_scatter_is_seen_between_neighbouring_levels() -> None:
    assert noise_of(Runs.of(*STORE)).source == "neighbouring levels"
    assert 0.06 < noise_of(Runs.of(*STORE)).share < 0.12
    for data in (CAP, GEVENT, CONTAINER):
        assert noise_of(Runs.of(*data)).source == "assumed"
    assert noise_of(Runs.of([1, 1, 2], [99, 101, 200])).source == "repeats"


def test_nine_per_cent_between_two_single_runs_show_nothing() -> None:
    choice = best(GEVENT)
    assert not said(choice, "retrograde")
    assert said(choice, "whether throughput falls is open: throughput at n = 9 is 8.73 % below that at 4")
    assert not misses(choice.fit)


def test_flat_figures_follow_no_law() -> None:
    assert best(CONTAINER).fit.warnings[0].startswith("flat: the levels differ by 3.45 %")


def test_no_greatest_speedup_below_a_measured_one() -> None:
    """The largest level is 13 % above the law, and above what the law allows for any number of threads."""
    choice = best(BARE)
    assert choice.fit.measured_speedup > choice.fit.max_speedup
    assert said(choice, "that was measured: it is no limit")
    assert misses(choice.fit)
    assert largest_miss(choice.fit).n == 9


def test_two_per_cent_are_not_superlinear() -> None:
    fit = fit_law("amdahl", Runs.of([1, 2, 4, 8], [100, 203, 408, 816]))
    assert not any("superlinear" in warning for warning in fit.warnings)
    repeated = Runs.of([1, 1, 1, 2, 2, 2, 4, 4, 4], [99.9, 100, 100.1, 210, 210.2, 210.1, 441, 441.2, 441.1])
    assert any("superlinear" in warning for warning in fit_law("amdahl", repeated).warnings)


def test_serial_fraction_of_two_levels() -> None:
    """Megamultiplications/s with one thread and with four; the serial fraction was published as 0.0498."""
    assert serial_fraction(1, 440.28, 4, 1532.37) == pytest.approx(0.0498, abs=5e-5)
    assert serial_fraction(2, amdahl(2.0, 10, 0.1), 8, amdahl(8.0, 10, 0.1)) == pytest.approx(0.1)
    assert serial_fraction(1, 10, 2, 21) == pytest.approx(-1 / 21)
    assert serial_fraction(2, 10, 8, 5) is None


# How often chance is taken for more: few seeded tables here, many in `benchmarks/law_decisions.py`.

SEEDS = range(16)
FALSE = 1


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.04, 0.09])
def test_plateau_is_seldom_called_retrograde(noise: float) -> None:
    """Single runs of a hard cap: no fall, no peak."""
    exact = [capped(n, 100, 320) for n in LEVELS]
    choices = [fit_best(with_noise(LEVELS, exact, noise, seed)) for seed in SEEDS]
    assert sum(bool(said(choice, "retrograde")) for choice in choices) <= FALSE
    assert sum(shows_peak(choice.fit) for choice in choices) <= FALSE


@pytest.mark.slow
@pytest.mark.parametrize("sigma", [0.03, 0.15])
def test_curve_is_seldom_called_a_cap(sigma: float) -> None:
    exact = [amdahl(n, 100, sigma) for n in LEVELS]
    choices = [fit_best(with_noise(LEVELS, exact, 0.04, seed)) for seed in SEEDS]
    assert sum(choice.fit.law == "capped" for choice in choices) <= FALSE


@pytest.mark.slow
@pytest.mark.parametrize(
    ("law", "exact"),
    [
        ("amdahl", [amdahl(n, 100, 0.1) for n in LEVELS]),
        ("usl", [usl(n, 100, 0.1, 0.01) for n in LEVELS]),
        ("capped", [capped(n, 100, 320) for n in LEVELS]),
    ],
)
def test_law_that_made_the_data_is_seldom_said_to_miss(law: LawName, exact: Sequence[float]) -> None:
    for noise, repeats in ((0.04, 1), (0.1, 3)):
        missed = sum(misses(fit_law(law, with_noise(LEVELS, exact, noise, seed, repeats))) for seed in SEEDS)
        assert missed <= FALSE, (noise, repeats)


def test_clear_caps_and_clear_falls_are_found() -> None:
    """A fall by more than a third, from 3.3 times one worker's throughput."""
    for seed in range(4):
        cap = fit_best(with_noise(LEVELS, [capped(n, 100, 320) for n in LEVELS], 0.03, seed))
        assert cap.fit.law == "capped"
        fall = fit_best(with_noise(LEVELS, [usl(n, 100, 0.05, 0.03) for n in LEVELS], 0.03, seed))
        assert said(fall, "retrograde")
