"""What repeats say together: by examples, by what must not matter, and by how often drift is cried falsely."""

import math
from collections.abc import Sequence
from itertools import permutations
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from loadstone.analyse.repeats import RunFigures, analyse_repeats, combine_repeats, find_drift
from loadstone.results.bounded import Bounded
from loadstone.results.json_file import to_json
from loadstone.results.repeats import CampaignRepeats, Drift, ExperimentRepeats
from loadstone.suite.thresholds import Thresholds
from loadstone.theory.intervals import geometric_mean_of_runs, repeats_needed

CAMPAIGNS = 500
HOUR = 3600.0
RATES = st.lists(st.floats(1, 1e5), min_size=1, max_size=8)


def run(
    repeat: int,
    throughput: float,
    mean_ms: float = 5.0,
    *,
    experiment: str = "a",
    started: float | None = None,
    steal: float | None = None,
) -> RunFigures:
    return RunFigures(
        experiment=experiment,
        repeat=repeat,
        started=HOUR * repeat if started is None else started,
        metrics={"throughput_rps": throughput, "mean_ms": mean_ms},
        steal=steal,
    )


def runs_of(
    throughputs: Sequence[float], means: Sequence[float] | None = None, experiment: str = "a"
) -> list[RunFigures]:
    means = [5.0] * len(throughputs) if means is None else means
    pairs = enumerate(zip(throughputs, means, strict=True), 1)
    return [run(repeat, x, y, experiment=experiment) for repeat, (x, y) in pairs]


def campaign(rng: np.random.Generator, change: float, noise: float) -> list[RunFigures]:
    """Measure three blocks of ten experiments, whose levels differ widely, while the machine drifts by `change`."""
    experiments, repeats = 10, 3
    levels = rng.uniform(10, 2000, experiments)
    order = [(repeat, name) for repeat in range(1, repeats + 1) for name in rng.permutation(experiments)]
    return [
        run(
            repeat,
            levels[name] * (1 + change * place / (len(order) - 1)) * rng.lognormal(0, noise),
            experiment=f"e{name}",
            started=1.7e9 + 40.0 * place,
        )
        for place, (repeat, name) in enumerate(order)
    ]


def test_intervals_and_variation_by_metric() -> None:
    found = combine_repeats(runs_of([99, 100, 101, 100], [5.0, math.nan, 7.0, math.nan]), 0.02)
    assert (found.runs, found.precision) == (4, 0.02)
    assert found.intervals == {
        "throughput_rps": Bounded.of(geometric_mean_of_runs([99, 100, 101, 100])),
        "mean_ms": Bounded(value=geometric_mean_of_runs([5.0, 7.0]).value, low=None, high=None),
    }
    assert found.values == {"throughput_rps": (99, 100, 101, 100), "mean_ms": (5.0, 7.0)}
    assert found.variation == {"throughput_rps": pytest.approx(0.01 * math.sqrt(2 / 3)),
                               "mean_ms": pytest.approx(math.sqrt(2) / 6)}  # fmt: skip


def test_unknown_metric_is_absent() -> None:
    found = combine_repeats(runs_of([99, 100, 101], [math.nan] * 3), 0.02)
    assert found.intervals.keys() == found.variation.keys() == {"throughput_rps"}
    assert found.needed is None, "no number of repeats makes a mean precise that nobody knows"
    assert combine_repeats(runs_of([0, 0]), 0.02).variation == {"mean_ms": 0}, "nothing varies relative to 0"


def test_as_many_repeats_as_the_worse_metric_needs() -> None:
    steady, wide = [100.0, 101, 99], [5.0, 5.5, 4.5]
    few, many = repeats_needed(steady, 0.02), repeats_needed(wide, 0.02)
    assert few == 4
    assert many is not None
    assert many > 50
    assert combine_repeats(runs_of(steady, wide), 0.02).needed == many
    assert combine_repeats(runs_of(wide, steady), 0.02).needed == many


def test_outlier_is_named_with_its_figure() -> None:
    found = combine_repeats(runs_of([1479, 1482, 1210, 1478, 1481, 1480]), 0.02, Thresholds(most_variation=1))
    assert found.disagreements == ("throughput of repeat 3 is an outlier: 1,210, while the others average 1,480",)
    slow = runs_of([1480.0] * 6, [5.01, 5.02, 9.8, 5.0, 4.99, 4.98])
    del slow[1]
    assert combine_repeats(slow, 0.02, Thresholds(most_variation=1)).disagreements == (
        "mean response time of repeat 3 is an outlier: 9.800 ms, while the others average 4.995 ms",
    )


