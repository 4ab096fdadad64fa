"""Scaling laws: known answers found again, published fits agreed with, intervals that hold the truth."""

import math
from collections.abc import Callable, Sequence

import lmfit
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from loadstone.theory.fitting import (
    MIN_RUNS,
    fit_amdahl,
    fit_best,
    fit_law,
    fit_usl,
    nested_p,
    throughput_interval,
)
from loadstone.theory.scaling import Fit, LawName, NotIdentifiable, Runs, amdahl, linear, usl
from tests.support.fuzzing import fuzz

LEVELS = [1.0, 2.0, 4.0, 8.0, 16.0]
LAWS: dict[LawName, Callable[..., float]] = {"linear": linear, "amdahl": amdahl, "usl": usl}
SHAPES: dict[LawName, tuple[str, ...]] = {
    "linear": ("x1",),
    "amdahl": ("x1", "sigma"),
    "usl": ("gamma", "alpha", "beta"),
}

SPEC_SDM91 = ([1, 18, 36, 72, 108, 144, 216], [64.9, 995.9, 1652.4, 1853.2, 1828.9, 1775.0, 1702.2])
"""Scripts/hour of a SPARCcenter 2000 by users: Gunther, Guerrilla Capacity Planning, 2007; also in R package usl."""
RAYTRACER = ([1, 4, 8, 12, 16, 20, 24, 28, 32, 48, 64], [20, 78, 130, 170, 190, 200, 210, 230, 260, 280, 310])
"""Ray-geometry intersections of an Origin 2000 by processors: same book, same package."""
CISCO = [955.16, 1878.91, 2688.01, 3548.68, 4315.54, 5130.43, 5931.37, 6531.08, 7219.8, 7867.61, 8278.71, 8646.7]
CISCO += [9047.84, 9426.55, 9645.37, 9897.24, 10097.6, 10240.5, 10532.39, 10798.52, 11151.43, 11518.63, 11806.0]
CISCO += [12089.37, 12075.41, 12177.29, 12211.41, 12158.93, 12155.27, 12118.04, 12140.4, 12074.39]
"""Queries/s of MySQL on a Cisco server by threads, 1 to 32: Schwartz, Practical Scalability Analysis, 2015."""


def data(law: LawName, truth: Sequence[float], levels: Sequence[float] = LEVELS, repeats: int = 1) -> Runs:
    n = np.repeat(np.asarray(levels, float), repeats)
    return Runs.of(n.tolist(), [LAWS[law](k, *truth) for k in n])


def noisy(runs: Runs, seed: int | np.random.Generator, noise: float = 0.03) -> Runs:
    rng = np.random.default_rng(seed)
    return Runs.of(runs.n, (np.array(runs.throughput) * np.exp(rng.normal(0, noise, len(runs.n)))).tolist())


def said(fit: Fit, word: str) -> list[str]:
    return [warning for warning in fit.warnings if warning.startswith(word) or f" {word}" in warning]


# What made the data is found again.


@given(unit=st.floats(1e-3, 1e6), sigma=st.floats(0.001, 0.999), weights=st.sampled_from(["relative", "equal"]))
def test_amdahl_finds_the_law_that_made_the_data(unit: float, sigma: float, weights: str) -> None:
    fit = fit_law("amdahl", data("amdahl", (unit, sigma)), weights)  # type: ignore[arg-type]
    assert fit.parameters["sigma"].value == pytest.approx(sigma, rel=1e-4)
    assert fit.parameters["x1"].value == pytest.approx(unit, rel=1e-4)


@fuzz(50)
@given(
    unit=st.floats(1e-3, 1e6),
    alpha=st.floats(0.001, 0.9),
    beta=st.floats(1e-5, 0.1),
    weights=st.sampled_from(["relative", "equal"]),
    factor=st.sampled_from([1, 3, 50]),
)
def test_usl_finds_the_law_that_made_the_data(
    unit: float, alpha: float, beta: float, weights: str, factor: float
) -> None:
    fit = fit_law("usl", data("usl", (unit, alpha, beta), [factor * n for n in LEVELS]), weights)  # type: ignore[arg-type]
    values = {name: estimate.value for name, estimate in fit.parameters.items()}
    assert values == pytest.approx({"gamma": unit, "alpha": alpha, "beta": beta}, rel=1e-3)
    assert fit.peak == pytest.approx(math.sqrt((1 - alpha) / beta), rel=1e-3)


