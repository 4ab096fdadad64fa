"""`loadstone.open`: every table of a real campaign, read by column, and one clear line for every mistake."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import loadstone
from loadstone.notebook.campaign import StoredCampaign
from loadstone.results.requests import REQUEST_SCHEMA
from loadstone.results.summary import SUMMARY_COLUMNS
from tests.support.earlier import unpack
from tests.support.made_up import analyse

RUN = ("fifty-users", 1)
PATH = Path("runs/fifty-users/1/requests.parquet")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The campaign as an earlier version left it; not to be changed."""
    return unpack(tmp_path_factory.mktemp("campaign") / "results")


@pytest.fixture(scope="module")
def campaign(results: Path) -> StoredCampaign:
    return loadstone.open(results)


@pytest.fixture
def copied(results: Path, tmp_path: Path) -> Path:
    """A copy of it, to damage."""
    return Path(shutil.copytree(results, tmp_path / "results"))


def refusal(read: Callable[[], object]) -> str:
    """Read something; return the one line of its refusal."""
    with pytest.raises(loadstone.LoadstoneError) as caught:
        read()
    [line] = caught.value.lines
    assert str(caught.value) == line, "a notebook shows the message as it is"
    return line


def flip_a_bit(path: Path, column: str) -> None:
    """Damage the data of one column."""
    names = pq.read_schema(path).names
    chunk = pq.read_metadata(path).row_group(0).column(names.index(column))
    end = (chunk.dictionary_page_offset or chunk.data_page_offset) + chunk.total_compressed_size
    data = bytearray(path.read_bytes())
    data[end - 4] ^= 1
    path.write_bytes(data)


# Opening


