"""What the page shows of a verdict: the sentence, where requests are, users that were not served alike, neighbours."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from loadstone.plan.schedule import Run
from loadstone.report.campaign import Campaign
from loadstone.report.doubts import find_doubts
from loadstone.report.page import render
from loadstone.report.sections import experiments, places, signals, verdicts, warnings
from loadstone.report.sections.runs import run_rows
from loadstone.report.verdict_kinds import KIND_OF, VERDICTS, Kind, shades
from loadstone.results.signal_groups import TELLING
from loadstone.results.signals import Signals
from loadstone.results.threads import ThreadState
from loadstone.results.verdicts import Place
from loadstone.suite.verdict import Verdict
from tests.conftest import ROOT
from tests.support.made_up import Made, Make, steady
from tests.support.page_parts import section, specifications
from tests.support.restated import Restate, restate
from tests.unit.analyse.test_bottleneck import EAGER

SUITE = "baselines: false\ndefaults: {repeats: 2}\nexperiments: {a: {}, b: {}, c: {}}"
SENTENCE = "A lock in the server: 1.1 of 50 requests proceed, 48.9 wait for them. Nearest limit: u_gen = 0.5."


@pytest.fixture
def made(make: Make, tmp_path: Path) -> Any:
    """Make up a campaign with verdicts of the test's own."""

    def campaign(change: Restate, behaviour: Any = steady, text: str = SUITE) -> Campaign:
        return restate(make(text, behaviour), tmp_path / "results", change)

    return campaign


def locked(run: dict[str, Any]) -> dict[str, Any]:
    """Wait for a lock in a, for nothing in particular in b, unknown in c."""
    if run["experiment"] == "a":
        found = {"on a lock": 48.0 + run["repeat"] / 2, "running": 1.0, "elsewhere": 0.25}
        return {"verdict": "a lock in the server", "sentence": SENTENCE, "places": found, "probe": "look for the lock"}
    places = {"running": 2.0, "unread in a socket": 2.0}
    return {"places": places, "sentence": ""} if run["experiment"] == "b" else {"places": {}}


def disturbed(run: dict[str, Any]) -> dict[str, Any]:
    sentence = "Other processes used 1.2 of 2 CPUs."
    return (
        {"verdict": "other programs on the machine", "sentence": sentence}
        if run["experiment"] == "a" and run["repeat"] == 2
        else {}
    )


def test_places_are_means_of_the_runs_and_shares_of_all(made: Any) -> None:
    campaign = made(locked)
    table = places.places_table(campaign)
    of_a = table[table["experiment"] == "a"].set_index("place")
    assert of_a["requests"].to_dict() == {"on a lock": 48.75, "running": 1.0, "elsewhere": 0.25}
    assert of_a["total"].tolist() == [50.0] * 3
    assert list(of_a["end"]) == pytest.approx([0.975, 0.995, 1.0])
    assert list(table[table["experiment"] == "b"]["place"]) == ["unread in a socket", "running"], "in the same order"
    assert set(table["experiment"]) == {"a", "b"}, "unknown is not zero"
    view = places.places_view(campaign)
    assert view is not None
    assert view.unknown == "No samples show where the requests of c were."
    assert places.places_sentence(places.places_of(campaign, "a")) == (
        "Requests in progress: 50.0, of them on a lock 48.8 (97.5 %), running 1.00 (2.00 %)."
    )
    assert places.places_sentence({}) == ""


def test_disturbed_runs_do_not_count_in_places(made: Any) -> None:
    def of_runs(run: dict[str, Any]) -> dict[str, Any]:
        return disturbed(run) | {"places": {"running": float(run["repeat"])}}

    assert places.places_of(made(of_runs), "a") == {Place.RUNNING: 1.0}


def test_sentence_stands_for_the_remarks(made: Any) -> None:
    campaign = made(locked)
    a, b, _ = verdicts.verdict_rows(campaign, find_doubts(campaign))
    assert (a.sentence, a.remarks, a.each) == (SENTENCE, [], [])
    assert a.stated == SENTENCE
    assert b.sentence == ""
    assert any(remark.startswith("next closest to its limit: ") for remark in b.remarks), "as in earlier versions"
    assert ("look for the lock", "a") in verdicts.to_settle(campaign, [a, b])


