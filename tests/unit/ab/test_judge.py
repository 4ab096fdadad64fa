"""Fails more, slower, faster, no change, can't tell: by whole intervals over pairs of runs, and by what failed."""

import random
import re

import pytest

from loadstone.ab.judge import conclude, confidence_of, judge_experiment
from loadstone.results.ab import AbExperiment, AbFinding, AbRun, AbSide, SideName
from loadstone.suite.verdict import Verdict

SIDES: tuple[SideName, SideName] = ("A", "B")
A, B = AbSide(name="main", commit="a" * 40), AbSide(name="change", commit="b" * 40)
MARGIN = 0.05


def run(
    side: SideName,
    pair: int,
    mean_ms: float,
    rate: float = 100.0,
    verdict: Verdict | None = Verdict.SERVER_CPU,
    failures: int = 0,
) -> AbRun:
    left_out = None if verdict is not None and verdict.is_sound else "the reason"
    return AbRun(
        side=side,
        pair=pair,
        verdict=verdict,
        left_out=left_out,
        requests=0 if verdict is None else 1000,
        failures=failures,
        mean_ms=mean_ms,
        goodput_rps=rate,
    )


def runs(a: list[float], b: list[float], verdict: Verdict = Verdict.THINK_TIME) -> list[AbRun]:
    """Lay out runs with these mean response times; think time is what sets their throughput, unless stated."""
    return [
        *(run("A", pair, value, verdict=verdict) for pair, value in enumerate(a, start=1)),
        *(run("B", pair, value, verdict=verdict) for pair, value in enumerate(b, start=1)),
    ]


def judged(
    all_runs: list[AbRun], planned: int, confidence: float = confidence_of(1), margin: float = MARGIN
) -> AbExperiment:
    return judge_experiment("one", all_runs, planned, margin, confidence)


@pytest.mark.parametrize(
    ("b", "finding"),
    [
        ([20.0, 20.2, 19.9], AbFinding.SLOWER),
        ([5.0, 5.1, 4.9], AbFinding.FASTER),
        ([10.1, 10.0, 10.05], AbFinding.NO_CHANGE),
        ([10.0, 20.0, 10.0], AbFinding.CANNOT_TELL),
        ([10.5, 10.3, 10.4], AbFinding.CANNOT_TELL),
    ],
)
def test_interval_and_ratio_decide(b: list[float], finding: AbFinding) -> None:
    assert judged(runs([10.0, 10.1, 9.9], b), 3).finding == finding


def test_think_time_leaves_goodput_unjudged() -> None:
    slower = [run("A", p, 10.0 + p / 10, 100.0) for p in (1, 2)] + [run("B", p, 10.1, 50.0 + p) for p in (1, 2)]
    assert judged(slower, 2).finding == AbFinding.SLOWER
    waiting = [one.model_copy(update={"verdict": Verdict.THINK_TIME}) for one in slower]
    assert judged(waiting, 2).goodput_rps.finding is None
    assert judged(waiting, 2).goodput_rps.ratio is not None
    arriving = [one.model_copy(update={"verdict": Verdict.ARRIVAL_RATE}) for one in slower]
    assert judged(arriving, 2).goodput_rps.finding is None


def test_both_sides_limits_are_stated() -> None:
    mixed = runs([10.0, 10.1], [20.0, 20.1])
    saturated = [one.model_copy(update={"verdict": Verdict.SERVER_CPU}) if one.side == "B" else one for one in mixed]
    assert judged(saturated, 2).limits == ("users' pauses", "server's CPU")


def test_pair_with_an_unusable_run_is_left_out_and_named() -> None:
    all_runs = [*runs([10.0, 10.1, 9.9], [20.0, 20.2, 19.9]), run("A", 4, 900.0, verdict=Verdict.INVALID)]
    all_runs.append(run("B", 4, 20.0, verdict=Verdict.THINK_TIME))
    found = judged(all_runs, 4)
    assert (found.finding, found.pairs, found.planned_pairs) == (AbFinding.SLOWER, 3, 4)
    assert found.mean_ms.a == pytest.approx(10.0, rel=0.01)
    assert [one.pair for one in found.runs if one.left_out] == [4]


def test_half_of_the_pairs_unusable_is_no_answer() -> None:
    all_runs = runs([10.0, 10.1], [20.0, 20.2])
    all_runs += [run("A", p, 10.0, verdict=Verdict.THINK_TIME) for p in (3, 4)]
    all_runs += [run("B", 3, 20.0, verdict=Verdict.ERRORS), run("B", 4, 20.0, verdict=None)]
    found = judged(all_runs, 4)
    assert found.finding == AbFinding.CANNOT_TELL
    assert found.reason.endswith(
        "; 2 of 4 pairs can be used; runs that cannot: B: 2 of 4 runs (broken, too many failures)"
    )


