"""The first screen: what was tested, how fast it was, what limited it, and whether to believe it."""

import re
from pathlib import Path

import numpy as np
import pytest

from loadstone.plan.schedule import Run
from loadstone.report.campaign import Campaign
from loadstone.report.doubts import find_doubts
from loadstone.report.headline import make_headline
from loadstone.report.page import render
from loadstone.report.results_table import result_rows
from loadstone.report.sections.comparison import compared_rows
from loadstone.report.title import tested as target_of
from loadstone.report.title import time_span, title
from loadstone.report.trust import trust
from loadstone.text import figure
from tests.support.default_shaped import make_default
from tests.support.made_up import PUBLISHED, REPEATING, WORKERS, Made, Make, make_campaign, scaled, steady, thinking
from tests.support.page_parts import open_text, section, text_of
from tests.unit.report.test_scaling import CLAIMS, probe, searched

MAX_WORDS = 2500
"""Words that are open at first, for the default suite."""


def figures_of(text: str) -> set[str]:
    """Take the figures of a text, as they are written."""
    return set(re.findall(r"(?<![\w.])\d[\d,]*(?:\.\d+)?", text))


@pytest.fixture(scope="module")
def default(tmp_path_factory: pytest.TempPathFactory) -> tuple[Campaign, str]:
    """A made-up campaign of the default suite, and its page."""
    campaign = make_default(tmp_path_factory.mktemp("default"))
    return campaign, render(campaign)


@pytest.mark.slow
def test_default_suite_is_answered_in_few_words(default: tuple[Campaign, str]) -> None:
    _, page = default
    seen = open_text(page)
    assert len(seen.split()) <= MAX_WORDS
    head = seen[:2000]
    assert "Album API · default suite" in head
    assert "2027" in head, "the date"
    assert "CPUs, shared by server and Locust" in head
    assert re.search(r"The published 3\d(\.\d)? (to 3\d\.\d )?requests/s is the pace of the users", head)
    assert "50 users who pause 1 to 2 s can send about 33.3 requests/s at most" in head
    assert "How far to trust this:" in seen
    assert "Hypotheses: " in seen


@pytest.mark.slow
def test_bars_and_sentences_state_the_same_figures(default: tuple[Campaign, str]) -> None:
    campaign, page = default
    headline = make_headline(campaign)
    stated = figures_of(f"{headline.text} {' '.join(headline.sentences)}")
    assert len(headline.bars) == 4
    published, possible, again, without = headline.bars
    assert figure(published.rps) == published.value
    assert {possible.value, without.value} <= stated
    rows = {row.experiment: row for row in result_rows(campaign, find_doubts(campaign))}
    assert again.value == figure(rows["fifty-users"].rps)
    named = re.search(r"\((locust-workers=\d): ", headline.sentences[-1])
    assert named is not None
    assert without.value == figure(rows[named[1]].rps)
    widths = [float(width) for width in re.findall(r'class="length" style="width: ([\d.]+)%"', page)]
    assert widths == [pytest.approx(100 * bar.rps / without.rps, abs=0.01) for bar in headline.bars], "linear"


@pytest.mark.slow
def test_table_holds_the_figures_of_the_results(default: tuple[Campaign, str]) -> None:
    campaign, page = default
    table = re.search(r'<table id="results".*?</table>', page, flags=re.DOTALL)
    assert table is not None
    rows = re.findall(r"<tr[^>]*><th.*?</tr>", table[0], flags=re.DOTALL)
    assert len(rows) == len(campaign.experiments) + 1, "and the head"
    for row in rows[1:]:
        name = re.search(r">([^<]+)</a>", row)
        assert name is not None
        values = [float(value) if value else None for value in re.findall(r'data-value="([^"]*)"', row)]
        metrics = [campaign.outcomes.mean_of(name[1], metric) for metric in ("throughput_rps", "p50_ms", "p95_ms")]
        assert values == [*(pytest.approx(value, rel=1e-5) if value else None for value in metrics), 0.0]
        assert str(campaign.verdicts.experiments[name[1]].verdict) in text_of(row)


@pytest.mark.slow
def test_cards_state_the_figures_of_the_table(default: tuple[Campaign, str]) -> None:
    campaign, page = default
    for row in result_rows(campaign, find_doubts(campaign)):
        card = re.search(
            rf'<details[^>]*id="experiment={re.escape(row.experiment)}".*?</summary>', page, flags=re.DOTALL
        )
        assert card is not None
        figures = re.search(r'<span class="figures">.*', card[0], flags=re.DOTALL)
        assert figures is not None
        stated = text_of(figures[0])
        assert f"{figure(row.rps)} requests/s" in stated
        assert f"p95 {figure(row.p95_ms)} ms" in stated


@pytest.mark.slow
def test_comparison_has_the_figures_of_the_table(default: tuple[Campaign, str]) -> None:
    campaign, _ = default
    doubts = find_doubts(campaign)
    rows = {row.experiment: row for row in result_rows(campaign, doubts)}
    compared = list(compared_rows(campaign, doubts))
    assert {row.verdict.experiment for row in compared} == set(rows)
    for row in compared:
        other = rows[row.verdict.experiment]
        found = {key: row.figures[key] for key in ("rps", "p95")}
        assert found == pytest.approx({"rps": other.rps, "p95": other.p95_ms}, rel=1e-5)