def test_importing_loadstone_loads_no_other_library() -> None:
    code = (
        "import loadstone, sys; print({name.split('.')[0] for name in sys.modules} & {'pandas', 'pydantic', 'numpy'})"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout == "set()\n"


def test_opening_reads_the_plan_alone(results: Path, tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    shutil.copy(results / "plan.json", tmp_path / "results")
    for folder in (tmp_path, tmp_path / "results", str(tmp_path)):
        campaign = loadstone.open(folder)
        assert campaign.results == tmp_path / "results"
        assert campaign.sweeps == ("list-albums", "sleepers", "users")
        assert "doubled@twice" in campaign.experiments
        assert not any("ceiling" in name for name in campaign.experiments)
        assert repr(campaign).endswith("0 of 39 runs measured")


def test_results_of_the_current_folder_are_the_default(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(results.parent)
    assert loadstone.open().results == Path("results")


def test_campaign_shows_what_it_has_and_when_it_was_measured(campaign: StoredCampaign) -> None:
    text = repr(campaign)
    assert text.startswith(f"Loadstone campaign in {campaign.results}\n")
    assert "16 experiments: doubled, few-users, fifty-users, " in text
    assert "  sweep sleepers of server.threads: 3 levels\n" in text
    assert text.endswith("39 of 39 runs measured, 2026-11-28 03:23 to 03:27 UTC")
    with pytest.raises(AttributeError):
        campaign.results = Path()  # type: ignore[misc]


# Tables


def test_runs_have_their_place_and_settings(campaign: StoredCampaign) -> None:
    runs = campaign.runs()
    assert list(zip(runs["experiment"], runs["repeat"], strict=True)) == [
        (run.experiment, run.repeat) for run in campaign.plan.runs
    ]
    assert list(runs)[:11] == [
        "experiment", "repeat", "sweep", "level", "kind", "measured", "started", "window_begin", "window_end",
        "requests", "checks_ok",
    ]  # fmt: skip
    assert runs["kind"].value_counts().to_dict() == {"experiment": 27, "baseline": 11, "probe": 1}
    assert runs["measured"].all()
    assert runs["checks_ok"].all()
    assert str(runs["started"].dt.tz) == "UTC"
    of_sweep = runs[runs["sweep"] == "sleepers"]
    assert (of_sweep["server.threads"] == of_sweep["level"]).all()
    assert set(of_sweep["duration"]) == {1.5}
    window = runs["window_end"] - runs["window_begin"]
    assert ((window > 0) & (window <= runs["duration"] + 0.01)).all()


def test_requests_that_count_are_those_of_the_summary(campaign: StoredCampaign) -> None:
    every = campaign.requests(*RUN)
    assert list(every) == REQUEST_SCHEMA.names
    assert len(every) == campaign.runs().set_index(["experiment", "repeat"])["requests"][RUN]
    counting = campaign.requests(*RUN, ["response_ms"], window_only=True)
    assert list(counting) == ["response_ms"]
    summary = campaign.summary().set_index(["experiment", "repeat", "endpoint"]).loc[(*RUN, "all")]
    assert len(counting) == summary["requests"] < len(every)
    assert counting["response_ms"].mean() == pytest.approx(summary["mean_ms"])


def test_a_column_may_be_named_alone_and_a_repeat_be_of_numpy(campaign: StoredCampaign) -> None:
    assert list(campaign.requests("fifty-users", np.int64(2), "endpoint")) == ["endpoint"]
    assert list(campaign.requests(*RUN, ("status", "endpoint", "status"))) == ["status", "endpoint"]
    assert len(campaign.requests(np.str_("ceiling@HttpUser-1"), 1, "time")) > 0


def test_only_the_columns_asked_for_are_read(copied: Path) -> None:
    flip_a_bit(copied / PATH, "server_ms")
    campaign = loadstone.open(copied)
    assert len(campaign.requests(*RUN, ["endpoint", "response_ms"], window_only=True)) > 0
    line = refusal(lambda: campaign.requests(*RUN))
    assert line.startswith(f"{copied / PATH}: damaged: ")


@pytest.mark.parametrize("name", ["results", pytest.param("today", marks=pytest.mark.slow)])
def test_summary_is_the_same_with_and_without_the_columns_in_the_file(
    campaign: StoredCampaign, results: Path, tmp_path: Path, name: str
) -> None:
    """A campaign of an earlier version lacks sweep and level; its plan has them."""
    folder = results
    if name == "today":
        folder = tmp_path / "today"
        folder.mkdir()
        for part in ("plan.json", "summaries"):
            (folder / part).symlink_to(results / part)
        analyse(campaign.plan, folder, results / "published.csv")
    table = loadstone.open(folder).summary()
    assert list(table) == list(SUMMARY_COLUMNS)
    assert ("level" in pd.read_csv(folder / "summary.csv")) is (name == "today")
    assert table["level"].dtype == float
    level = table[table["sweep"] == "sleepers"].groupby("experiment")["level"].unique()
    assert {name: list(values) for name, values in level.items()} == {f"sleepers={n}": [n] for n in (1, 2, 4)}
    assert table.loc[table["sweep"].isna(), "level"].isna().all()


def test_means_are_those_of_the_runs_that_count(campaign: StoredCampaign) -> None:
    means = campaign.means().set_index(["experiment", "metric"])
    row = means.loc[("sleepers=2", "throughput_rps")]
    summary = campaign.summary().query("experiment == 'sleepers=2' and endpoint == 'all'")
    assert row["value"] == pytest.approx(summary["throughput_rps"].mean())
    assert row["low"] < row["value"] < row["high"]
    assert (row["sweep"], row["level"], row["runs"]) == ("sleepers", 2, 3)
    assert np.isnan(means.loc[("one-user", "mean_ms"), "low"])


def test_verdicts_have_their_signals(campaign: StoredCampaign) -> None:
    verdicts = campaign.verdicts().set_index(["experiment", "repeat"])
    row = verdicts.loc[("sleepers=1", 1)]
    assert (row["verdict"], row["parties"], row["counts"]) == (
        "all server threads busy",
        "all server threads busy",
        True,
    )
    assert row["experiment_verdict"] == "all server threads busy"
    assert row["u_slot"] > 0.9
    assert (row["sweep"], row["level"]) == ("sleepers", 1)
    assert (verdicts.loc["few-users", "u_think"] > 0.9).all()


def test_scaling_has_a_row_per_level(campaign: StoredCampaign) -> None:
    levels = campaign.scaling("sleepers")
    assert list(levels["level"]) == [1, 2, 4]
    assert levels["level"].dtype == int
    assert levels["speedup"].iloc[0] == pytest.approx(1)
    assert (levels["goodput_low"] < levels["goodput_rps"]).all()
    assert levels["mean_ms"].is_monotonic_decreasing


@pytest.mark.parametrize("name", ["endpoints", "latency", "course", "heat", "processes"])
def test_tables_of_all_runs_are_read_together(campaign: StoredCampaign, name: str) -> None:
    table = campaign.table(name)
    assert list(table)[:4] == ["experiment", "repeat", "sweep", "level"]
    assert name == "heat" or table.groupby(["experiment", "repeat"]).ngroups == len(campaign.plan.runs)


def test_levels_that_are_words_stay_words(copied: Path) -> None:
    plan = json.loads((copied / "plan.json").read_text(encoding="utf-8"))
    for level, word in zip(plan["suite"]["sweeps"]["users"]["levels"], ("one", "four", "many"), strict=True):
        level["value"] = word
    (copied / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    campaign = loadstone.open(copied)
    assert list(campaign.scaling("users")["level"]) == ["one", "four", "many"]
    levels = campaign.means().set_index("experiment")["level"]
    assert set(levels["users=12"]) == {"many"}
    assert set(levels["sleepers=2"]) == {2}


# Mistakes


@pytest.mark.parametrize(
    ("read", "complaint"),
    [
        (lambda c: c.requests("fifty", 1), "no experiment 'fifty'; experiments: doubled, few-users, fifty-users, "),
        (lambda c: c.requests("fifty-users", 3), "fifty-users: no repeat 3; repeats: 1, 2"),
        (lambda c: c.requests("fifty-users", "1"), "fifty-users: no repeat '1'; repeats: 1, 2"),
        (lambda c: c.requests(*RUN, ["ms"]), "no column 'ms'; columns: time, endpoint, "),
        (lambda c: c.scaling("workers"), "no sweep 'workers'; sweeps: list-albums, sleepers, users"),
        (lambda c: c.table("cpu"), "no table 'cpu'; tables: endpoints, latency, course, heat, processes"),
    ],
    ids=["experiment", "repeat", "text", "column", "sweep", "table"],
)
def test_unknown_name_is_refused_with_those_that_exist(
    campaign: StoredCampaign, read: Callable[[StoredCampaign], object], complaint: str
) -> None:
    assert complaint in refusal(lambda: read(campaign))


def test_folder_without_results_is_refused(tmp_path: Path) -> None:
    assert refusal(lambda: loadstone.open(tmp_path / "none")) == f"{tmp_path / 'none'}: no such folder"
    assert "contains no results" in refusal(lambda: loadstone.open(tmp_path))


READ: dict[str, Callable[[StoredCampaign], Any]] = {
    "summary.csv": StoredCampaign.summary,
    "repeats.json": StoredCampaign.means,
    "verdicts.json": StoredCampaign.verdicts,
    "scaling.json": lambda c: c.scaling("sleepers"),
    "summaries/fifty-users/1/latency.csv": lambda c: c.table("latency"),
    "runs/fifty-users/1/requests.parquet": lambda c: c.requests(*RUN),
    "runs/fifty-users/1/run.json": lambda c: c.requests(*RUN),
    "summaries/fifty-users/1/window.json": lambda c: c.requests(*RUN, window_only=True),
}


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("damage", ["half", "missing"])
def test_damaged_and_missing_files_are_named(copied: Path, name: str, damage: str) -> None:
    path = copied / name
    content = path.read_bytes()
    path.unlink()
    if damage == "half":
        path.write_bytes(content[: len(content) // 2])
    line = refusal(lambda: READ[name](loadstone.open(copied)))
    assert line.startswith(f"{path}: ")
    assert damage == "half" or line.endswith("finish the campaign first (run snakemake)")


def test_damaged_plan_is_named(copied: Path) -> None:
    (copied / "plan.json").write_bytes(b"{}")
    assert refusal(lambda: loadstone.open(copied)).startswith(f"{copied / 'plan.json'}: damaged")


def test_runs_that_are_not_measured_are_listed(copied: Path) -> None:
    shutil.rmtree(copied / "runs" / "fifty-users" / "2")
    shutil.rmtree(copied / "summaries" / "few-users" / "1")
    campaign = loadstone.open(copied)
    runs = campaign.runs().set_index(["experiment", "repeat"])
    assert runs["measured"].sum() == len(runs) - 1
    missing, unsummarised = runs.loc[("fifty-users", 2)], runs.loc[("few-users", 1)]
    assert missing[["started", "window_begin", "requests", "checks_ok"]].isna().all()
    assert missing["load.users"] == 50
    assert unsummarised["requests"] > 0
    assert np.isnan(unsummarised["window_begin"])
    assert "38 of 39 runs measured" in repr(campaign)
    assert "fifty-users, repeat 2 has not been measured" in refusal(lambda: campaign.requests("fifty-users", 2))


@pytest.mark.parametrize("name", ["summary.csv", "verdicts.json", "repeats.json", "scaling.json"])
def test_results_of_another_suite_are_refused(copied: Path, name: str) -> None:
    """As after a change of the suite, before the campaign is finished."""
    text = (copied / name).read_text(encoding="utf-8").replace("sleepers=2", "sleepers=3")
    (copied / name).write_text(text, encoding="utf-8")
    (copied / "SHA256SUMS").unlink()
    line = refusal(lambda: READ[name](loadstone.open(copied)))
    assert line.startswith(f"{copied / name}: ")
    assert line.endswith("finish the campaign first (run snakemake)")


def test_run_with_other_settings_is_refused(copied: Path) -> None:
    path = copied / "runs/fifty-users/1/run.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"users": 50', '"users": 51'), encoding="utf-8")
    campaign = loadstone.open(copied)
    for read in (campaign.runs, lambda: campaign.requests(*RUN)):
        assert "differ from those of the suite" in refusal(read)
    assert "39 of 39 runs measured" in repr(campaign)
