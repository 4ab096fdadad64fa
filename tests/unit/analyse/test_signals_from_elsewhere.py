"""`loadstone verdict`, and users who send requests in parallel."""

import json
from pathlib import Path
from typing import Any

import pytest

from loadstone.analyse.bottleneck import judge
from loadstone.results.signals import Signals
from tests.support.commandline import loadstone
from tests.support.example_signals import EAGER, IDLE, verdict


def test_command(tmp_path: Path) -> None:
    path = tmp_path / "signals.json"
    path.write_text(json.dumps(EAGER | {"server_cpu": 0.95}), encoding="utf-8")
    found = json.loads(loadstone("verdict", path).stdout)
    assert found["verdict"] == "server's CPU"
    assert {"verdict", "also", "evidence", "runner_up", "missing"} <= set(found)


def test_command_with_the_four_signals_that_are_needed(tmp_path: Path) -> None:
    path = tmp_path / "signals.json"
    path.write_text('{"users": 50, "throughput": 33, "response_s": 0.005, "think_s": 1.5}', encoding="utf-8")
    found = json.loads(loadstone("verdict", path).stdout)
    assert found["verdict"] == "users' pauses"
    assert "server_cpu" in found["missing"]


@pytest.mark.parametrize("text", ["", "[]", '{"users": 1}', '{"users": 0, "throughput": 1}', '{"foo": 1}'])
def test_wrong_signals_are_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "signals.json"
    path.write_text(text, encoding="utf-8")
    answer = loadstone("verdict", path)
    assert answer.returncode == 2
    assert answer.stderr.startswith(f"loadstone: {path}: ")


PARALLEL = {"overlapping": 0.3, "think_s": None}


@pytest.mark.parametrize("unknown", [PARALLEL, {"unattributed": 0.02, "think_s": None}])
def test_without_a_think_time_it_is_never_the_verdict(unknown: dict[str, Any]) -> None:
    """And X·(R+Z)/N, which cannot be computed, makes no run invalid."""
    found = judge(Signals(**(IDLE | unknown)))
    assert found.verdict == "no clear limit"
    assert not {"u_think", "X·(R+Z)/N"} & {each.signal for each in found.evidence}
    assert "think_s" in found.missing
    assert "their think time is unknown" in str(found.remark)
    assert "users' pauses" not in found.probe
    assert verdict(IDLE | unknown, arrival_rate=33.0) == "no clear limit"
    assert verdict(IDLE | unknown, server_cpu=0.95) == "server's CPU", "what is known is judged"
    assert verdict(IDLE | unknown, throughput=900.0) == "no clear limit", "30 times what one request at a time allows"
    assert verdict(IDLE | unknown, failures=400.0) == "too many failures"
    assert verdict(IDLE | unknown, steady=False) == "invalid figures"


def test_parallel_requests_are_evidence_with_their_share() -> None:
    found = judge(Signals(**(EAGER | PARALLEL)))
    [share] = [each for each in found.evidence if each.signal == "overlapping"]
    assert (share.value, share.limit) == (0.3, 0.01)
    assert str(found.remark).endswith("users send requests in parallel, so their think time is unknown")
    few = judge(Signals(**(EAGER | {"overlapping": 0.01})))
    assert few == judge(Signals(**EAGER)), "up to 1 % count for nothing"


def test_signals_of_a_run_without_them_have_no_new_keys() -> None:
    assert json.loads(Signals(**IDLE).model_dump_json()).keys() == {
        *IDLE, "arrival_rate", "behind_schedule", "host_run_queue",
    }  # fmt: skip
