"""Hypotheses judged together and at several looks, on campaigns whose truth is known."""

import itertools
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from loadstone.analyse.conclusion import narrowing
from loadstone.analyse.evidence import Evidence, Line, Mean, Ratio
from loadstone.analyse.family import Member
from loadstone.analyse.metrics import MetricValues
from loadstone.plan.schedule import Run
from loadstone.results.hypotheses import JudgedHypothesis, Outcome
from loadstone.suite.hypotheses import Compare, Region, parse_shape
from loadstone.theory.intervals import Interval
from loadstone.theory.sequential import level_of_look, step_down
from tests.support.judged_hypotheses import PUBLISHED, factor, judge_all

Together = Callable[..., dict[str, JudgedHypothesis]]
Draw = Callable[[np.random.Generator], tuple[list[float], list[float]]]


@pytest.fixture
def together(tmp_path: Path) -> Together:
    """Make up a campaign of experiments and hypotheses, and judge it."""

    def judged(experiments: str, *hypotheses: str, rest: str = "", **others: object) -> dict[str, JudgedHypothesis]:
        lines = "".join(f"  h{n}: {{claim: A claim., {each}}}\n" for n, each in enumerate(hypotheses))
        suite = f"baselines: false\nexperiments: {{{experiments}}}\n{rest}hypotheses:\n{lines}"
        return {each.id: each for each in judge_all(tmp_path, suite, **others)}  # type: ignore[arg-type]

    return judged


def compare(a: str, b: str, expect: str) -> str:
    return f"compare: {{metric: mean, of: {a}, to: {b}}}, expect: '{expect}'"


def test_hypotheses_of_intervals_are_one_family(together: Together) -> None:
    found = together(
        "a: {}, b: {}",
        compare("a", "b", "> 1.05"),
        compare("a", "b", "> 1.29"),
        "value: {metric: p99.9, of: a}, expect: '> 1ms'",
        "bottleneck: a, expect: server",
        'value: {metric: throughput, published: "50 Users, 1 Worker"}, expect: within 2% of 32.7',
        rest='published: {table: published.csv, rows: {a: "50 Users, 1 Worker"}}\n',
        behaviour=factor(a=1.3),
        published=PUBLISHED,
    )
    assert [each.family for each in found.values()] == [3, 3, 3, 0, 0]
    assert [each.outcome for each in found.values()][:2] == ["supported", "inconclusive"]
    levels = [None if each.level is None else round(each.level, 6) for each in found.values()]
    assert levels == [round(1 - 0.05 / 3, 6), 0.975, 0.975, None, 0.95]
    assert "(98.3 % interval 1.2" in found["h0"].evidence
    assert ", judged together with 2 others; 3 and 3 runs)" in found["h0"].evidence
    assert found["h2"].variance_shares == {}, "there is nothing to judge by"


def test_one_hypothesis_with_fixed_repeats_is_judged_at_95_per_cent(together: Together) -> None:
    [found] = together("a: {}, b: {}", compare("a", "b", "> 1.05"), behaviour=factor(a=1.3)).values()
    assert (found.level, found.family, found.looks, found.narrowing) == (0.95, 1, 1, None)
    assert "(95 % interval" in found.evidence
    assert "together" not in found.evidence
    assert "looks" not in found.evidence


@pytest.mark.parametrize(
    ("a", "b", "blocks"),
    [
        ("{min: 3, max: 10}", "{min: 3, max: 10}", (3, 10)),
        ("5", "{min: 3, max: 10}", (3, 5)),
        ("10", "3", (3, 3)),
        ("{min: 3, max: 5}", "{min: 4, max: 9}", (3, 5)),
    ],
)
def test_a_look_is_a_number_of_blocks_that_both_can_be_in(
    together: Together, a: str, b: str, blocks: tuple[int, int]
) -> None:
    hypothesis = compare("a", "b", "> 1.05")
    [found] = together(f"a: {{repeats: {a}}}, b: {{repeats: {b}}}", hypothesis, behaviour=factor(a=1.3)).values()
    looks = blocks[1] - blocks[0] + 1
    assert (found.looks, found.level) == (looks, pytest.approx(1 - level_of_look(0.05, *blocks)))
    assert (f"up to {looks} looks" in found.evidence) == (looks > 1)


@pytest.mark.parametrize(
    ("a", "b", "expect", "behind"),
    [
        ("{min: 3, max: 4}", "{min: 3, max: 4}", "> 1.3", ("a", "b")),
        ("{min: 3, max: 4}", "5", "> 1.3", ("a",)),
        ("{min: 3, max: 4}", "3", "> 1.3", ()),
        ("{min: 3, max: 4}", "{min: 3, max: 4}", "> 1.05", ()),
    ],
)
def test_next_look_needs_repeats_of_what_has_the_fewest(
    together: Together, a: str, b: str, expect: str, behind: tuple[str, ...]
) -> None:
    hypothesis = compare("a", "b", expect)
    [found] = together(f"a: {{repeats: {a}}}, b: {{repeats: {b}}}", hypothesis, behaviour=factor(a=1.3)).values()
    assert found.next_look == behind
    assert (found.outcome == Outcome.SUPPORTED) == (expect == "> 1.05")


