"""Which requests the live view's server answers, and how."""

import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from loadstone.live.server import Feed, create_app
from loadstone.live.snapshot import Snapshot
from tests.conftest import ROOT
from tests.support.live_campaign import see

Ask = Callable[..., TestResponse]


@pytest.fixture
def ask(results: Path, suite: Path) -> Ask:
    """Send requests to the application that listens on port 8650."""
    client = create_app(Feed(lambda: see(results, suite)), 8650, results.parent / "report" / "index.html").test_client()

    def ask(path: str, method: str = "GET", host: str = "127.0.0.1:8650", **headers: str) -> TestResponse:
        return client.open(path, method=method, headers=headers, environ_overrides={"HTTP_HOST": host})

    return ask


def test_page_allows_itself_and_nothing_else(ask: Ask) -> None:
    answer = ask("/")
    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Cache-Control"] == "no-store"
    page = answer.get_data(as_text=True)
    assert set(re.findall(r"\w+://[^\"'\s]*", page)) == {"http://www.w3.org/2000/svg"}, "a name, not an address"
    assert not re.search(r"""\bon[a-z]+=["']|style=["']|<script src|<link rel="stylesheet""", page)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", page)


@pytest.mark.parametrize("path", ["/", "/events", "/snapshot.json", "/report", "/nothing"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE"])
def test_nothing_but_get(ask: Ask, path: str, method: str) -> None:
    answer = ask(path, method)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET"


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:8650", "127.0.0.1", "127.0.0.1:80", "127.0.0.1:8650.evil.example"),
        *("0.0.0.0:8650", "[::1]:8650", "127.0.0.1:8650,evil.example", ""),
    ],
)
@pytest.mark.parametrize("path", ["/", "/events", "/snapshot.json", "/report"])
def test_other_hosts_are_refused(ask: Ask, path: str, host: str) -> None:
    answer = ask(path, host=host)
    assert answer.status_code == 403
    assert answer.get_data(as_text=True) == "use http://127.0.0.1:8650/\n"


@pytest.mark.parametrize("host", ["127.0.0.1:8650", "localhost:8650", "LocalHost:8650"])
def test_own_names_are_answered(ask: Ask, host: str) -> None:
    assert ask("/snapshot.json", host=host).status_code == 200


@pytest.mark.parametrize(
    ("site", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)]
)
def test_pages_elsewhere_get_no_data(ask: Ask, site: str, status: int) -> None:
    header = {"Sec-Fetch-Site": site}
    assert ask("/snapshot.json", **header).status_code == status
    assert ask("/", **header).status_code == 200, "another site may link to the page"


def test_snapshot_as_data(ask: Ask) -> None:
    answer = ask("/snapshot.json")
    assert answer.mimetype == "application/json"
    assert answer.get_json()["sentence"].startswith("0 of 4 runs")


def test_report_is_shown_once_there_is_one(ask: Ask, tmp_path: Path) -> None:
    assert ask("/report").status_code == 404
    assert ask("/report").get_data(as_text=True).startswith("there is no report yet")
    page = tmp_path / "report" / "index.html"
    page.parent.mkdir()
    page.write_text("<!doctype html><title>A report</title>", encoding="utf-8")
    answer = ask("/report", **{"Sec-Fetch-Site": "same-origin"})
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert "A report" in answer.get_data(as_text=True)
    assert answer.headers["Content-Security-Policy"] == "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    assert ask("/report", **{"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_many_viewers_share_one_reading(results: Path, suite: Path) -> None:
    readings: list[float] = []

    def take() -> Snapshot:
        readings.append(time.monotonic())
        return see(results, suite)

    feed = Feed(take)
    frames = [feed.latest() for _ in range(50)]
    assert len(readings) == 1
    assert all(frame is frames[0] for frame in frames)
    feed.wait()
    feed.latest()
    assert len(readings) == 2


def test_flask_is_not_needed_elsewhere() -> None:
    code = "import sys, loadstone.cli.app; print([m for m in ('flask', 'werkzeug') if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout == "[]\n"
