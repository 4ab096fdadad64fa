"""A real campaign, from the suite to the page."""

import html
import json
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from subprocess import Popen

import pandas as pd
import pytest

import loadstone
from loadstone.analyse.noise import write_line
from loadstone.plan.schedule import Run
from loadstone.results.noise import read_checks
from loadstone.results.run_record import read_record
from tests.support.campaign import Project
from tests.support.page_parts import section

RUN_FILES = {
    "requests.parquet", "processes.parquet", "threads.parquet", "sockets.parquet", "run.json", "logs",
    "locust_stats.csv", "locust_stats_history.csv", "locust_failures.csv", "locust_exceptions.csv",
}  # fmt: skip


@pytest.fixture(scope="module")
def results(measured: Project) -> Path:
    return measured.folder / "results"


def test_every_run_is_complete_and_nothing_else_is_there(results: Path) -> None:
    folders = sorted(path for path in (results / "runs").glob("*/*"))
    assert [f"{path.parent.name}/{path.name}" for path in folders] == [
        "albums=10/1", "albums=100/1", "fast/1", "fast/2", "plain/1", "plain/2"
    ]  # fmt: skip
    for folder in folders:
        assert {path.name for path in folder.iterdir()} == RUN_FILES


def test_three_counts_of_requests_agree(results: Path) -> None:
    for path in (results / "runs").glob("*/*/run.json"):
        record = read_record(path)
        recorded = len(pd.read_parquet(path.with_name("requests.parquet"), columns=["time"]))
        assert record.counts.recorded == record.counts.locust == record.counts.server == recorded > 0
        assert all(check.ok for check in record.checks), record.checks


def test_phases_follow_each_other(results: Path) -> None:
    for path in (results / "runs").glob("*/*/run.json"):
        record = read_record(path)
        phases = record.phases.model_dump()
        for started_with_it in ({"load_started", "workers_connected"}, {"server_ready"}):
            times = [when for phase, when in phases.items() if phase not in started_with_it]
            assert times == sorted(times)
        assert record.phases.window_end - record.phases.window_begin == pytest.approx(record.run.duration)
        assert record.phases.window_begin - record.phases.all_users_running == pytest.approx(record.run.warm_up)


def test_machine_is_checked_once_before_the_first_run(measured: Project, results: Path) -> None:
    [check] = read_checks(results / "noise.json")
    records = [read_record(path) for path in (results / "runs").glob("*/*/run.json")]
    assert check.time + check.seconds < min(record.phases.server_started for record in records)
    printed = (measured.folder.parent / "snakemake.txt").read_text("utf-8")
    assert re.findall("^noise check: spin .*", printed, re.MULTILINE) == [write_line(check)]
    page = (measured.folder / "report" / "index.html").read_text("utf-8")
    assert "The machine at the last check" in section(page, "noise")


def test_runs_never_overlap_and_come_in_blocks(results: Path) -> None:
    records = [read_record(path) for path in (results / "runs").glob("*/*/run.json")]
    records.sort(key=lambda record: record.phases.server_started)
    for earlier, later in pairwise(records):
        assert earlier.phases.server_stopped < later.phases.server_started
    plan = json.loads((results / "plan.json").read_text(encoding="utf-8"))
    planned = [(run["experiment"], run["repeat"]) for run in plan["runs"]]
    assert [(record.run.experiment, record.run.repeat) for record in records] == planned


def test_every_process_is_sampled_about_four_times_a_second(results: Path) -> None:
    samples = pd.read_parquet(results / "runs" / "fast" / "1" / "processes.parquet")
    record = read_record(results / "runs" / "fast" / "1" / "run.json")
    assert samples.groupby("role", observed=True)["pid"].nunique().to_dict() == {
        "host": 1, "load-master": 1, "load-worker": 2, "server-master": 1, "server-worker": 1
    }  # fmt: skip
    inside = samples[samples["time"].between(*record.window) & (samples["role"] == "host")]
    assert 4 <= len(inside) <= 9, "two seconds, loosely"
    for _, process in samples[samples["role"] != "host"].groupby("pid"):
        assert process["cpu_s"].is_monotonic_increasing


def test_record_tells_where_the_numbers_come_from(results: Path) -> None:
    record = read_record(results / "runs" / "plain" / "1" / "run.json")
    assert "server:create_app" in record.commands.server[-1]
    assert "AlbumHttpUser" in record.commands.load_master
    assert record.source.versions["locust"]
    assert len(record.source.lock_sha256 or "") == 64
    assert record.exit_codes == {"server": 0, "load-master": 0, "load-worker-0": 0}
    assert record.albums.before == 3
    assert record.albums.after > record.albums.before


