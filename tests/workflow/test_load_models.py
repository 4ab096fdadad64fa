"""Open and paced loads, and a search for a capacity, on real processes."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import psutil
import pytest

from loadstone.plan.schedule import Run, make_plan
from loadstone.results.integrity import check_sums
from loadstone.results.search import SearchResult
from loadstone.suite.load import load_suite
from tests.conftest import processes_of, wait_for
from tests.support.commandline import run_command
from tests.support.neighbours import QUIET, taken_by_others
from tests.workflow.test_provoked_verdicts import summarise

Start = Callable[[Run], "subprocess.Popen[str]"]
FREEZE_S = 2.0
"""A neighbour delays a request by tens of milliseconds: nothing beside this."""


def signals_of(tables: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((tables / "signals.json").read_text("utf-8"))
    return found


def together(tables: Path, name: str) -> pd.DataFrame:
    table = pd.read_csv(tables / f"{name}.csv")
    return table[table["endpoint"] == "all"]


def servers(folder: Path) -> list[psutil.Process]:
    return [p for p in processes_of(folder) if "server:create_app" in " ".join(p.cmdline())]


@pytest.mark.alone
def test_a_frozen_server_shows_in_an_open_run(
    first_run: Callable[[str], Run], start_measure: Start, tmp_path: Path
) -> None:
    """Requests that were to begin during the freeze count it: their times are from when they were to begin.

    They are less than half of all in the shortest window that can be found, so that the median is of other requests.
    """
    run = first_run(
        "defaults: {duration: 9s, warm_up: 1s, repeats: 1}\n"
        "experiments: {open: {server: {threads: 16}, load: {user: FastHttpUser, users: 400, spawn_rate: 400, "
        "arrivals: {rate: 100, kind: constant}, mix: {get_album: 1}}}}"
    )
    process = start_measure(run)
    log = tmp_path / "logs" / "1.log"
    wait_for(lambda: log.exists() and ": window" in log.read_text("utf-8"), 40, "the window")
    time.sleep(5)  # into the half that no warm-up can take away: the freeze itself is what lasts a given time
    frozen = servers(tmp_path)
    assert len(frozen) == 2, "gunicorn's master and its worker"
    for one in frozen:
        one.suspend()
    time.sleep(FREEZE_S)
    for one in frozen:
        one.resume()
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    tables = summarise(tmp_path, run)
    found = together(tables, "endpoints").iloc[0]
    assert found.p99_ms > 1000
    assert found.max_ms == pytest.approx(1000 * FREEZE_S, rel=0.4)
    assert found.p50_ms < 500
    signals = signals_of(tables)
    assert signals["arrival_rate"] == 100
    assert isinstance(signals["other_cpus"], float), "all processes of the run were sampled"


def test_two_users_are_too_few_for_a_rate_that_the_generator_could_send(
    first_run: Callable[[str], Run], start_measure: Start, tmp_path: Path
) -> None:
    """Two users at handlers of 50 ms send 40 requests/s, not 100: the generator is idle, and so is the server.

    However busy the machine: a response may take four times as long, and lateness grows to a second all the same. Only
    if it does not take longer than for one user is it certain that no request waits for another.
    """
    run = first_run(
        "defaults: {duration: 3s, warm_up: 1s, repeats: 1}\n"
        "experiments: {open: {server: {threads: 16, calibration: {parallel: 50ms}}, load: {user: FastHttpUser, "
        "users: 2, spawn_rate: 2, arrivals: {rate: 100}, mix: {calibration: 1}}}}"
    )
    _, errors = start_measure(run).communicate(timeout=60)
    tables = summarise(tmp_path, run)
    found = together(tables, "endpoints").iloc[0]
    assert found.late > 0.5 * found.requests, errors
    assert found.service_ms < 200 < found.mean_ms
    ladder = together(tables, "latency").set_index("probability")
    assert ladder.loc[0.5, "service_ms"] < ladder.loc[0.5, "response_ms"]
    signals = signals_of(tables)
    one_user = tables / "one-user.json"
    one_user.write_text(json.dumps(signals | {"unloaded_response_s": signals["response_s"]}), encoding="utf-8")
    open_verdict, verdict = (json.loads(run_command("verdict", path)) for path in (tables / "signals.json", one_user))
    assert "Locust's CPU" not in open_verdict["parties"], open_verdict
    assert "the backlog grows by " in open_verdict["sentence"]
    assert verdict["verdict"] in ("too few users", "other programs on the machine", "the whole machine's CPU"), verdict
    assert verdict["verdict"] == "too few users" or taken_by_others(tables) > QUIET, verdict


def test_paced_users_keep_their_pace(first_run: Callable[[str], Run], start_measure: Start, tmp_path: Path) -> None:
    """20 users at 2 requests/s each, however busy the machine: a response may take 450 ms longer than it does.

    The tenth that is tolerated is for cycles that the window's ends cut off.
    """
    run = first_run(
        "defaults: {duration: 4s, warm_up: 1s, repeats: 1}\n"
        "experiments: {paced: {server: {calibration: {parallel: 50ms}, threads: 16}, "
        "load: {users: 20, spawn_rate: 20, pacing: 500ms, mix: {calibration: 1}}}}"
    )
    _, errors = start_measure(run).communicate(timeout=60)
    found = together(summarise(tmp_path, run), "endpoints").iloc[0]
    assert found.throughput_rps == pytest.approx(40, rel=0.1), errors
    assert found.mean_ms > 40


@pytest.mark.alone
def test_a_search_brackets_the_capacity(write_suite: Callable[[str], Path], tmp_path: Path) -> None:
    """Four slots of 20 ms serve 200 requests/s at most; p95 below 150 ms holds up to somewhat less.

    The answer may be any rate from 60 requests/s on, at which a quarter of the slots is taken: a neighbour makes it
    smaller, and would have to make responses seven times as long to leave none.
    """
    suite = load_suite(
        write_suite(
            "baselines: false\nexperiments: {a: {}}\n"
            "capacity: {c: {slo: p95 < 150ms, rates: [60, 240], within: 40%, duration: 2s, warm_up: 500ms, "
            "server: {threads: 4, calibration: {parallel: 20ms}}, "
            "load: {user: FastHttpUser, users: 200, spawn_rate: 200, mix: {calibration: 1}}}}"
        )
    )
    command = [sys.executable, "-m", "loadstone", "search", "--search", suite.capacity["c"].model_dump_json()]
    command += ["--name", "c", "--seed", str(make_plan(suite).suite.seed), "--failed", str(tmp_path / "failed")]
    into = tmp_path / "searches" / "c"
    answer = subprocess.run(
        [*command, "--into", str(into), "--log", str(tmp_path / "logs" / "c.log")],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    found = SearchResult.model_validate_json((into / "search.json").read_bytes())
    assert found.met_at is not None
    assert found.missed_at is not None
    assert 60 <= found.met_at < 240
    assert found.missed_at <= 1.4 * found.met_at * 1.001
    assert found.sentence in answer.stdout
    kept = sorted(path.parent.name for path in into.glob("*/requests.parquet"))
    assert len(kept) == len(found.probes)
    check_sums(into / folder for folder in kept)
    for probe in found.probes:
        endpoints = pd.read_csv(into / probe.folder / "endpoints.csv").set_index("endpoint")
        assert endpoints.loc["all", "throughput_rps"] == probe.throughput_rps
    assert processes_of(tmp_path) == []
