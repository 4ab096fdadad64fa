"""The most important statements about a campaign."""

import re

import numpy as np
import pytest

from loadstone.analyse.experiment_rows import Failed, Outcomes
from loadstone.analyse.headline import MAX_STATEMENTS, conclude, describe_experiment
from loadstone.plan.schedule import Run
from loadstone.results.search import SearchResult
from loadstone.suite.verdict import Verdict
from tests.support.made_up import PUBLISHED, REPEATING, WORKERS, Made, Make, scaled, steady, thinking

TWO = "baselines: false\ndefaults: {repeats: 4}\nexperiments: {before: {}, after: {}}\n"
COMPARED = TWO + (
    "hypotheses:\n"
    "  faster: {claim: c, compare: {metric: throughput, of: after, to: before}, expect: '> 1.05'}\n"
    "  no-slower: {claim: c, gate: true, compare: {metric: p95, of: after, to: before}, expect: '< 1.5'}\n"
)


def halved(run: Run, rng: np.random.Generator) -> Made:
    """Behave half as fast before as after."""
    rps = (1000 if run.experiment == "after" else 500) * float(rng.lognormal(0, 0.003))
    return {"throughput": rps, "response_s": 50 / rps}


def test_published_rates_are_the_pace_of_the_users(make: Make) -> None:
    first, second, third = conclude(make(REPEATING, thinking, PUBLISHED).outcomes)
    assert first == "The published 32.7 requests/s is the pace of the users, not the limit of the server."
    assert second == (
        "50 users who pause 1 to 2 s can send about 33.3 requests/s at most, however fast the server is; its CPU "
        "was 2 % busy."
    )
    found = re.fullmatch(
        r"The same 50 users without pauses got (\S+) requests/s from it, (\S+) times as many \(eager: (.+)\)\.", third
    )
    assert found
    assert found[3] == Verdict.UNDETERMINED, "it names no party, so nothing limited it"
    assert float(found[1].replace(",", "")) / 33.2 == pytest.approx(float(found[2]), rel=0.01)


def test_without_published_figures_the_measured_rate_is_the_pace(make: Make) -> None:
    suite = REPEATING.partition("published:")[0]
    first, *_ = conclude(make(suite, thinking).outcomes)
    assert first == "fifty got 33.2 requests/s: the pace of its users, not the limit of the server."


def test_published_rate_that_the_users_do_not_explain_is_not_called_their_pace(make: Make) -> None:
    table = PUBLISHED.replace("5223,32.7", "2400,15.0")
    first, *_ = conclude(make(REPEATING, thinking, table).outcomes)
    assert "published" not in first


def test_users_of_another_server_are_not_the_same(make: Make) -> None:
    """With another store, the two rates would differ for two reasons."""
    suite = REPEATING.replace("eager: {", "eager: {server: {store: sqlite}, ")
    statements = conclude(make(suite, thinking, PUBLISHED).outcomes)
    assert not any("without pauses" in statement for statement in statements)
    assert statements[-1].startswith("eager handled ")


def test_comparisons_that_the_suite_asks_for(make: Make) -> None:
    gate, ratio, fastest = conclude(make(COMPARED, halved).outcomes)
    assert re.fullmatch(r"The 95th percentile of after is 0\.\d+ times that of before \(\S+ to \S+\): .+", gate)
    assert gate.endswith(": the gate no-slower is supported.")
    assert ratio.startswith("The throughput of after is ")
    assert ratio.endswith(": the hypothesis faster is supported.")
    assert fastest.startswith("after handled ")


def test_two_experiments_are_compared(make: Make) -> None:
    first, second = conclude(make(TWO, halved).outcomes)
    assert re.fullmatch(r"after handled \S+ requests/s, before \S+: (1\.99|2\.0\d) times as many\.", first)
    assert second.startswith("after handled ")


def test_a_sweep_is_stated_by_its_ends(make: Make) -> None:
    fastest, sweep = conclude(make(WORKERS, scaled).outcomes)
    assert fastest.startswith("w=6 handled ")
    assert re.fullmatch(r"w: \S+ requests/s with server\.workers 1, \S+ with 6\.", sweep)


def test_what_an_experiment_handled(make: Make) -> None:
    outcomes = make(TWO, steady).outcomes
    sentence = describe_experiment(outcomes, "before")
    assert re.match(r"before handled \S+ requests/s \(p95 100 ms, no failures\)\. Nothing that was measured", sentence)
    assert sentence.count(". ") == 1
    failing = Outcomes(
        plan=outcomes.plan,
        verdicts=outcomes.verdicts,
        repeats=outcomes.repeats,
        failed={"before": Failed(3, 10_000)},
    )
    assert " ms, < 0.1 % failed)" in describe_experiment(failing, "before")


def test_nothing_is_stated_of_figures_that_cannot_be_used(make: Make) -> None:
    def failing(run: Run, rng: np.random.Generator) -> Made:
        return steady(run, rng) | {"failures": 10_000.0}

    assert conclude(make(TWO, failing).outcomes) == (
        f"No figure of this campaign can be used: {Verdict.ERRORS} in 2 experiments.",
    )


@pytest.mark.parametrize(
    ("met", "missed", "said"),
    [
        (40.0, 42.0, "most meets p95 < 50ms at 40.0 requests/s but not at 42.0."),
        (None, 10.0, "most misses p95 < 50ms even at the lowest rate, 10.0 requests/s."),
        (80.0, None, "most meets p95 < 50ms up to the highest rate tried, 80.0 requests/s."),
    ],
)
def test_capacities_come_before_comparisons(make: Make, met: float | None, missed: float | None, said: str) -> None:
    found = make(COMPARED, halved).outcomes
    search = SearchResult(slo="p95 < 50ms", met_at=met, missed_at=missed, sentence="", probes=())
    outcomes = Outcomes(
        plan=found.plan,
        verdicts=found.verdicts,
        repeats=found.repeats,
        hypotheses=found.hypotheses,
        searches={"most": search},
    )
    statements = conclude(outcomes)
    assert statements[0] == said
    assert len(statements) == MAX_STATEMENTS == 3