def test_outlier_is_counted_among_the_runs_that_know_the_metric() -> None:
    found = combine_repeats(runs_of([1480.0] * 6, [math.nan, 5.01, 9.8, 5.0, 4.99, 4.98]), 0.02)
    assert found.disagreements[0].startswith("mean response time of repeat 3 is an outlier: 9.800 ms")


def test_tiny_difference_is_no_outlier_worth_naming() -> None:
    assert combine_repeats(runs_of([1480, 1480, 1480, 1480, 1480.04]), 0.02).disagreements == ()


def test_scatter_is_named_with_its_figure() -> None:
    found = combine_repeats(runs_of([92.8, 100, 107.2]), 0.02)
    assert found.disagreements == ("throughput varies by 7.2 % between repeats",)
    found = combine_repeats(runs_of([100.0] * 3, [4.5, 5.0, 5.5]), 0.02)
    assert found.disagreements == ("mean response time varies by 10.0 % between repeats",)
    assert combine_repeats(runs_of([95.1, 100, 104.9]), 0.02).disagreements == ()
    assert combine_repeats(runs_of([95.1, 100, 104.9]), 0.02, Thresholds(most_variation=0.04)).disagreements


def test_steal_is_named_with_its_figure() -> None:
    shares = [None, 0.031, 0.02, math.nan]
    runs = [run(repeat, 100, steal=steal) for repeat, steal in enumerate(shares, 1)]
    assert combine_repeats(runs, 0.02).disagreements == ("repeat 2: the hypervisor took 3.1 % of the CPU time",)
    assert not combine_repeats(runs, 0.02, Thresholds(notable_steal=0.04)).disagreements


@given(st.floats(1, 1e5), st.floats(0.1, 1e4))
def test_one_run_has_no_bounds(throughput: float, mean_ms: float) -> None:
    found = combine_repeats([run(1, throughput, mean_ms, steal=0.5)], 0.02)
    assert {name: i.value for name, i in found.intervals.items()} == {"throughput_rps": throughput, "mean_ms": mean_ms}
    assert all(interval.low is interval.high is None for interval in found.intervals.values())
    assert (found.variation, found.needed) == ({}, None)
    assert found.disagreements == ("repeat 1: the hypervisor took 50.0 % of the CPU time",)


@given(RATES, st.floats(0.01, 100))
def test_another_unit_scales_the_intervals(throughputs: list[float], factor: float) -> None:
    one = combine_repeats(runs_of(throughputs), 0.05)
    other = combine_repeats(runs_of([factor * x for x in throughputs]), 0.05)
    a, b = one.intervals["throughput_rps"], other.intervals["throughput_rps"]
    assert b.value == pytest.approx(factor * a.value)
    assert (a.low is None) == (b.low is None) == (len(throughputs) < 4)
    if a.low is not None and a.high is not None:
        assert b.low == pytest.approx(factor * a.low, abs=1e-6 * b.value)
        assert b.high == pytest.approx(factor * a.high, abs=1e-6 * b.value)
    assert other.variation == pytest.approx(one.variation, abs=1e-9)
    assert other.intervals["mean_ms"] == one.intervals["mean_ms"]


@given(RATES, st.randoms(use_true_random=False))
def test_order_of_rows_means_nothing(throughputs: list[float], random: Random) -> None:
    runs = runs_of(throughputs)
    shuffled = random.sample(runs, len(runs))
    assert combine_repeats(shuffled, 0.05) == combine_repeats(runs, 0.05)
    assert analyse_repeats(shuffled, {"a": 0.05}) == analyse_repeats(runs, {"a": 0.05})


@given(RATES, st.randoms(use_true_random=False))
def test_repeats_have_names_and_no_order(throughputs: list[float], random: Random) -> None:
    """Which repeat is which only shows where one is named."""
    one = combine_repeats(runs_of(throughputs), 0.05)
    other = combine_repeats(runs_of(random.sample(throughputs, len(throughputs))), 0.05)
    a, b = one.intervals["throughput_rps"], other.intervals["throughput_rps"]
    assert b.value == pytest.approx(a.value)
    assert (a.low is None) == (b.low is None) == (len(throughputs) < 4)
    if a.low is not None and a.high is not None:
        assert (b.low, b.high) == pytest.approx((a.low, a.high), abs=1e-9 * a.value)
    assert other.variation == pytest.approx(one.variation, abs=1e-9)
    assert other.needed == one.needed
    assert len(other.disagreements) == len(one.disagreements)


