"""`loadstone audit`: the published table, and tables that are odd."""

import json
from pathlib import Path

import pytest

from loadstone.analyse.audit import audit
from loadstone.figures.options import ReadOptions, parse_think_time
from loadstone.figures.read import read_load_tests
from tests.conftest import ROOT
from tests.support.commandline import loadstone

PUBLISHED = ROOT / "config" / "published.csv"


def test_published_table() -> None:
    answer = loadstone("audit", str(PUBLISHED), "--think-time", "1,2", "--json")
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout)
    rows = found["rows"]
    for number in (1, 3, 4):
        assert rows[number]["bound"] == "think time"
        assert rows[number]["possible_rps"] == pytest.approx(33.2, abs=0.1)
        assert 32.7 <= rows[number]["rps"] <= 33.0
        assert rows[number]["implied_duration_s"] == pytest.approx(160, abs=3)
        assert "180 s" in rows[number]["contradictions"][0]
    assert rows[2]["bound"] == "fewer users"
    assert rows[2]["active_users"] == pytest.approx(1, abs=0.1)
    assert "that of one user" in rows[2]["contradictions"][0]
    text = " ".join(found["findings"])
    assert "within the noise floor" in text
    assert "only settings of the load generator were varied" in text
    assert found["users_to_saturate"] == {"1": 681, "2": 1362, "4": 2723}


def test_published_table_for_people() -> None:
    answer = loadstone("audit", str(PUBLISHED), "--think-time", "1,2")
    assert answer.returncode == 0
    assert "Bound by think time, not by the server" in answer.stdout


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "table.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_missing_columns_are_worked_around(tmp_path: Path) -> None:
    path = write(tmp_path, "users,requests,duration_s\n100,1980,60\n")
    [row] = audit(read_load_tests(path, ReadOptions(think=parse_think_time("3"))).rows).rows
    assert row.row.throughput == 33
    assert row.possible_rps == pytest.approx(33.3, abs=0.1)
    assert row.bound == "think time"
    assert row.contradictions == []


def test_without_think_time_nothing_is_claimed(tmp_path: Path) -> None:
    [row] = audit(read_load_tests(write(tmp_path, "users,rps\n50,33\n")).rows).rows
    assert (row.bound, row.active_users, row.possible_rps) == ("undetermined", None, None)


def test_saturated_server_is_not_called_think_time(tmp_path: Path) -> None:
    path = write(tmp_path, "users,rps,mean_ms,think_low_s,think_high_s\n500,100,3500,1,2\n")
    [row] = audit(read_load_tests(path).rows).rows
    assert row.bound == "undetermined"
    assert row.active_users == pytest.approx(500)


def test_more_users_than_stated(tmp_path: Path) -> None:
    [row] = audit(
        read_load_tests(write(tmp_path, "users,rps\n10,40\n"), ReadOptions(think=parse_think_time("1"))).rows
    ).rows
    assert row.contradictions == ["10 users stated, but the rate needs 40.0"]


def test_differences_beyond_chance_are_told(tmp_path: Path) -> None:
    path = write(tmp_path, "name,users,rps,duration_s\na,50,33.0,180\nb,50,31.0,180\n")
    findings = audit(read_load_tests(path, ReadOptions(think=parse_think_time("1,2"))).rows).findings
    assert any("beyond the noise floor" in finding for finding in findings)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no rows"),
        ("users,rps\n", "no rows"),
        ("users,mean_ms\n1,2\n", "no throughput; needed: a column rps"),
        ("users,rps\n0,2\n", "line 2: users: '0' is not allowed"),
        ("users,rps\n1,2\n1,fast\n", "line 3: rps: 'fast' is not allowed"),
        ("users,rps\n1,inf\n", "line 2: rps: 'inf' is not allowed"),
        ("users,rps,think_low_s,think_high_s\n1,2,3,1\n", "line 2: think time from 3 to 1 s"),
    ],
)
def test_mistake_is_one_line(tmp_path: Path, text: str, complaint: str) -> None:
    answer = loadstone("audit", str(write(tmp_path, text)))
    assert answer.returncode == 2
    [line] = answer.stderr.splitlines()
    assert complaint in line


@pytest.mark.parametrize("think", ["x", "2,1", "-1", "1,2,3", "nan"])
def test_wrong_think_time_is_one_line(think: str) -> None:
    answer = loadstone("audit", str(PUBLISHED), f"--think-time={think}")
    assert answer.returncode == 2
    assert len(answer.stderr.splitlines()) == 1


def test_missing_table(tmp_path: Path) -> None:
    answer = loadstone("audit", str(tmp_path / "none.csv"))
    assert answer.returncode == 2
    assert "cannot be read" in answer.stderr