@fuzz(50)
@given(
    throughput=st.lists(st.floats(1e-3, 1e6), min_size=4, max_size=8),
    law=st.sampled_from(list(LAWS)),
    weights=st.sampled_from(["relative", "equal"]),
)
def test_any_positive_data_get_a_fit_or_a_reason(throughput: list[float], law: LawName, weights: str) -> None:
    """However odd the data: estimates inside their intervals and bounds, no figure that is not a number."""
    try:
        fit = fit_law(law, Runs.of(range(1, len(throughput) + 1), throughput), weights)  # type: ignore[arg-type]
    except NotIdentifiable:
        return
    for name, estimate in fit.parameters.items():
        assert 0 <= estimate.low <= estimate.value <= estimate.high, name
        assert math.isfinite(estimate.value)
        assert estimate.stderr is None or math.isfinite(estimate.stderr)
    assert not math.isnan(fit.max_speedup)


# Published fits.


def test_agrees_with_r_on_specsdm91() -> None:
    """Figures of README.md and tests/ of R package usl 3 (nlxb): estimates, standard errors, peak, residuals."""
    fit = fit_usl(*SPEC_SDM91, "equal")
    values = {name: (estimate.value, estimate.stderr) for name, estimate in fit.parameters.items()}
    assert values["alpha"] == pytest.approx((0.0277285, 0.0091217), rel=1e-4)
    assert values["beta"] == pytest.approx((1.044e-4, 1.988e-5), rel=5e-4)  # printed with four digits
    assert values["gamma"] == pytest.approx((89.995233, 14.2134894), rel=1e-5)
    assert fit.peak == pytest.approx(96.51956, rel=1e-6)
    assert fit.max_throughput == pytest.approx(1884, abs=0.5)
    assert fit.residuals == pytest.approx((-25.10, -81.66, 111.09, 3.05, -49.99, -46.60, 56.00), abs=0.006)
    assert math.sqrt(fit.rss / fit.freedom) == pytest.approx(82.85, abs=0.005)


def test_agrees_with_r_on_the_first_six_raytracer_points() -> None:
    fit = fit_usl(RAYTRACER[0][:6], RAYTRACER[1][:6], "equal")
    assert fit.contention.value == pytest.approx(0.02444, abs=5e-6)
    assert fit.coherency.value == pytest.approx(0.00163, abs=5e-6)
    assert fit.unit_throughput.value == pytest.approx(20.85605, abs=5e-6)


def test_agrees_with_codahale_usl() -> None:
    """model_test.go of codahale/usl and lib.rs of codahale/usl-rs."""
    fit = fit_usl(list(range(1, 33)), CISCO, "equal")
    assert fit.contention.value == pytest.approx(0.02671591, rel=1e-5)
    assert fit.coherency.value == pytest.approx(7.690945e-4, rel=1e-5)
    assert fit.unit_throughput.value == pytest.approx(995.6486, rel=1e-5)
    assert fit.throughput(20) == pytest.approx(11063.633, rel=1e-5)


def test_raytracer_ends_at_the_bound_of_beta_and_is_amdahl() -> None:
    fit, plain = fit_usl(*RAYTRACER, "equal"), fit_amdahl(*RAYTRACER, "equal")
    assert fit.coherency.value == 0
    assert fit.coherency.low == 0
    assert fit.coherency.stderr is None
    assert 0 < fit.coherency.high < 1e-3
    assert fit.contention.value == pytest.approx(plain.serial_fraction.value, rel=1e-6)
    assert fit.contention.stderr == pytest.approx(plain.serial_fraction.stderr, rel=1e-4)
    assert said(fit, "beta is at its bound 0: its interval is one-sided")


# Intervals.


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


# What a fit answers.


def test_answers_of_amdahl() -> None:
    fit = fit_amdahl(LEVELS, [amdahl(n, 100, 0.1) for n in LEVELS])
    assert fit.throughput(1) == pytest.approx(100)
    assert fit.speedup(8) == pytest.approx(8 / 1.7)
    assert fit.efficiency(8) == pytest.approx(1 / 1.7)
    assert fit.max_speedup == pytest.approx(10)
    assert fit.peak is None
    assert fit.karp_flatt == pytest.approx(dict.fromkeys(LEVELS[1:], 0.1))
    assert fit.residuals == pytest.approx([0] * 5, abs=1e-9)
    assert said(fit, "the runs lie on the curve to the last digit")


def test_answers_of_usl() -> None:
    fit = fit_usl(LEVELS, [usl(n, 100, 0.1, 0.01) for n in LEVELS])
    assert fit.peak == pytest.approx(math.sqrt(90))
    assert fit.max_throughput == pytest.approx(usl(math.sqrt(90), 100, 0.1, 0.01))
    assert fit.max_speedup == pytest.approx(fit.max_throughput / 100)
    assert list(fit.karp_flatt.values()) == sorted(fit.karp_flatt.values())


