"""Runs whose number of users follows a shape: a verdict per plateau, and one for the run where they agree."""

from typing import Any

import pytest

from loadstone.analyse.plateaus import judge_run
from loadstone.results.json_file import to_json
from loadstone.results.signals import Plateau, Signals
from loadstone.results.verdicts import CampaignVerdicts, RunVerdict
from tests.unit.analyse.test_bottleneck import EAGER, IDLE

RUN = ("a", 1)
BUSY = EAGER | {"server_cpu": 0.97}
THINKING = IDLE | {"users": 10.0, "throughput": 6.64, "requests": 100.0}
FAILING = BUSY | {"users": 40.0, "response_s": 0.04, "requests": 1000.0, "failures": 300.0}
BROKEN = EAGER | {"throughput": 500.0}


def judged(*plateaus: dict[str, Any], **of_run: Any) -> RunVerdict:
    """Judge a run with plateaus of ten seconds each."""
    found = [
        Plateau(begin_s=10.0 * n, end_s=10.0 * (n + 1), signals=Signals(**each)) for n, each in enumerate(plateaus, 1)
    ]
    changing = {"steady": None, "fewest_users": 10, "most_users": 50, "plateaus": tuple(found)}
    return judge_run(RUN, Signals(**(EAGER | changing | of_run)))


def test_plateaus_that_agree_give_the_run_their_verdict() -> None:
    found = judged(BUSY, BUSY)
    assert (found.verdict, found.parties) == ("server's CPU", ("server's CPU",))
    assert [(each.users, each.begin_s, each.end_s, each.verdict) for each in found.plateaus] == [
        (50, 10, 20, "server's CPU"), (50, 20, 30, "server's CPU"),
    ]  # fmt: skip
    assert (found.plateaus[0].throughput_rps, found.plateaus[0].mean_ms) == (1000, 50)


def test_plateaus_that_differ_make_it_mixed_whatever_the_means_are() -> None:
    found = judged(THINKING, BUSY)
    assert (found.verdict, found.parties, found.also) == (
        "several limits",
        ("users' pauses", "server's CPU"),
        "server's CPU",
    )
    assert found.remark == "its plateaus differ: 10 users: users' pauses, 50 users: server's CPU"


def test_plateau_whose_figures_cannot_be_used_makes_the_run_mixed_and_is_named_first() -> None:
    found = judged(THINKING, FAILING, failures=0.0)
    assert (found.verdict, found.parties, found.also) == ("several limits", ("users' pauses",), None)
    assert found.remark == "its plateaus differ: 40 users: too many failures, 10 users: users' pauses"
    assert judged(BROKEN, BUSY).remark == "its plateaus differ: 50 users: invalid figures, 50 users: server's CPU"
    alone = judged(BROKEN)
    assert (alone.verdict, alone.remark) == (
        "no clear limit",
        "the figures of no plateau can be used: 50 users: invalid figures",
    )


def test_plateau_whose_figures_cannot_be_used_is_among_the_few_that_are_named() -> None:
    many = [THINKING | {"users": float(n), "throughput": 0.664 * n} for n in range(10, 25)]
    assert "40 users: too many failures" in str(judged(*many, FAILING).remark)


def test_without_a_plateau_there_is_no_verdict() -> None:
    found = judged(server_cpu=0.97)
    assert (found.verdict, found.plateaus) == ("no clear limit", ())
    assert "no plateau" in str(found.remark)
    assert judged(BUSY, failures=900.0).verdict == "too many failures", "which the whole run shows"


@pytest.mark.parametrize("follows", [True, False])
def test_file_is_read_as_it_was_written(follows: bool) -> None:
    run = judged(THINKING, BUSY) if follows else judge_run(RUN, Signals(**EAGER))
    written = to_json(CampaignVerdicts(experiments={}, runs=(run,)))
    assert CampaignVerdicts.model_validate_json(written, strict=True).runs == (run,)
    assert (b"plateaus" in written) is follows