def test_counts_that_agree_by_chance_are_not_exact() -> None:
    def with_requests(requests: int) -> AbExperiment:
        some = [run("A", p, 10.0, 10.0) for p in (1, 2)] + [run("B", p, 10.0, 9.0) for p in (1, 2)]
        return judged([one.model_copy(update={"requests": requests}) for one in some], 2)

    assert with_requests(10).goodput_rps.finding == AbFinding.CANNOT_TELL
    assert with_requests(1000).goodput_rps.finding == AbFinding.SLOWER


def test_many_pairs_see_past_a_drift_of_the_machine() -> None:
    drift = [10.0 * 1.2**number for number in range(8)]
    slower = [value * 1.1 for value in drift]
    assert judged(runs(drift, slower), 8).finding == AbFinding.SLOWER
    assert judged(runs(drift[:3], slower[:3]), 3).finding == AbFinding.CANNOT_TELL


def test_several_experiments_raise_the_confidence_of_each() -> None:
    assert confidence_of(1) == 0.975
    assert confidence_of(5) == pytest.approx(0.995)
    some = runs([10.0, 10.3, 9.8], [11.5, 11.9, 11.3])
    assert judged(some, 3, confidence_of(1)).finding == AbFinding.SLOWER
    assert judged(some, 3, confidence_of(20)).finding == AbFinding.CANNOT_TELL


@pytest.mark.parametrize(
    ("findings", "code", "sentence"),
    [
        ("no change", 0, "change (bbbbbbb) next to main (aaaaaaa): no change beyond 5 % in 1 experiment."),
        ("faster no change", 0, "faster (margin 5 %) in 1 of 2 experiments: e0; nothing slower."),
        ("can't tell", 2, "can't tell in 1 of 1 experiment: e0; nothing is known to be slower or to fail more."),
        ("can't tell slower", 1, "slower (margin 5 %) in 1 of 2 experiments: e1."),
        ("can't tell fails more", 1, "change (bbbbbbb) next to main (aaaaaaa): fails more in 1 of 2 experiments: e1."),
        (
            "slower fails more",
            1,
            "fails more in 1 of 2 experiments: e1; slower (margin 5 %) in 1 of 2 experiments: e0.",
        ),
        (
            "faster can't tell",
            2,
            "can't tell in 1 of 2 experiments: e1; nothing is known to be slower or to fail more.",
        ),
    ],
)
def test_gravest_experiment_decides(findings: str, code: int, sentence: str) -> None:
    names = re.findall("|".join(AbFinding), findings)
    experiments = [
        judged(runs([10.0, 10.1], [10.0, 10.1]), 2).model_copy(
            update={"experiment": f"e{number}", "finding": AbFinding(name)}
        )
        for number, name in enumerate(names)
    ]
    result = conclude(A, B, MARGIN, experiments)
    assert result.exit_code == code
    assert result.outcome.endswith(sentence)


def is_alarm(compared: AbExperiment) -> bool:
    return compared.finding in (AbFinding.SLOWER, AbFinding.FASTER)


def same_commits(
    chance: random.Random, pairs: int, noise: float, experiments: int = 1, drift: float = 0.1
) -> AbExperiment:
    """Judge two equal commits: log-normal noise of means and rates, and a drift between pairs; no margin."""
    drifts = [chance.lognormvariate(0, drift) for _ in range(pairs)]
    all_runs = [
        run(side, pair, 10 * d * chance.lognormvariate(0, noise), 1e3 * d * chance.lognormvariate(0, noise)).model_copy(
            update={"requests": 10**9}
        )
        for pair, d in enumerate(drifts, start=1)
        for side in SIDES
    ]
    return judged(all_runs, pairs, confidence_of(experiments), margin=0)


@pytest.mark.slow
@pytest.mark.parametrize(("pairs", "noise"), [(2, 0.02), (2, 0.2), (3, 0.1), (6, 0.1), (10, 0.1), (10, 0.4)])
def test_same_commit_is_seldom_called_slower_or_faster(pairs: int, noise: float) -> None:
    """A/A: of 1,500 comparisons without a difference, by two independent figures, at most 5 % are called different.

    Nothing is allowed for by the margin, which is 0. Three standard deviations of that count are allowed on top.
    """
    chance = random.Random(pairs)
    trials = 1500
    alarms = sum(is_alarm(same_commits(chance, pairs, noise)) for _ in range(trials))
    expected = 0.05 * trials
    assert alarms <= expected + 3 * expected**0.5


@pytest.mark.slow
@pytest.mark.parametrize("pairs", [3, 8])
def test_five_same_experiments_are_seldom_called_slower_or_faster(pairs: int) -> None:
    """A/A with five experiments: in at most 5 % of the comparisons, any of them is called different."""
    chance = random.Random(5)
    trials = 600
    alarms = sum(any(is_alarm(same_commits(chance, pairs, 0.3, 5, 0)) for _ in range(5)) for _ in range(trials))
    expected = 0.05 * trials
    assert alarms <= expected + 3 * expected**0.5
