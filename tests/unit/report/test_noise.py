"""The page states how noisy the machine was, with and without a check."""

from pathlib import Path

import numpy as np
import pytest

from loadstone.plan.schedule import Run
from loadstone.report.campaign import load_campaign
from loadstone.report.doubts import find_doubts
from loadstone.report.sections.noise import noise
from loadstone.report.sections.warnings import warnings
from loadstone.results.noise import append_check
from tests.support.made_up import LOAD_STARTED, Made, Make
from tests.unit.results.test_noise import CHECK

SUITE = "{baselines: false, experiments: {one: {repeats: 1, load: {think_time: 1}}}}"


def plainly(run: Run, rng: np.random.Generator) -> Made:
    return {}


def test_campaign_without_a_check_has_that_stated(make: Make) -> None:
    view = noise(make(SUITE, plainly))
    assert view.sentences == ["No check of the machine before these runs is stored: the next campaign makes one."]
    assert view.figures == []


def test_last_check_is_shown_with_what_it_means(make: Make, tmp_path: Path) -> None:
    plan = make(SUITE, plainly).plan
    append_check(tmp_path / "results" / "noise.json", CHECK.model_copy(update={"time": LOAD_STARTED - 100}))
    view = noise(load_campaign(plan, tmp_path / "results", None))
    assert view.sentences[0].startswith("Expect repeats to lie within ±4.38 % of their mean")
    assert ("used by others", "0.300 CPUs: java (pid 12) 0.250") in view.figures
    assert view.missing == list(CHECK.missing)


def test_repeats_of_the_campaign_itself_say_more_than_a_check(make: Make) -> None:
    rates = {1: 100.0, 2: 104.0, 3: 96.0}
    suite = SUITE.replace("repeats: 1", "repeats: 3")
    campaign = make(suite, lambda run, _: {"throughput": rates[run.repeat]})
    [first, _] = noise(campaign).sentences
    assert "measured: throughput varied by 4.80 % between the repeats of this campaign" in first


def test_machine_that_changed_is_a_warning(make: Make, tmp_path: Path) -> None:
    suite = SUITE.replace("repeats: 1", "repeats: 2")
    plan = make(suite, plainly).plan
    path = tmp_path / "results" / "noise.json"
    append_check(path, CHECK.model_copy(update={"time": LOAD_STARTED - 10}))
    append_check(path, CHECK.model_copy(update={"time": LOAD_STARTED + 30, "spin_ms": 9.6}))
    campaign = load_campaign(plan, tmp_path / "results", None)
    assert any("measured in 2 parts" in sentence for sentence in noise(campaign).sentences)
    [changed] = [group for group in warnings(campaign, find_doubts(campaign)) if group.link == "noise"]
    assert "20.0 % longer" in changed.items[0]


@pytest.mark.parametrize("content", ["{", '{"checks": [1]}'])
def test_damaged_file_is_named_and_stops_nothing(make: Make, tmp_path: Path, content: str) -> None:
    plan = make(SUITE, plainly).plan
    (tmp_path / "results" / "noise.json").write_text(content, encoding="utf-8")
    [sentence] = noise(load_campaign(plan, tmp_path / "results", None)).sentences
    assert "The checks of the machine cannot be used" in sentence
    assert "noise.json: damaged" in sentence
