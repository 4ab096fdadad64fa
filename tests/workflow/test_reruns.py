"""What reruns when something changes: just what has to."""

import dataclasses
from pathlib import Path

import pytest

from tests.support.campaign import Project

RUNS = {"plain/1", "plain/2", "fast/1", "fast/2", "albums=10/1", "albums=100/1"}
TABLES = {("analyse", ""), ("report", "")}


def measured(*runs: str) -> set[tuple[str, str]]:
    return {(rule, run) for run in runs for rule in ("measure", "summarise")}


def append(path: Path, line: str) -> None:
    path.write_text(path.read_text(encoding="utf-8") + line, encoding="utf-8")


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_nothing_changed(project: Project) -> None:
    assert project.would_run() == set()
    assert "Nothing to be done" in project.snakemake().stderr


def test_one_experiments_configuration(project: Project) -> None:
    replace(project.suite, "workers: 2", "workers: 1")
    assert project.would_run() == measured("fast/1", "fast/2") | TABLES | {("plan", "")}


def test_default_that_all_share(project: Project) -> None:
    replace(project.suite, "think_time: 1", "think_time: 1.5")
    assert project.would_run() == measured(*RUNS) | TABLES | {("plan", "")}


def test_more_repeats(project: Project) -> None:
    replace(project.suite, "repeats: 2", "repeats: 3")
    assert project.would_run() == measured("plain/3", "fast/3") | TABLES | {("plan", "")}


def test_more_repeats_on_the_command_line(project: Project) -> None:
    project = dataclasses.replace(project, settings=("repeats=3",))
    assert project.would_run() == measured("plain/3", "fast/3") | TABLES | {("plan", "")}


def test_comment_and_order(project: Project) -> None:
    replace(project.suite, "  plain: {}\n", "")
    replace(project.suite, "sweeps:", "  # a comment\n  plain: {}\n\nsweeps:")
    assert project.would_run() == set()


def test_another_experiment(project: Project) -> None:
    replace(project.suite, "  plain: {}\n", "  plain: {}\n  more: {repeats: 1, load: {users: 30}}\n")
    assert project.would_run() == measured("more/1") | TABLES | {("plan", "")}


def test_baselines_are_added_to_what_is_there(project: Project) -> None:
    """One ceiling for each user class and its workers, one response for each server, mix and client."""
    replace(project.suite, "baselines: false", "baselines: true")
    added = project.would_run() - TABLES - {("plan", "")}
    runs = {run for rule, run in added if rule == "measure"}
    assert added == measured(*runs)
    assert {run for run in runs if run.startswith("ceiling@")} == {"ceiling@HttpUser-1/1", "ceiling@FastHttpUser-2/1"}
    assert len([run for run in runs if run.startswith("unloaded@")]) == 4
    assert project.would_run("plain") == set(), "an experiment's own target is just that"


def test_thresholds_and_precision_measure_nothing_again(project: Project) -> None:
    replace(project.suite, "baselines: false", "baselines: false\nthresholds: {saturated: 0.8}")
    replace(project.suite, "repeats: 2", "repeats: 2\n  precision: 1%")
    assert project.would_run() == TABLES | {("plan", "")}


def test_hypotheses_measure_nothing_again(project: Project) -> None:
    claim = "claim: c, gate: true, compare: {metric: mean, of: fast, to: plain}, expect: '< 1'"
    replace(project.suite, "baselines: false", f"baselines: false\nhypotheses: {{h: {{{claim}}}}}")
    assert project.would_run() == TABLES | {("plan", "")}
    assert project.would_run("gate") == {("analyse", ""), ("plan", "")}, "the gate needs no report, and all no gate"


@pytest.mark.parametrize(
    "path",
    ["server/routes.py", "locustfiles/albums.py", "workflow/loadstone/measure/run.py"],
)
def test_code_that_takes_part_in_measuring(project: Project, path: str) -> None:
    append(project.folder / path, "# changed\n")
    assert project.would_run() == measured(*RUNS) | TABLES


@pytest.mark.parametrize("path", ["summarise/requests.py", "results/tables.py", "theory/operational.py"])
def test_code_that_sums_runs_up(project: Project, path: str) -> None:
    append(project.folder / "workflow" / "loadstone" / path, "# changed\n")
    assert project.would_run() == {("summarise", run) for run in RUNS} | TABLES


@pytest.mark.parametrize("path", ["analyse/bottleneck.py", "theory/scaling.py"])
def test_code_that_analyses_sums_nothing_up_again(project: Project, path: str) -> None:
    append(project.folder / "workflow" / "loadstone" / path, "# changed\n")
    assert project.would_run() == TABLES


@pytest.mark.parametrize("path", ["sections/answer.py", "templates/page.css"])
def test_report_code(project: Project, path: str) -> None:
    append(project.folder / "workflow" / "loadstone" / "report" / path, "\n")
    assert project.would_run() == {("report", "")}


def test_touch_without_change(project: Project) -> None:
    for path in ("server/routes.py", "workflow/loadstone/summarise/requests.py", "config/tiny.yaml"):
        (project.folder / path).touch()
    assert project.would_run() == set()


@pytest.mark.parametrize(
    "files",
    [
        {
            "plain/1": "requests.parquet", "plain/2": "processes.parquet", "fast/1": "run.json",
            "fast/2": "locust_stats.csv", "albums=10/1": "locust_stats_history.csv",
        },
        {"plain/1": "locust_failures.csv", "fast/2": "locust_exceptions.csv"},
    ],
    ids=["one of each", "the rest"],
)  # fmt: skip
def test_one_file_of_a_run_deleted(project: Project, files: dict[str, str]) -> None:
    """Its run is measured again, and no other: each run here lacks another file."""
    for run, name in files.items():
        (project.folder / "results" / "runs" / run / name).unlink()
    assert project.would_run() == measured(*files) | TABLES


def test_deleted_run_is_measured_again_and_then_nothing_is_left_to_do(project: Project) -> None:
    others = {
        path: path.stat().st_mtime_ns
        for path in (project.folder / "results" / "runs").rglob("requests.parquet")
        if "albums=10/" not in str(path)
    }
    deleted = project.folder / "results" / "runs" / "albums=10" / "1" / "run.json"
    deleted.unlink()
    answer = project.snakemake()
    assert answer.returncode == 0, answer.stderr
    assert deleted.exists()
    assert all(path.stat().st_mtime_ns == time for path, time in others.items())
    assert project.would_run() == set()


def test_experiment_is_a_target_by_its_name(project: Project) -> None:
    append(project.folder / "server" / "routes.py", "# changed\n")
    assert project.would_run("fast") == measured("fast/1", "fast/2")
    assert project.would_run("albums=10") == measured("albums=10/1")


def test_run_is_a_target_by_its_file(project: Project) -> None:
    append(project.folder / "server" / "routes.py", "# changed\n")
    assert project.would_run("results/runs/plain/2/run.json") == {("measure", "plain/2")}
