"""What the cards' charts over time are drawn from, against the tables of the runs."""

from dataclasses import replace

import numpy as np

from loadstone.plan.schedule import Run
from loadstone.report.timelines import MEAN, OTHERS, timelines
from tests.support.made_up import Made, Make, steady

TWO = "baselines: false\ndefaults: {repeats: 2}\nexperiments: {a: {}, b: {}}"


def test_bins_hold_what_the_runs_have(make: Make) -> None:
    campaign = make(TWO, steady)
    found = timelines(campaign)
    assert found.runs == {"a": [1, 2], "b": [1, 2]}
    assert found.bins["requests"].sum() == campaign.timeline["requests"].sum()
    of_one = found.bins[(found.bins["experiment"] == "a") & (found.bins["repeat"] == 1)]
    assert of_one[of_one["inside"]][["begin", "end"]].to_numpy().tolist() == [[n, n + 1] for n in range(10, 20)]
    assert (of_one[OTHERS] <= of_one["whole machine"]).all()
    assert found.windows[["zero", "until"]].to_numpy().tolist() == [[0, 22]] * 4
    assert (found.by_second, found.merged, found.failures.empty) == ([], False, True)


def test_failures_are_stacked_by_kind(make: Make) -> None:
    def failing(run: Run, rng: np.random.Generator) -> Made:
        return steady(run, rng) | {"failures": 100.0}

    campaign = make(TWO, failing)
    campaign.timeline["failure_kinds"] = '{"HTTP 503": 30, "<timeout>": 10}'
    found = timelines(campaign).failures
    assert found["kind"].tolist()[:2] == ["<timeout>", "HTTP 503"]
    assert found[["low", "high"]].to_numpy().tolist()[:2] == [[0, 10], [10, 40]]


def test_many_runs_are_merged_and_lose_no_request(make: Make) -> None:
    campaign = make(TWO, lambda run, rng: steady(run, rng) | {"failures": 100.0})
    campaign.timeline.loc[campaign.timeline["begin_s"] == 0, "users"] = np.nan
    found = timelines(campaign, most_rows=30)
    assert found.merged
    assert len(found.bins) <= 32
    for column in ("requests", "failures"):
        assert found.bins[column].sum() == campaign.timeline[column].sum()
    of_one = found.bins[(found.bins["experiment"] == "a") & (found.bins["repeat"] == 1)]
    assert of_one["end"].tolist() == [3, 6, 9, 12, 15, 18, 21, 22]
    assert of_one["users"].isna().tolist() == [True, *[False] * 7], "unknown in a part is unknown"
    assert set(of_one["users"].dropna()) == set(campaign.timeline["users"].dropna())


def test_runs_of_earlier_versions_show_what_they_have(make: Make) -> None:
    campaign = make(TWO, steady)
    found = timelines(replace(campaign, timeline=campaign.timeline[campaign.timeline["experiment"] != "a"]))
    assert found.by_second == ["a"]
    assert found.runs == {"b": [1, 2], "a": [campaign.standing_run("a")[1]]}
    of_a = found.times[found.times["experiment"] == "a"]
    assert of_a[MEAN].notna().all()
    assert of_a["p95"].isna().all()
    assert found.bins[found.bins["experiment"] == "a"]["users"].isna().all()