def test_bounded_store_keeps_its_size(results: Path) -> None:
    record = read_record(results / "runs" / "albums=100" / "1" / "run.json")
    assert (record.albums.before, record.albums.window_end, record.albums.after) == (100, 101, 101)


def test_every_user_is_known_by_its_number(results: Path) -> None:
    for path in (results / "runs").glob("*/*/requests.parquet"):
        assert set(pd.read_parquet(path, columns=["user"])["user"]) == set(range(20))


def test_summary_has_every_run_and_endpoint(results: Path) -> None:
    summary = pd.read_csv(results / "summary.csv")
    assert set(summary["endpoint"]) == {"all", "GET /albums", "GET /albums/<id>", "POST /albums"}
    together = summary[summary["endpoint"] == "all"]
    assert len(together) == 6
    assert (together["failures"] == 0).all()
    assert (together["p50_ms"] <= together["p99_ms"]).all()
    assert (together["server_ms"] < together["mean_ms"]).all()


def test_campaign_opens_as_tables(measured: Project) -> None:
    campaign = loadstone.open(measured.folder)
    together = campaign.summary().query("endpoint == 'all'").set_index(["experiment", "repeat"])
    assert together.loc[("albums=10", 1), ["sweep", "level"]].tolist() == ["albums", 10]
    for (experiment, repeat), row in together.iterrows():
        counting = campaign.requests(experiment, repeat, ["user", "response_ms"], window_only=True)
        assert len(counting) == row["requests"]
        assert counting["response_ms"].mean() == pytest.approx(row["mean_ms"])
    assert (campaign.scaling("albums")["level"] == [10, 100]).all()


def test_verdicts_rest_on_evidence(results: Path) -> None:
    verdicts = json.loads((results / "verdicts.json").read_text(encoding="utf-8"))
    assert set(verdicts["experiments"]) == {"plain", "fast", "albums=10", "albums=100"}
    assert len(verdicts["runs"]) == 6
    for run in verdicts["runs"]:
        figures = {evidence["signal"]: evidence["value"] for evidence in run["evidence"]}
        assert {"u_think", "u_server", "u_slot", "u_gen", "u_host"} <= set(figures)
        assert 0.5 < figures["X·(R+Z)/N"] < 1.5
        assert figures["u_server"] < 0.9, "twenty users who wait a second saturate nothing"
        assert "server's CPU" not in run["parties"]
        assert {"unloaded_response_s", "generator_ceiling"} <= set(run["missing"])


def test_page_needs_no_network_and_holds_what_it_shows(measured: Project) -> None:
    page = (measured.folder / "report" / "index.html").read_text(encoding="utf-8")
    markup = re.sub(r"(<script[^>]*>).*?</script>", r"\1", page, flags=re.DOTALL)
    assert not re.search(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=", markup)
    assert "://" not in markup
    assert "default-src 'none'" in html.unescape(page)
    specifications = json.loads(re.search(r'id="specifications">(.*?)</script>', page)[1])  # type: ignore[index]
    for name in specifications:
        assert f'id="chart-{name}"' in page or f'data-chart="{name}"' in page
    for experiment in ("plain", "fast", "albums=10"):
        assert experiment in page


def test_throughput_of_a_known_load_is_plausible(
    first_run: Callable[[str], Run], start_measure: Callable[[Run], Popen[str]], tmp_path: Path
) -> None:
    """20 users who wait one second send 20 / (1 s + R) requests a second; nothing else may come out."""
    text = (
        "defaults: {duration: 6s, warm_up: 500ms, repeats: 1}\n"
        "experiments: {known: {load: {users: 20, spawn_rate: 20, think_time: 1}}}"
    )
    run = first_run(text)
    process = start_measure(run)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    folder = tmp_path / "runs" / "known" / "1"
    record = read_record(folder / "run.json")
    requests = pd.read_parquet(folder / "requests.parquet")
    end = requests["time"] + requests["response_ms"] / 1000
    inside = requests[(end >= record.window[0]) & (end < record.window[1])]
    expected = 20 / (1 + inside["response_ms"].mean() / 1000)
    edges = 20 / run.duration  # users who started together may all have one more request inside, or one less
    assert len(inside) / run.duration == pytest.approx(expected, abs=edges)
    assert inside["error"].isna().all()