def test_runs_that_disagree_are_quoted_each(made: Any) -> None:
    def differing(run: dict[str, Any]) -> dict[str, Any]:
        verdict = "a lock in the server" if run["repeat"] == 1 else "a pool in the server"
        return {"verdict": verdict, "sentence": f"{verdict} it was, in {run['experiment']}"}

    campaign = made(differing)
    row = verdicts.verdict_rows(campaign, find_doubts(campaign))[0]
    assert row.verdict == "repeats disagree"
    assert row.sentence == ""
    assert row.each == ["Repeat 1: A lock in the server it was, in a.", "Repeat 2: A pool in the server it was, in a."]
    assert row.stated == "its runs: 1 lock in the server, 1 pool"


def test_neighbour_is_named_wherever_the_page_warns(made: Any) -> None:
    def crowded(run: Run, rng: np.random.Generator) -> Made:
        others = {"other_cpus": 0.4, "other_cpus_peak": 1.9} if (run.experiment, run.repeat) == ("a", 2) else {}
        return steady(run, rng) | others

    campaign = made(disturbed, crowded)
    doubts = find_doubts(campaign)
    others = "other processes used 0.400 of 2 CPUs, and up to 1.90 in a second"
    assert [doubt.text for doubt in doubts["a", 2]] == [others]
    groups = {group.title: group.items for group in warnings.warnings(campaign, doubts)}
    assert groups["Other processes took the CPUs that these runs waited for: do not use them"] == [
        f"a, repeat 2 of 2: {others}"
    ]
    answered = warnings.doubt_sentence(campaign, doubts)
    assert "1 of 6 runs (1 next to a busy neighbour), left out of all means" in answered
    assert answered.startswith("Other processes were running: in 1 of 1 run"), "although their mean is small"
    assert campaign.used_of("a") == [("a", 1)]


UNEVEN = {
    "served": ({"users_served": 1, "fairness": 0.02}, "1 of 50 users had a completed request (repeat 2)"),
    "slow": (
        {"users_served": 50, "fairness": 0.9, "slow_users": 5, "slow_ratio": 5.4},
        "5 of 50 users waited 5.40 times as long for a response as the others (repeat 2)",
    ),
    "numbers": (
        {"users_served": 50, "fairness": 0.6},
        "their numbers of requests differ (Jain's index 0.600; 1 is even) (repeat 2)",
    ),
}


@pytest.mark.parametrize("case", UNEVEN)
def test_users_not_served_alike_are_named(make: Make, case: str) -> None:
    users, stated = UNEVEN[case]
    even = {"users_served": 50, "fairness": 0.99, "slow_users": 0}
    campaign = make(
        SUITE,
        lambda run, rng: steady(run, rng) | (users if (run.experiment, run.repeat) == ("a", 2) else even),
    )
    doubts = find_doubts(campaign)
    listed = run_rows(campaign, doubts)
    a, b, _ = experiments.experiment_views(campaign, verdicts.verdict_rows(campaign, doubts), listed)
    assert a.fairness is not None
    assert a.fairness.sentence == f"Users were not served alike: {stated}."
    assert [row.served for row in a.fairness.rows] == [50, users["users_served"]]
    assert b.fairness is None, "all is even"
    groups = {group.title: group.items for group in warnings.warnings(campaign, doubts)}
    assert groups["Users that were not served alike"] == [f"a: {stated}"]
    assert "in 1 of 6 runs users were not served alike" in warnings.doubt_sentence(campaign, doubts).lower()


@pytest.mark.parametrize(
    "users",
    [
        {"users_served": 40, "fairness": 0.7, "requests": 200.0},  # four requests per user: by chance
        {"users_served": 40},  # users who wait very different times, or leave
        {"users_served": 50, "fairness": 0.95, "slow_users": 0},
        {},
    ],
)
def test_chance_is_no_unfairness(make: Make, users: Made) -> None:
    campaign = make(SUITE, lambda run, rng: steady(run, rng) | users)
    assert "alike" not in warnings.doubt_sentence(campaign, find_doubts(campaign))


