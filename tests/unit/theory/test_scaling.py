"""Scaling laws: known answers found again, published fits agreed with."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from loadstone.theory.fitting import (
    fit_amdahl,
    fit_best,
    fit_law,
    fit_usl,
    nested_p,
)
from loadstone.theory.scaling import LawName, NotIdentifiable, Runs, amdahl, usl
from tests.support.fuzzing import fuzz
from tests.support.scaling_data import LAWS, LEVELS, RAYTRACER, SPEC_SDM91, data, noisy, said

CISCO = [955.16, 1878.91, 2688.01, 3548.68, 4315.54, 5130.43, 5931.37, 6531.08, 7219.8, 7867.61, 8278.71, 8646.7]
CISCO += [9047.84, 9426.55, 9645.37, 9897.24, 10097.6, 10240.5, 10532.39, 10798.52, 11151.43, 11518.63, 11806.0]
CISCO += [12089.37, 12075.41, 12177.29, 12211.41, 12158.93, 12155.27, 12118.04, 12140.4, 12074.39]
"""Queries/s of MySQL on a Cisco server by threads, 1 to 32: Schwartz, Practical Scalability Analysis, 2015."""


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