def test_repeats_are_of_one_experiment() -> None:
    for runs in ([], [run(1, 100), run(1, 100, experiment="b")]):
        with pytest.raises(ValueError, match="one experiment"):
            combine_repeats(runs, 0.02)


def rising(experiments: int, values: Sequence[float], seconds: float = HOUR) -> list[RunFigures]:
    return [
        run(repeat, (1 + number) * value, experiment=f"e{number}", started=seconds * repeat)
        for number in range(experiments)
        for repeat, value in enumerate(values)
    ]


def test_drift_by_hand() -> None:
    """S = 4·3, variance 4·3·2·11/18: z = 11/√14.67 = 2.872. 1 % an hour for two hours."""
    found = find_drift(rising(4, [100, 101, 102.01]))
    assert found is not None
    assert found.p == pytest.approx(0.004075, abs=1e-6)
    assert found.change == pytest.approx(0.0201)
    assert (found.experiments, found.hours, found.named) == (4, 2, True)
    assert found.sentence == (
        "throughput rose by 2.0 % over the campaign's 2.0 hours (seasonal Kendall test, 4 experiments: p = 0.0041)"
    )
    falling = find_drift(rising(4, [102.01, 101, 100], seconds=600))
    assert falling is not None
    assert falling.p == found.p
    assert falling.change == pytest.approx(1 / 1.0201 - 1)
    assert falling.sentence.startswith("no drift worth naming: throughput fell by 2.0 % over the campaign's 20 minutes")


def test_ties_are_corrected_for() -> None:
    """S = 4·2, variance 4·(66 - 18)/18 = 10.67: z = 7/3.266 = 2.143."""
    found = find_drift(rising(4, [100, 100, 110]))
    assert found is not None
    assert found.p == pytest.approx(0.03208, abs=1e-5)
    still = find_drift(rising(4, [100, 100, 100]))
    assert still is not None
    assert (still.p, still.change, still.named) == (1, 0, False)


@pytest.mark.parametrize("values", [[1, 2, 3, 4, 5], [1, 1, 2, 3, 3], [1, 2, 2, 2, 3]])
def test_variance_is_that_of_all_orders(values: list[int]) -> None:
    """The most orderly order of one experiment: its p by hand, from S in every order there is."""
    score = [
        sum(int(np.sign(order[j] - order[i])) for j in range(5) for i in range(j)) for order in permutations(values)
    ]
    found = find_drift(rising(1, values))
    assert found is not None
    assert found.p == pytest.approx(2 * stats.norm.sf((max(score) - 1) / np.std(score)))


def test_size_is_the_median_of_sens_slopes() -> None:
    """Of three experiments the one in the middle counts, and in it the pair in the middle."""
    middle = [run(repeat, math.exp(y), experiment="m", started=HOUR * repeat) for repeat, y in enumerate([0, 1, 4])]
    flat, steep = rising(1, [100, 100, 100]), rising(1, [1, 1e3, 1e6])
    steep = [run(r.repeat, r.metrics["throughput_rps"], experiment="s", started=r.started) for r in steep]
    found = find_drift([*flat, *middle, *steep])
    assert found is not None
    assert found.change == pytest.approx(math.expm1(2 * 2)), "slopes 1, 3 and 2 an hour, for two hours"


def test_only_what_can_be_compared_takes_part() -> None:
    runs = rising(4, [100, 101, 102.01])
    more = [
        run(1, 5.0, experiment="single", started=HOUR),
        run(1, math.nan, experiment="unknown", started=HOUR),
        run(2, 0.0, experiment="unknown", started=HOUR),
        run(1, 1.0, experiment="twins", started=HOUR),
        run(2, 9.0, experiment="twins", started=HOUR),
    ]
    assert find_drift(runs + more) == find_drift(runs)
    assert find_drift(rising(7, [100, 101])) is None, "seven pairs"
    assert find_drift(rising(8, [100, 101])) is not None
    assert find_drift([]) is None


