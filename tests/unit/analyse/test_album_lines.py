"""Lines over the number of albums, on made-up campaigns whose lines are known."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from loadstone.analyse.album_lines import fit_album_lines
from loadstone.analyse.campaign import MeasuredCampaign
from loadstone.plan.schedule import Plan, Run, make_plan
from loadstone.results.window import Window
from loadstone.suite.load import load_suite

SUITE = """
baselines: false
defaults: {repeats: 2}
sweeps:
  one: {vary: server.albums, values: [10, 100, 1000], load: {users: 1, spawn_rate: 1}}
  four: {vary: server.albums, values: [10, 100, 1000], load: {users: 4, spawn_rate: 4}}
"""
TREND = """
hypotheses:
  grows: {claim: It grows., trend: {metric: mean, endpoint: GET /albums, over: [one, four]}, expect: rises}
"""
Planned = Callable[[str], Plan]


@pytest.fixture
def planned(write_suite: Callable[[str], Path]) -> Planned:
    return lambda text: make_plan(load_suite(write_suite(text)))


def measured(
    plan: Plan, *, albums: int | None = 100, wild: frozenset[tuple[str, int]] = frozenset()
) -> MeasuredCampaign:
    """Make up a campaign: 1 ms, 1 ms more per user, 10 µs more per album. Runs that are `wild` do not count."""
    rows = [
        (run.experiment, run.repeat, endpoint, 500.0 if (run.experiment, run.repeat) in wild else mean_ms(run))
        for run in plan.runs
        for endpoint in ("all", "GET /albums", "POST /albums")
    ]
    window = Window(
        begin=0.0, end=10.0, configured_begin=0.0, settled=True, remark=None, started=0.0, albums_begin=albums,
        albums_end=albums, growth_effect_ms=None, growth_effect_p=None,
    )  # fmt: skip
    runs = frozenset((run.experiment, run.repeat) for run in plan.runs)
    return MeasuredCampaign(
        plan=plan,
        summary=pd.DataFrame(rows, columns=["experiment", "repeat", "endpoint", "mean_ms"]),
        signals={},
        windows=dict.fromkeys(runs, window),
        counting=runs - wild,
    )


def mean_ms(run: Run) -> float:
    return 1 + run.load.users + 0.01 * (run.server.albums or 0)


def test_least_squares_line_of_each_endpoint(planned: Planned) -> None:
    lines = fit_album_lines("four", measured(planned(SUITE)))
    assert [line.endpoint for line in lines] == ["GET /albums", "POST /albums"]
    for line in lines:
        assert (line.users, line.hypothesis, line.lowest, line.highest) == (4, None, 10.0, 1000.0)
        assert (line.a_ms, line.b_us.value) == (pytest.approx(5.0), pytest.approx(10.0))


@pytest.mark.parametrize(("sweep", "a_ms"), [("one", 2.0), ("four", 5.0)])
def test_line_of_a_hypothesis_takes_the_users_into_account(planned: Planned, sweep: str, a_ms: float) -> None:
    get, post = fit_album_lines(sweep, measured(planned(SUITE + TREND)))
    assert (get.hypothesis, post.hypothesis) == ("grows", None), "the hypothesis is about one endpoint"
    assert get.a_ms == pytest.approx(a_ms)
    assert get.b_us.value == pytest.approx(10.0)


def test_runs_that_do_not_count_are_left_out(planned: Planned) -> None:
    plan = planned(SUITE)
    lines = fit_album_lines("one", measured(plan, wild=frozenset({("one=100", 2)})))
    assert [line.b_us.value for line in lines] == pytest.approx([10.0, 10.0])


def test_one_level_has_no_line(planned: Planned) -> None:
    plan = planned(SUITE)
    wild = frozenset((f"one={level}", repeat) for level in (10, 100) for repeat in (1, 2))
    assert fit_album_lines("one", measured(plan, wild=wild)) == ()


@pytest.mark.parametrize("albums", [0, None])
def test_store_without_albums_has_no_line(planned: Planned, albums: int | None) -> None:
    assert fit_album_lines("one", measured(planned(SUITE), albums=albums)) == ()
