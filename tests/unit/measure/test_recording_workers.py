"""The recorder in a Locust worker: ignored events, groups, and workers that cannot record."""

import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from loadstone.measure.collect_requests import collect_requests, read_locust_count
from tests.conftest import ROOT
from tests.support.recording import PRELUDE, Record


def test_ignored_events_are_counted_only(record: Record, tmp_path: Path) -> None:
    path = record(
        "w0",
        "listener = kept.listener(frozenset({'wrapper', '/albums'}), scheduled=False)\n"
        "fire(listener, 1, request_type='wrapper', name='a')\n"
        "fire(listener, 1)\n"
        "fire(listener, 1, name='/b')\n"
        "kept.flush()\n",
    )
    assert collect_requests([path], tmp_path / "requests.parquet") == 1
    assert (tmp_path / "w0.totals").read_text("ascii").split() == ["1", "0", "2", "0", "0"]


def test_groups_name_all_requests_that_match_as_a_whole(record: Record, tmp_path: Path) -> None:
    path = record(
        "w0",
        "for number in range(3):\n"
        "    fire(listener, 1, name=f'/cart/add/{number}')\n"
        "fire(listener, 1, name='/cart/add/1/more')\n"
        "fire(listener, 1, name='GET /named')\n"
        "kept.flush()\n",
    )
    collect_requests([path], tmp_path / "requests.parquet", {r"/cart/add/\d+": "/cart/add"})
    endpoints = pq.read_table(tmp_path / "requests.parquet").column("endpoint").to_pylist()
    assert endpoints == [*["GET /cart/add"] * 3, "GET /cart/add/1/more", "GET /named"]


@pytest.mark.parametrize("number", ["EMFILE", "EADDRNOTAVAIL"])
def test_worker_without_means_ends_and_says_so(tmp_path: Path, number: str) -> None:
    """A failure of the machine that loads is not counted as one of the server."""
    code = f"import errno\nfire(listener, 1, exception=OSError(errno.{number}, 'refused'))"
    answer = subprocess.run(
        [sys.executable, "-c", PRELUDE + code, str(tmp_path / "w0")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 71
    assert answer.stderr.startswith("cannot send more requests: ")


def test_worker_that_can_not_record_ends(tmp_path: Path) -> None:
    code = "fire(listener, 1); kept.flush()"
    answer = subprocess.run(
        [sys.executable, "-c", PRELUDE + code, "/dev/full"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 74
    assert answer.stderr == "/dev/full: cannot be written: No space left on device\n"


def test_count_of_locusts_own_statistics(tmp_path: Path) -> None:
    path = tmp_path / "locust_stats.csv"
    path.write_text("Type,Name,Request Count\nGET,GET /albums,5\n,Aggregated,7\n", encoding="utf-8")
    assert read_locust_count(path) == 7
    assert read_locust_count(tmp_path / "none.csv") is None
