"""`summary.csv`: each run's place in its sweep, and a table that is whole or refused by name."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from loadstone.errors import DamagedError, ResultError
from loadstone.plan.schedule import Plan, make_plan
from loadstone.results.summary import SUMMARY_COLUMNS, places_in_sweeps, read_summary, summary_table
from loadstone.results.tables import ENDPOINT_COLUMNS, TEXTS
from loadstone.suite.load import load_suite

SUITE = """
baselines: false
defaults: {repeats: 1}
experiments: {alone: {}}
sweeps:
  threads: {vary: server.threads, values: [1, 4], probe: true}
  waits: {vary: load.think_time, values: [0, 0.5, [1, 2]]}
  stores: {vary: server.store, values: [list, sqlite]}
"""


@pytest.fixture
def plan(write_suite: Callable[[str], Path]) -> Plan:
    return make_plan(load_suite(write_suite(SUITE)))


@pytest.fixture
def table(plan: Plan) -> pd.DataFrame:
    values = {name: "all" if name in TEXTS else 1.0 for name in ENDPOINT_COLUMNS}
    rows = [{"experiment": run.experiment, "repeat": run.repeat, **values} for run in plan.runs]
    return summary_table(plan, pd.DataFrame(rows))


def test_level_is_written_as_the_suite_has_it(table: pd.DataFrame) -> None:
    places = {row["experiment"]: (row["sweep"], row["level"]) for row in table.to_dict("records")}
    assert places == {
        "alone": ("", ""),
        "threads=1": ("threads", "1"), "threads=4": ("threads", "4"),
        "threads=1@twice": ("", ""), "threads=4@twice": ("", ""),
        "waits=0": ("waits", "0"), "waits=0.5": ("waits", "0.5"), "waits=1-2": ("waits", "[1,2]"),
        "stores=list": ("stores", "list"), "stores=sqlite": ("stores", "sqlite"),
    }  # fmt: skip
    assert list(table) == list(SUMMARY_COLUMNS)


def test_places_have_the_values_themselves(plan: Plan) -> None:
    places = places_in_sweeps(plan.suite)
    assert places["waits=1-2"] == ("waits", (1, 2))
    assert "threads=1@twice" not in places


def test_names_that_look_like_no_value_are_read(table: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "summary.csv"
    table.assign(endpoint="NA", experiment="null").to_csv(path, index=False)
    again = read_summary(path)
    assert set(again["endpoint"]) == {"NA"}
    assert set(again["experiment"]) == {"null"}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda text: "", "damaged: No columns"),
        (lambda text: text.replace("late", "early"), "no column late"),
        (lambda text: text.replace(",1.0", ",one", 1), "damaged: column requests"),
        (lambda text: text.replace("alone,", ",", 1), "damaged: column experiment"),
        (lambda text: text + "a,b\n" * 2, "damaged: column repeat"),
    ],
)
def test_damage_is_one_line(table: pd.DataFrame, tmp_path: Path, change: Callable[[str], str], complaint: str) -> None:
    path = tmp_path / "summary.csv"
    path.write_text(change(table.to_csv(index=False)), encoding="utf-8")
    with pytest.raises(ResultError) as caught:
        read_summary(path)
    [line] = caught.value.lines
    assert line.startswith(f"{path}: ")
    assert complaint in line


def test_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="cannot be read: No such file") as caught:
        read_summary(tmp_path / "summary.csv")
    assert not isinstance(caught.value, DamagedError)