def drifting(run: Run, _: str, rng: np.random.Generator) -> Mapping[str, float]:
    """Get slower by a tenth per block, all experiments alike."""
    return {"mean_ms": 10 * 1.1**run.repeat * float(rng.lognormal(0, 0.001))}


def test_only_blocks_that_both_are_in_count(together: Together) -> None:
    """The further repeats of one experiment are later than any of the other, and slower: they would say 1.4."""
    [found] = together("a: {repeats: 10}, b: {repeats: 3}", compare("a", "b", "> 1.05"), behaviour=drifting).values()
    assert found.effect == pytest.approx(1, abs=0.01)
    assert (found.runs, "3 and 3 runs of the 3 blocks that both are in" in found.evidence) == (6, True)


def test_from_ten_blocks_on_runs_are_compared_in_pairs(together: Together) -> None:
    for repeats, paired in ((9, False), (10, True)):
        [found] = together(
            f"a: {{repeats: {repeats}}}, b: {{repeats: {repeats}}}", compare("a", "b", "< 1.01"), behaviour=drifting
        ).values()
        assert (found.outcome == Outcome.SUPPORTED) == paired
        assert ("10 pairs of runs" in found.evidence) == paired


def test_experiment_that_scatters_more_has_the_larger_share(together: Together) -> None:
    def noisy(run: Run, _: str, rng: np.random.Generator) -> Mapping[str, float]:
        return {"mean_ms": 10 * float(rng.lognormal(0, 0.1 if run.experiment == "a" else 0.01))}

    found = together(
        "a: {}, b: {}", compare("a", "b", "> 1.05"), "value: {metric: mean, of: a}, expect: '< 11ms'", behaviour=noisy
    )
    shares = found["h0"].variance_shares
    assert shares["a"] > 0.8
    assert sum(shares.values()) == pytest.approx(1)
    assert found["h1"].variance_shares == {"a": 1}
    for each in found.values():
        assert each.outcome == Outcome.INCONCLUSIVE
        assert each.narrowing is not None
        assert 0 <= each.narrowing < 1


def test_narrowing_brings_the_nearest_end_to_the_bound() -> None:
    interval = Interval(value=1.1, low=0.9, high=1.3, runs=3)
    assert narrowing(interval, Region(low=1.0, open=True)) == pytest.approx(0.5)
    assert narrowing(interval, Region(low=1.0, high=1.15)) == pytest.approx(0.25)
    assert narrowing(interval, Region(high=1.3)) is None, "decided"
    assert narrowing(Interval(value=1.1, low=None, high=None, runs=1), Region(low=1.0)) is None
    ratio = Interval(value=4.0, low=1.0, high=16.0, runs=3)
    assert narrowing(ratio, Region(low=2.0), logarithmic=True) == pytest.approx(0.5)


# Whatever the figures, a higher confidence never changes a judgement into another, and decides nothing more

positive = st.floats(0.5, 20.0)
runs = st.lists(positive, min_size=3, max_size=7)
COMPARED = Compare(metric="mean", of="a", to="b")


def values(figures: list[float]) -> MetricValues:
    return MetricValues(dict(enumerate(figures, start=1)), {})


def ratio(a: list[float], b: list[float], region: Region) -> Ratio:
    blocks = min(len(a), len(b))
    return Ratio(
        compare=COMPARED, region=region, numerator=values(a[:blocks]), denominator=values(b[:blocks]), blocks=blocks
    )


def line(shape: str, figures: list[float]) -> Line:
    levels = tuple(float(n % 3) for n in range(len(figures)))
    return Line(
        shape=parse_shape(shape),
        metric="mean",
        whose="x",
        factor="server.albums",
        levels=levels,
        values=tuple(figures),
        loads=None,
        measured=(),
        experiments=("a", "b", "c"),
    )


@st.composite
def evidence(draw: st.DrawFn) -> Evidence:
    bound = draw(positive)
    region = draw(
        st.sampled_from([Region(low=bound, open=True), Region(high=bound), Region(low=bound, high=2 * bound)])
    )
    shape = draw(st.sampled_from(["rises", "falls", "linear", "flat within 20%"]))
    mean = Mean(experiment="a", endpoint="all", metric="mean", region=region, measured=values(draw(runs)))
    return draw(
        st.sampled_from(
            [
                ratio(draw(runs), draw(runs), region),
                mean,
                line(shape, draw(st.lists(positive, min_size=6, max_size=9))),
            ]
        )
    )


