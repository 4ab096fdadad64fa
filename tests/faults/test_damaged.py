"""Results that are damaged or not what their places say: refused by name, never averaged in, and made again."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from loadstone.cli.app import app
from loadstone.errors import DamagedError, ResultError, SystemFault
from loadstone.plan.file import read_plan
from loadstone.plan.schedule import Plan
from loadstone.results.run_record import read_record
from tests.support.campaign import Project, copy_of
from tests.support.commandline import run_command

Damage = Callable[[Path], object]


@pytest.fixture
def results(measured: Project, tmp_path: Path) -> Path:
    """A copy of the results."""
    shutil.copytree(measured.folder / "results", tmp_path / "results")
    return tmp_path / "results"


@pytest.fixture(scope="module")
def plan(measured: Project) -> Plan:
    return read_plan(measured.folder / "results" / "plan.json")


def command(name: str, *arguments: object, **options: object) -> None:
    """Run a command of `loadstone` as the workflow does; its errors pass through."""
    app([name, *map(str, arguments), *(f"--{key}={value}" for key, value in options.items())], standalone_mode=False)


def summarise(results: Path, plan: Plan, name: str = "plain", repeat: int = 2) -> None:
    [run] = [run for run in plan.runs if (run.experiment, run.repeat) == (name, repeat)]
    folder = results / "runs" / name / str(repeat)
    files = {part: folder / f"{part}.parquet" for part in ("requests", "processes", "threads", "sockets")}
    into = results / "summaries" / name / str(repeat)
    text = run.model_dump_json()
    run_command("summarise", **files, record=folder / "run.json", into=into, run=text, damaged=results / "damaged")


def analyse(results: Path) -> None:
    files = {name: results / f"{name}.json" for name in ("scaling", "verdicts", "repeats", "hypotheses")}
    where = {"plan": results / "plan.json", "summaries": results / "summaries", "summary": results / "summary.csv"}
    run_command("analyse", **where, **files, damaged=results / "damaged")


def report(results: Path) -> None:
    page = results.with_name("page.html")
    run_command("report", plan=results / "plan.json", results=results, output=page, damaged=results / "damaged")


def cut_in_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def flip_a_bit(path: Path) -> None:
    """Damage a page's data; of its header, which has no checksum, not every bit means something."""
    column = pq.read_metadata(path).row_group(0).column(0)
    end = (column.dictionary_page_offset or column.data_page_offset) + column.total_compressed_size
    data = bytearray(path.read_bytes())
    data[end - 4] ^= 1
    path.write_bytes(data)


def drop_last_line(path: Path) -> None:
    path.write_text("".join(path.read_text("utf-8").splitlines(keepends=True)[:-1]), "utf-8")


def make_older(path: Path) -> None:
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"format": 1}), "utf-8")


def lose_a_row(path: Path) -> None:
    table = pq.read_table(path)
    pq.write_table(table.slice(1), path)


def take_from(name: str) -> Damage:
    """Put the file of another run in its place."""

    def take(path: Path) -> None:
        shutil.copy(path.parents[2] / name / path.name, path)

    take.__name__ = f"from {name}"
    return take


def other_settings(path: Path) -> None:
    record = json.loads(path.read_text("utf-8"))
    record["run"]["load"]["users"] = 21
    path.write_text(json.dumps(record), "utf-8")


@pytest.mark.parametrize(
    ("file", "damage", "complaint"),
    [
        ("requests.parquet", cut_in_half, "requests.parquet: damaged: "),
        ("requests.parquet", empty, "requests.parquet: damaged: "),
        ("requests.parquet", flip_a_bit, "requests.parquet: damaged: "),
        ("requests.parquet", lose_a_row, "rows, but run.json counts"),
        ("requests.parquet", take_from("plain/1"), "requests.parquet: "),
        ("requests.parquet", take_from("albums=10/1"), "requests.parquet: "),
        ("processes.parquet", cut_in_half, "processes.parquet: damaged: "),
        ("processes.parquet", flip_a_bit, "processes.parquet: damaged: "),
        ("processes.parquet", take_from("plain/1"), "processes.parquet: not of this run: its samples do not"),
        ("threads.parquet", cut_in_half, "threads.parquet: damaged: "),
        ("threads.parquet", flip_a_bit, "threads.parquet: damaged: "),
        ("threads.parquet", take_from("plain/1"), "threads.parquet: not of this run: its samples are outside"),
        ("sockets.parquet", cut_in_half, "sockets.parquet: damaged: "),
        ("sockets.parquet", flip_a_bit, "sockets.parquet: damaged: "),
        ("sockets.parquet", take_from("plain/1"), "sockets.parquet: not of this run: its samples are outside"),
        ("run.json", cut_in_half, "run.json: damaged: "),
        ("run.json", make_older, "run.json: format 1, but this Loadstone reads format "),
        ("run.json", take_from("plain/1"), "belongs to plain, repeat 1, not to plain, repeat 2"),
        ("run.json", take_from("fast/2"), "belongs to fast, repeat 2, not to plain, repeat 2"),
        ("run.json", other_settings, "the settings of plain, repeat 2 differ from those of the suite"),
    ],
)
def test_damaged_run_is_refused_by_name_and_set_aside(
    results: Path, plan: Plan, file: str, damage: Damage, complaint: str
) -> None:
    folder = results / "runs" / "plain" / "2"
    tables = {path: path.read_bytes() for path in (results / "summaries").rglob("*.csv")}
    damage(folder / file)
    damaged = (folder / file).read_bytes()
    with pytest.raises(DamagedError) as refused:
        summarise(results, plan)
    first, second = refused.value.lines
    assert complaint in first
    assert str(folder / file) in first
    aside = results / "damaged" / "runs" / "plain" / "2"
    assert second == f"{folder}: moved to {aside}: run snakemake to make it again"
    assert not folder.exists()
    assert (aside / file).read_bytes() == damaged, "nothing is deleted"
    assert all(path.read_bytes() == content for path, content in tables.items()), "no figure of it got anywhere"


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        ("summaries/plain/2/endpoints.csv", drop_last_line),
        ("summaries/plain/2/endpoints.csv", cut_in_half),
        ("summaries/plain/2/latency.csv", empty),
        ("summaries/plain/2/signals.json", take_from("plain/1")),
        ("summaries/plain/2/window.json", cut_in_half),
        ("summaries/plain/2/SHA256SUMS", cut_in_half),
        ("plan.json", cut_in_half),
    ],
)
def test_damaged_table_of_a_run_never_reaches_the_summary(results: Path, file: str, damage: Damage) -> None:
    damage(results / file)
    (results / "summary.csv").unlink()
    with pytest.raises(DamagedError, match=f"{file}: damaged") as refused:
        analyse(results)
    assert not (results / "summary.csv").exists()
    unit = Path(file).parent if "/" in file else Path(file)
    assert f"moved to {results / 'damaged' / unit}" in refused.value.lines[-1]
    assert not (results / unit).exists()


