"""The key `server.link`: a data rate with its unit, for every kind of server, and no trace where it is absent."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.errors import SuiteError
from loadstone.plan.schedule import make_plan
from loadstone.suite.load import load_suite
from loadstone.suite.types import MAX_RATE, MIN_RATE, format_rate, parse_rate

SERVERS = {
    "gunicorn": "",
    "command": "kind: command, argv: [serve, '{port}'], ",
    "external": "kind: external, url: 'http://127.0.0.1:80', ",
}


def suite(folder: Path, server: str) -> Path:
    path = folder / "suite.yaml"
    path.write_text(f"baselines: false\nexperiments: {{a: {{server: {{{server}}}}}}}\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", SERVERS)
def test_every_kind_of_server_may_state_its_link(tmp_path: Path, kind: str) -> None:
    plan = make_plan(load_suite(suite(tmp_path, f"{SERVERS[kind]}link: 20MB/s")))
    assert plan.runs[0].server.link == 20e6
    again = type(plan).model_validate_json(plan.model_dump_json())
    assert again == plan
    without = make_plan(load_suite(suite(tmp_path, SERVERS[kind])))
    assert without.runs[0].server.link is None
    assert '"link"' not in without.model_dump_json()


@pytest.mark.parametrize(
    ("text", "bytes_per_s"),
    [("100mbit", 12.5e6), ("1gbit", 125e6), ("2.5gbit", 312.5e6), ("20MB/s", 20e6), ("1.5kB/s", 1500), ("8kbit", 1000)],
)
def test_units(text: str, bytes_per_s: float) -> None:
    assert parse_rate(text) == pytest.approx(bytes_per_s)


@pytest.mark.parametrize("wrong", ["20MB", "20", "100Mbit", "-1gbit", "1e3mbit", "0gbit", "2000gbit"])
def test_mistake_is_one_line_with_key_and_what_is_allowed(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(SuiteError) as caught:
        load_suite(suite(tmp_path, f"link: {wrong}"))
    [line] = str(caught.value).splitlines()
    assert "experiments.a.server.link" in line
    assert "20MB/s" in line or "1000gbit" in line


@given(st.floats(MIN_RATE, MAX_RATE))
def test_rate_is_read_back_as_written(bytes_per_s: float) -> None:
    assert parse_rate(format_rate(bytes_per_s)) == pytest.approx(bytes_per_s, rel=1e-9)