@given(evidence(), st.lists(st.floats(0.5, 0.99999), min_size=2, max_size=5))
def test_higher_confidence_decides_nothing_more_and_nothing_else(found: Evidence, confidences: list[float]) -> None:
    outcomes = [found.outcome(confidence) for confidence in sorted(confidences)]
    for lower, higher in itertools.pairwise(outcomes):
        assert higher in (lower, Outcome.INCONCLUSIVE)


def test_bend_is_judged_by_its_share_of_the_error() -> None:
    """At p = 0.0062 a bend refutes the line at 95 %, and at 99.9 % leaves it open; it never supports the line."""
    bent = line("linear", [10.0, 14.0, 15.0, 10.2, 13.7, 15.4, 9.7, 13.6, 15.8])
    p = bent.model(0.95).lack_of_fit_p
    assert p is not None
    assert 0.001 < p < 0.01
    assert bent.outcome(0.95) == Outcome.REFUTED
    assert bent.outcome(1 - p) == Outcome.INCONCLUSIVE
    assert bent.conclude(1 - p, "").evidence.endswith("whether there is a bend is left open")


# How often a judgement is wrong, with the stopping rule: at most one in twenty

LOOKS = range(3, 11)
AT_BOUND = Region(low=1.05, open=True)


def at_most(campaigns: int) -> int:
    """Return how many of some campaigns may be wrong if one in twenty is: a count that chance exceeds once in 1000."""
    return int(stats.binom.isf(0.001, campaigns, 0.05))


def decided_at_any_look(draw: Draw, campaigns: int, seed: int) -> int:
    """Return the number of campaigns that decide a ratio of exactly 1.05 at one of the looks, and stop there."""
    rng = np.random.default_rng(seed)
    wrong = 0
    for _ in range(campaigns):
        a, b = draw(rng)
        wrong += any(
            Member(ratio(a[:blocks], b[:blocks], AT_BOUND), LOOKS[0], LOOKS[-1]).decided_at(0.05) for blocks in LOOKS
        )
    return wrong


def made_up(cv: tuple[float, float] = (0.05, 0.05), *, drift: float = 0.0, block: float = 0.0) -> Draw:
    """Draw ten repeats of two experiments, the first 1.05 times the second; drift and blocks affect both alike."""

    def draw(rng: np.random.Generator) -> tuple[list[float], list[float]]:
        shared = np.linspace(0, drift, 10) + rng.normal(0, block, 10)
        a, b = (np.exp(shared + rng.normal(0, scatter, 10)) for scatter in cv)
        return (1.05 * a).tolist(), b.tolist()

    return draw


@pytest.mark.slow
@pytest.mark.parametrize(
    "draw",
    [
        pytest.param(made_up(), id="alike"),
        pytest.param(made_up((0.10, 0.05)), id="variances differ by a factor of 4"),
        pytest.param(made_up((0.02, 0.02), drift=0.1), id="drift of 10 %"),
        pytest.param(made_up((0.04, 0.02), drift=0.1, block=0.03), id="all of it"),
    ],
)
def test_looking_again_and_again_decides_wrongly_at_most_once_in_twenty(draw: Draw) -> None:
    """Plain intervals at 95 % decide wrongly in 12 to 16 % of these campaigns. Both sides count as wrong here."""
    assert decided_at_any_look(draw, 500, seed=11) <= at_most(500)


@pytest.mark.slow
def test_a_campaign_of_twelve_hypotheses_holds_a_wrong_judgement_at_most_once_in_twenty() -> None:
    """Twelve experiments are compared with one: four ratios differ clearly, the others lie exactly at the bound."""
    rng = np.random.default_rng(12)
    truth = np.array([1.05] * 8 + [2.0, 1.6, 0.5, 0.7])
    wrong = 0
    for _ in range(100):
        baseline = rng.lognormal(0, 0.05, 6).tolist()
        others = truth[:, None] * rng.lognormal(0, 0.05, (12, 6))
        wrong += any(wrongly_judged(truth, others[:, :n].tolist(), baseline[:n]) for n in (3, 4, 5, 6))
    assert wrong <= at_most(100)


def wrongly_judged(truth: np.ndarray, others: list[list[float]], baseline: list[float]) -> bool:
    members = [Member(ratio(other, baseline, AT_BOUND), 3, 6) for other in others]
    right = {1: Outcome.SUPPORTED, -1: Outcome.REFUTED}
    for step, true, member in zip(step_down([each.decided_at for each in members], 0.05), truth, members, strict=True):
        if step.decided and member.conclude(step.level, 12).outcome != right.get(int(np.sign(true - 1.05))):
            return True
    return False


@pytest.mark.slow
def test_clear_differences_are_decided_early() -> None:
    """A ratio of 2 against 1.05, at CV 5 %, takes three repeats almost always."""
    rng = np.random.default_rng(13)
    members = [
        Member(ratio((2 * rng.lognormal(0, 0.05, 3)).tolist(), rng.lognormal(0, 0.05, 3).tolist(), AT_BOUND), 3, 10)
        for _ in range(200)
    ]
    assert sum(member.decided_at(0.05) for member in members) >= 190