def test_every_verdict_has_its_kind_and_a_colour_of_its_own() -> None:
    assert set(KIND_OF) == set(Verdict)
    assert set(VERDICTS) == set(Kind)
    assert sum(map(len, VERDICTS.values())) == len(Verdict), "each has one kind"
    colours = shades(Verdict)
    assert list(colours) == [verdict for of_kind in VERDICTS.values() for verdict in of_kind]
    assert len(set(colours.values())) == len(Verdict)
    assert [*shades(["a pool in the server"]).values()] == [*shades(["the server's disk"]).values()], (
        "alone, each has the kind's own"
    )


def test_every_signal_has_a_meaning_and_every_missing_one_a_name() -> None:
    nothing = Signals(users=1, throughput=1, response_s=1, think_s=None)
    assert set(nothing.missing) >= TELLING
    assert set(nothing.missing) <= verdicts.MISSING.keys()
    assert [name for name, meaning in signals.meanings(Signals.model_fields).items() if not meaning] == []


def test_every_verdict_is_explained_in_the_documentation() -> None:
    text = (ROOT / "docs" / "verdicts.md").read_text(encoding="utf-8")
    explained = re.findall(r"^### (.*)$", text, flags=re.MULTILINE)
    assert sorted(explained) == sorted(Verdict)
    anchors = {re.sub(r"[^a-z -]", "", name).replace(" ", "-") for name in map(str.lower, Verdict)}
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) >= anchors, "the table at the head links to each"


def test_all_signals_are_means_of_the_runs_that_count(make: Make) -> None:
    def sampled(run: Run, rng: np.random.Generator) -> Made:
        states = {ThreadState.LOCK: 14.0, ThreadState.RUNNING: float(run.repeat)}
        return EAGER | {"thread_states": states, "proceeding": 2.0, "proceeding_low": 1.0, "proceeding_high": 3.0}

    shown = {row.name: row.value for row in signals.signal_rows(make(SUITE, sampled), "a")}
    assert shown["thread_states"] == "lock 14.0, running 1.50"
    assert shown["proceeding"] == "2.00 (1.00 – 3.00)"
    assert shown["steady"] == "yes"
    assert "iowait" not in shown, "missing is not zero"
    assert "proceeding_low" not in shown


@pytest.mark.slow
def test_page_shows_all_of_it(made: Any) -> None:
    def crowded(run: Run, rng: np.random.Generator) -> Made:
        few = {"users_served": 1, "fairness": 0.02} if run.experiment == "a" else {}
        return steady(run, rng) | {"thread_states": {ThreadState.LOCK: 49.0, ThreadState.RUNNING: 1.0}} | few

    page = render(made(locked, crowded))
    shown = section(page, "verdicts")
    assert "a lock in the server 2 runs" in shown
    assert SENTENCE in shown
    assert "No samples show where the requests of c were." in shown
    assert "thread_states State → mean number of the server's threads in it." in shown
    assert "what the server's threads waited for" not in shown, "it was measured"
    assert "connections that wait to be accepted" in shown, "missing, and named"
    of_experiments = section(page, "experiments")
    assert SENTENCE in of_experiments
    assert "thread_states lock 49.0, running 1.00" in of_experiments
    assert "1 of 50 users had a completed request" in of_experiments
    assert "Requests in progress: 50.0, of them on a lock" in of_experiments
    chart = specifications(page)["places"]
    assert chart["layer"][0]["encoding"]["color"]["scale"]["domain"] == [
        *("unread in a socket", "on a lock", "running", "elsewhere"),
    ]
    assert "c" not in json.dumps([column.get("experiment") for column in chart["datasets"].values()])
    assert 'class="verdict-of server-waits"' in page
    for kind in Kind:
        assert f".verdict-of.{kind}::before" in page or kind == Kind.OPEN


@pytest.mark.slow
def test_page_without_samples_has_no_picture_of_places(make: Make) -> None:
    page = render(make("baselines: false\ndefaults: {repeats: 1}\nexperiments: {a: {}}", steady))
    assert "places" not in specifications(page)
    shown = section(page, "verdicts")
    assert "No samples show" not in shown
    assert "what the server's threads waited for" in shown, "missing, and named"
    assert "Jain" not in section(page, "experiments")