def test_usl_without_a_peak() -> None:
    rising = fit_usl(LEVELS, [amdahl(n, 100, 0.1) for n in LEVELS])
    assert rising.peak is None
    assert rising.max_throughput == pytest.approx(1000)
    falling = fit_usl(LEVELS, [usl(n, 100, 1.5, 0.01) for n in LEVELS])
    assert falling.peak is None
    assert falling.max_throughput == pytest.approx(100)


def test_karp_flatt_takes_the_mean_of_the_level_and_the_fitted_x1() -> None:
    fit = fit_amdahl([1, 1, 2, 2, 4, 4], [90, 110, 150, 170, 250, 270])
    speedup = 160 / fit.unit_throughput.value
    assert fit.karp_flatt[2] == pytest.approx((1 / speedup - 1 / 2) / (1 - 1 / 2))
    assert list(fit.karp_flatt) == [2, 4]


def test_residuals_and_aicc_by_hand() -> None:
    runs = noisy(data("amdahl", (100, 0.1), repeats=2), 4)
    for weights in ("relative", "equal"):
        fit = fit_law("amdahl", runs, weights)
        model = [fit.throughput(n) for n in runs.n]
        expected = [
            math.log(x / m) if weights == "relative" else x - m for x, m in zip(runs.throughput, model, strict=True)
        ]
        assert fit.residuals == pytest.approx(expected)
        assert fit.rss == pytest.approx(sum(r * r for r in expected))
        assert fit.aicc == pytest.approx(10 * math.log(fit.rss / 10) + 2 * 3 + 2 * 3 * 4 / (10 - 3 - 1))
    assert fit_amdahl([1, 2, 4], [1, 1.8, 3]).aicc is None


def test_noise_is_relative() -> None:
    """A slow run counts as much as a fast one: 10 % more moves the estimate alike, whichever run has it."""
    moved = []
    for odd in range(4):
        throughput = [100.0 * n * (1.1 if i == odd else 1) for i, n in enumerate(LEVELS[:4])]
        moved.append(fit_law("linear", Runs.of(LEVELS[:4], throughput)).unit_throughput.value)
    assert moved == pytest.approx([100 * 1.1 ** (1 / 4)] * 4)


# Lack of fit and the choice of a law.


def test_lack_of_fit_by_hand() -> None:
    runs = noisy(data("usl", (100, 0.1, 0.01), repeats=3), 5)
    fit = fit_law("amdahl", runs)
    pure = sum(float(np.var(np.log(values))) * 3 for values in runs.by_level.values())
    f = ((fit.rss - pure) / (5 - 2)) / (pure / (15 - 5))
    assert fit.lack_of_fit_p == pytest.approx(float(stats.f.sf(f, 3, 10)))
    assert fit.lack_of_fit_p is not None
    assert fit.lack_of_fit_p < 0.01
    assert said(fit, "lack of fit")
    assert not said(fit_law("usl", runs), "lack of fit")


def test_lack_of_fit_needs_repeats_and_a_level_to_spare() -> None:
    assert fit_amdahl([1, 2, 4], [1, 1.8, 3]).lack_of_fit_p is None
    three = fit_usl([1, 1, 2, 2, 4, 4], [1, 1.1, 1.8, 1.9, 3, 3.1])
    assert three.lack_of_fit_p is None
    assert said(three, "the law's form is not tested")


@pytest.mark.slow
def test_best_is_the_smallest_law_that_suffices() -> None:
    truths: dict[LawName, tuple[float, ...]] = {"linear": (100,), "amdahl": (100, 0.1), "usl": (100, 0.1, 0.01)}
    for law, truth in truths.items():
        choices = [fit_best(noisy(data(law, truth, repeats=4), seed)) for seed in range(20)]
        assert sum(choice.fit.law == law for choice in choices) >= 16, law
        assert fit_best(data(law, truth)).fit.law == law
    assert fit_best(Runs.of(*SPEC_SDM91)).fit.law == "usl"
    assert [(step.smaller, step.larger, step.taken) for step in fit_best(Runs.of(*RAYTRACER)).steps] == [
        ("linear", "amdahl", True),
        ("amdahl", "usl", False),
        ("amdahl", "capped", False),
    ]


def test_nested_p_by_hand() -> None:
    runs = noisy(data("usl", (100, 0.1, 0.001), repeats=3), 6)
    small, large = fit_law("amdahl", runs), fit_law("usl", runs)
    f = (small.rss - large.rss) / (large.rss / (15 - 3))
    assert nested_p(small, large) == pytest.approx(float(stats.f.sf(f, 1, 12)))


# Data that are not what they seem.


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