def test_other_metrics_drift_too() -> None:
    found = find_drift(rising(4, [100, 101, 102.01]), "mean_ms")
    assert found is not None
    assert (found.metric, found.change, found.p) == ("mean_ms", 0, 1)
    assert found.sentence.startswith("no drift worth naming: mean response time rose by 0.0 %")


def test_test_and_size_that_contradict_each_other_are_not_named() -> None:
    """One experiment of many repeats makes the score, many of few make the size."""
    up = rising(1, [100 + n for n in range(20)])
    down = [run(n, 100 - 9 * n, experiment=f"d{e}", started=HOUR * n) for e in range(4) for n in range(2)]
    found = find_drift(up + down)
    assert found is not None
    assert found.p < 1e-6
    assert found.change < -0.5
    assert not found.named


def shares(change: float, noise: float, seed: int) -> list[Drift]:
    rng = np.random.default_rng(seed)
    found = [find_drift(campaign(rng, change, noise)) for _ in range(CAMPAIGNS)]
    return [one for one in found if one is not None]


def test_drift_is_rarely_cried_falsely() -> None:
    found = shares(change=0.0, noise=0.05, seed=3)
    assert len(found) == CAMPAIGNS
    assert sum(one.p < 0.01 for one in found) <= 0.03 * CAMPAIGNS
    assert sum(one.p < 0.05 for one in found) > 0.02 * CAMPAIGNS, "not by never crying"
    assert abs(np.mean([one.change for one in found])) < 0.01, "of no direction"


@pytest.mark.parametrize("change", [0.10, -0.10])
def test_drift_is_found(change: float) -> None:
    found = shares(change=change, noise=0.01, seed=4)
    assert sum(one.named for one in found) > 0.99 * CAMPAIGNS
    assert np.mean([one.change for one in found]) == pytest.approx(change, abs=0.01)


def test_drift_that_is_sure_and_small_is_not_named() -> None:
    found = shares(change=0.01, noise=0.0005, seed=5)
    assert all(one.p < 0.01 and not one.named for one in found)


def test_content_of_the_file() -> None:
    runs = [*runs_of([99, 100, 101, 100], [5, *[math.nan] * 3], "b"), run(1, 200, math.nan, experiment="a", steal=0.1)]
    found = analyse_repeats(runs, {"a": 0.05, "b": 0.02})
    assert list(found.experiments) == ["a", "b"]
    assert found.drift is None
    assert found.experiments["a"] == ExperimentRepeats(
        runs=1,
        intervals={"throughput_rps": Bounded(value=200, low=None, high=None)},
        values={"throughput_rps": (200,)},
        variation={},
        precision=0.05,
        needed=None,
        disagreements=("repeat 1: the hypervisor took 10.0 % of the CPU time",),
    )
    b = found.experiments["b"]
    assert (b.runs, b.precision) == (4, 0.02)
    assert b.intervals["throughput_rps"].low < 100 < b.intervals["throughput_rps"].high
    assert b.intervals["mean_ms"] == Bounded(value=5, low=None, high=None)
    assert CampaignRepeats.model_validate_json(to_json(found), strict=True) == found


def test_drift_in_the_file() -> None:
    runs = rising(4, [100, 101, 102.01])
    content = analyse_repeats(runs, {f"e{n}": 0.02 for n in range(4)})
    found = find_drift(runs)
    assert found is not None
    assert content.drift == found
    assert CampaignRepeats.model_validate_json(to_json(content), strict=True) == content


def test_what_was_added_weeks_later_does_not_draw_the_slope_out() -> None:
    runs = [*rising(4, [100, 200, 300], seconds=1), run(1, 5.0, experiment="late", started=1e7)]
    content = analyse_repeats(runs, {run.experiment: 0.02 for run in runs})
    assert content.drift.change == pytest.approx(2)


def test_slope_drawn_out_too_far_breaks_nothing() -> None:
    """Runs a second apart, and others of another experiment weeks apart."""
    late = [run(1, 5.0, experiment="late", started=0), run(2, 5.0, experiment="late", started=1e7)]
    runs = [*rising(4, [100, 200, 300], seconds=1), *late]
    content = analyse_repeats(runs, {run.experiment: 0.02 for run in runs})
    assert content.drift.change == pytest.approx(1000)
    assert CampaignRepeats.model_validate_json(to_json(content), strict=True) == content