def test_all_damaged_tables_are_named_at_once(results: Path) -> None:
    for file in ("plain/1/course.csv", "fast/2/processes.csv"):
        drop_last_line(results / "summaries" / file)
    with pytest.raises(DamagedError) as refused:
        analyse(results)
    assert len(refused.value.lines) == 4
    assert not (results / "summaries" / "plain" / "1").exists()
    assert not (results / "summaries" / "fast" / "2").exists()
    assert (results / "summaries" / "plain" / "2").exists()


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        ("summary.csv", drop_last_line),
        ("verdicts.json", cut_in_half),
        ("verdicts.json", lambda path: path.write_text("{}", "utf-8")),
        ("scaling.json", empty),
        ("repeats.json", cut_in_half),
        ("hypotheses.json", lambda path: path.write_text("[1]", "utf-8")),
        ("runs/plain/2/run.json", take_from("plain/1")),
    ],
)
def test_report_shows_nothing_that_is_damaged(results: Path, file: str, damage: Damage) -> None:
    damage(results / file)
    with pytest.raises(DamagedError, match=f"{file}: ") as refused:
        report(results)
    unit = Path(file).parent if "/" in file else Path(file)
    assert f"moved to {results / 'damaged' / unit}" in refused.value.lines[-1]
    assert not results.with_name("page.html").exists()


def test_what_is_damaged_twice_is_kept_twice(results: Path) -> None:
    for _ in range(2):
        (results / "verdicts.json").write_text("{", "utf-8")
        with pytest.raises(DamagedError):
            report(results)
    assert {path.name for path in (results / "damaged").iterdir()} == {"verdicts.json", "verdicts.json-2"}


def test_somebodys_folder_is_only_read(results: Path) -> None:
    """`figures` and `compare` name what is damaged, and leave it where it is."""
    before = set(results.rglob("*"))
    cut_in_half(results / "verdicts.json")
    with pytest.raises(ResultError, match=r"verdicts\.json: damaged"):
        run_command("figures", plan=results / "plan.json", results=results, into=results.with_name("figures"))
    with pytest.raises(ResultError, match=r"verdicts\.json: damaged"):
        run_command("compare", results.parent, results.parent)
    assert set(results.rglob("*")) == before


def test_what_can_not_be_read_is_not_damaged(results: Path, plan: Plan) -> None:
    """What the system refuses to open says nothing of its content: it stays where it is."""
    path = results / "runs" / "plain" / "2" / "requests.parquet"
    path.unlink()
    path.symlink_to("nowhere")
    with pytest.raises(SystemFault, match=r"requests\.parquet: .*No such file"):
        summarise(results, plan)
    assert path.is_symlink()


def test_stray_folder_takes_no_part(results: Path) -> None:
    shutil.copytree(results / "summaries" / "plain" / "1", results / "summaries" / "plain" / "9")
    shutil.copytree(results / "runs" / "plain" / "1", results / "runs" / "plain" / "9")
    analyse(results)
    summary = pd.read_csv(results / "summary.csv")
    assert set(summary.loc[summary["experiment"] == "plain", "repeat"]) == {1, 2}
    shown = run_command("conclude", results=results, page=results.with_name("page.html"))
    assert f"not used: {results / 'runs' / 'plain' / '9'}" in " ".join(shown.split())


def test_second_snakemake_makes_again_what_the_first_refused(measured: Project, tmp_path: Path) -> None:
    project = copy_of(measured.folder, tmp_path / "project")
    results = project.folder / "results"
    damaged = results / "runs" / "albums=10" / "1" / "requests.parquet"
    before = read_record(damaged.with_name("run.json")).phases.load_started
    cut_in_half(damaged)

    first = project.snakemake()
    assert first.returncode != 0
    assert "loadstone: results/runs/albums=10/1/requests.parquet: damaged: " in first.stderr
    assert "moved to results/damaged/runs/albums=10/1: run snakemake to make it again" in first.stderr
    unchanged = (measured.folder / "results" / "summary.csv").read_bytes()
    assert (results / "summary.csv").read_bytes() == unchanged, "no figure of the damaged file"

    second = project.snakemake()
    assert second.returncode == 0, second.stderr
    assert read_record(damaged.with_name("run.json")).phases.load_started > before

    drop_last_line(results / "summaries" / "fast" / "1" / "course.csv")
    with pytest.raises(DamagedError):
        analyse(results)
    assert project.would_run() == {("summarise", "fast/1"), ("analyse", ""), ("report", "")}