@pytest.mark.slow
def test_every_closed_section_says_what_is_inside(default: tuple[Campaign, str]) -> None:
    _, page = default
    closed = re.findall(r'<section id="([^"]+)"[^>]*>\s*<details class="fold">', page)
    assert len(closed) > 8
    assert "answer" not in closed
    assert not re.search(r'<details class="fold" open', page)
    seen = open_text(page)
    assert re.search(r"Hypotheses \d+ supported, \d+ refuted, \d+ open", seen)
    assert (
        "locust-workers over load.workers, gunicorn-workers over server.workers" in seen
        or "over server.workers" in seen
    )
    for anchor in set(re.findall(r'href="#([^"]+)"', page)):
        assert f'id="{anchor}"' in page


def test_every_link_to_an_experiment_has_its_name(make: Make) -> None:
    campaign = make(WORKERS, scaled)
    assert campaign.anchors == {name: f"experiment={name}" for name in ("w=1", "w=2", "w=4", "w=6")}
    page = render(campaign)
    for anchor in campaign.anchors.values():
        assert page.count(f'id="{anchor}"') == 1
        assert f'href="#{anchor}"' in page


def test_published_headline_and_its_parts(make: Make) -> None:
    campaign = make(REPEATING, thinking, PUBLISHED)
    headline = make_headline(campaign)
    assert headline.text == "The published 32.7 requests/s is the pace of the users, not the limit of the server."
    assert [bar.label for bar in headline.bars] == [
        "published, 50 users",
        "most that 50 users with these pauses can send",
        "50 users, measured again",
        "50 users without pauses",
    ]


def test_capacity_is_the_headline(make: Make, tmp_path: Path) -> None:
    campaign = searched(make, tmp_path, probe(10, 5.0, None), probe(20, 90.0, "p95 was 90 ms"))
    headline = make_headline(campaign)
    assert headline.text == "c meets p95 < 50ms at 10.0 requests/s but not at 20.0."
    assert [(bar.label, bar.rps) for bar in headline.bars] == [("c: meets p95 < 50ms", 10.0), ("c: misses it", 20.0)]


def test_one_experiment_needs_no_bars(make: Make) -> None:
    headline = make_headline(make("baselines: false\nexperiments: {checkout: {repeats: 2}}", steady))
    assert headline.text.startswith("checkout handled ")
    assert headline.text.endswith("no failures).")
    assert headline.bars == []
    assert len(headline.sentences) == 1


def test_nothing_that_can_be_used_is_stated_as_that(make: Make) -> None:
    campaign = make("baselines: false\nexperiments: {a: {repeats: 2}}", lambda run, rng: {"failures": 20_000.0})
    headline = make_headline(campaign)
    assert "can be used" in headline.text
    assert headline.bars == []
    assert not trust(campaign, find_doubts(campaign)).sound
    page = section(render(campaign), "answer")
    assert "not to be used" in page
    assert "100.0 %" in page


@pytest.mark.parametrize(
    ("change", "main"),
    [
        ({"failures": 9000.0}, r"^3 of 6 runs can be used. The main doubt: 3 of 6 runs \(3 failed too often\)"),
        ({"other_cpus": 1.0}, r"The main doubt: other processes were running"),
        ({"check": False}, r"^All 6 runs can be used. The main doubt: checks failed in 3 of 6 runs"),
    ],
)
def test_main_doubt_comes_first(make: Make, change: Made, main: str) -> None:
    def behave(run: Run, rng: np.random.Generator) -> Made:
        return steady(run, rng) | (change if run.experiment == "b" else {})

    campaign = make("baselines: false\ndefaults: {repeats: 3}\nexperiments: {a: {}, b: {}}", behave)
    found = trust(campaign, find_doubts(campaign))
    assert re.search(main, found.main)
    assert not found.sound
    shown = section(render(campaign), "answer")
    assert f"How far to trust this: {found.main}" in shown
    assert all(other in shown for other in found.others)


def test_no_doubt_is_stated_with_its_grounds(make: Make) -> None:
    campaign = make("baselines: false\ndefaults: {repeats: 4}\nexperiments: {a: {}}", thinking)
    found = trust(campaign, find_doubts(campaign))
    assert found.main.startswith("There is no reason to doubt any of the 4 runs.")
    assert "Each experiment has 4 runs" in found.main
    assert found.others == []


def test_single_runs_are_a_doubt(make: Make) -> None:
    campaign = make("baselines: false\ndefaults: {repeats: 1}\nexperiments: {a: {}, c: {}}", thinking)
    assert "every experiment was run once" in trust(campaign, find_doubts(campaign)).main.lower()


def test_hypotheses_that_change_a_belief_come_first(make: Make) -> None:
    page = render(make(CLAIMS, steady))
    shown = section(page, "answer")
    assert shown.index("✗") < shown.index("✓")
    assert "b answers far more" in shown
    assert re.search(r"Hypotheses: 1 supported, 1 refuted, 2 open", shown)


@pytest.mark.parametrize(
    ("begin", "end", "text"),
    [
        (1_795_825_000.0, 1_795_826_000.0, "28 Nov 2026, 00:16–00:33 UTC"),
        (1_795_825_000.0, 1_795_911_400.0, "28 Nov 2026, 00:16 – 29 Nov 2026, 00:16 UTC"),
    ],
)
def test_time_span(begin: float, end: float, text: str) -> None:
    assert time_span(begin, end) == text


def test_title_is_the_suites_or_names_the_target(tmp_path: Path) -> None:
    text = "baselines: false\nexperiments: {a: {repeats: 1}}\n"
    for folder, line, name in (("given", "title: Checkout", "Checkout"), ("none", "", "Album API")):
        (tmp_path / folder).mkdir()
        campaign = make_campaign(tmp_path / folder, f"{line}\n{text}", steady)
        assert target_of(campaign) == "Album API"
        assert title(campaign).name == name
        assert ("Album API" in title(campaign).facts) == (name == "Checkout")
