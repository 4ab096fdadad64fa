"""A damaged or made-up results folder is read, or refused in one line that names the file."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.cli.calibrate import read_calibration, show_calibration
from loadstone.cli.compare import compare_folders
from loadstone.cli.conclude import show_conclusion
from loadstone.cli.gate import check_gates
from loadstone.cli.plan import show_precision
from loadstone.plan.file import read_plan
from loadstone.plan.schedule import make_plan
from loadstone.report.campaign import load_campaign
from loadstone.report.page import render
from loadstone.results.noise import append_check
from loadstone.results.processes import SAMPLE_SCHEMA as PROCESSES
from loadstone.results.repeats import read_repeats
from loadstone.results.requests import REQUEST_SCHEMA
from loadstone.results.run_record import read_record
from loadstone.results.search import read_search
from loadstone.suite.load import load_suite
from loadstone.summarise.groups import RunFiles, observe
from loadstone.summarise.processes import read_samples, summarise_samples
from loadstone.summarise.requests import summarise_requests
from loadstone.summarise.signals import gather_signals
from loadstone.summarise.user_cycle import measure_cycle
from loadstone.summarise.window import find_window
from tests.support.example_signals import EAGER
from tests.support.fuzzing import EXAMPLES, complaints, fuzz, json_trees, mutate, numbers, texts
from tests.support.made_up import analyse, write_run
from tests.support.records import make_record
from tests.support.synthetic import IDLE_THREADS, SERVER_PID, sockets, threads
from tests.unit.results.test_noise import CHECK

SUITE = """\
defaults: {repeats: 2, load: {users: 50, spawn_rate: 50}}
experiments: {a: {}, b: {repeats: 1, probe: true}}
sweeps:
  s: {vary: server.threads, values: [1, 2, 4], repeats: 1, fit: [amdahl]}
  u: {vary: load.users, values: [1, 8, 32], repeats: 1}
hypotheses:
  h: {claim: c, gate: true, compare: {metric: mean, of: a, to: b}, expect: "> 1.05"}
  t: {claim: c, trend: {metric: mean, over: s}, expect: rises}
"""


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made-up campaign, with a real analysis."""
    folder = tmp_path_factory.mktemp("campaign")
    (folder / "suite.yaml").write_text(SUITE, encoding="utf-8")
    plan = make_plan(load_suite(folder / "suite.yaml"))
    results = folder / "results"
    for number, run in enumerate(plan.runs):
        write_run(results, run, number, EAGER | {"throughput": 1000.0 + number})
    analyse(plan, results)
    (results / "SHA256SUMS").unlink()  # a file that was changed is to be refused for what is in it
    (results / "plan.json").write_text(plan.model_dump_json(), encoding="utf-8")
    append_check(results / "noise.json", CHECK)
    return folder


@pytest.fixture(scope="module")
def campaign(sound: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy to damage; each test restores the files that it damages."""
    return shutil.copytree(sound, tmp_path_factory.mktemp("damaged") / "campaign")


def readers(campaign: Path, sound: Path) -> dict[str, Callable[[], object]]:
    """Command → how it reads a campaign's results."""
    results = campaign / "results"
    return {
        "report": lambda: render(load_campaign(read_plan(results / "plan.json"), results, None)),
        "load": lambda: load_campaign(read_plan(results / "plan.json"), results, None),
        "analyse": lambda: analyse(read_plan(results / "plan.json"), results),
        "conclude": lambda: show_conclusion(results, Path("page")),
        "gate": lambda: check_gates(results / "hypotheses.json"),
        "calibrate": lambda: show_calibration(read_calibration(results)),
        "plan": lambda: show_precision(read_plan(sound / "results/plan.json"), read_repeats(results / "repeats.json")),
        "compare": lambda: compare_folders(sound, campaign),
    }


OF_RUN = [f"summaries/a/1/{name}" for name in ("endpoints.csv", "latency.csv", "course.csv", "processes.csv")]
FILES: dict[str, tuple[str, ...]] = {
    "plan.json": ("report", "analyse", "compare"),
    "verdicts.json": ("report", "conclude", "compare"),
    "repeats.json": ("report", "conclude", "plan"),
    "scaling.json": ("report", "calibrate"),
    "hypotheses.json": ("report", "conclude", "gate"),
    "noise.json": ("report",),
    "summary.csv": ("compare",),
    "runs/a/1/run.json": ("report", "compare"),
    **dict.fromkeys([*OF_RUN, "summaries/a/1/window.json", "summaries/a/1/signals.json"], ("report", "analyse")),
}
"""File below results/ → the commands that read it."""


@fuzz(30)
@given(st.data())
def test_files_changed(campaign: Path, sound: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(FILES)))
    damaged_file = campaign / "results" / name
    damaged_file.write_bytes(data.draw(damaged((sound / "results" / name).read_bytes(), name)))
    try:
        uses = readers(campaign, sound)
        for use in FILES[name]:
            # these two take a second each, and almost all damage is refused when the files are loaded
            complaints(uses["load"] if use in ("report", "analyse") and not EXAMPLES else uses[use])
    finally:
        for file in FILES:
            shutil.copyfile(sound / "results" / file, campaign / "results" / file)
        (campaign / "results" / "SHA256SUMS").unlink(missing_ok=True)


def complaints_of(campaign: Path, sound: Path, name: str, text: str) -> list[str]:
    """Return the page's complaints while one file of the results holds another text."""
    path = campaign / "results" / name
    path.write_text(text, encoding="utf-8")
    try:
        return complaints(readers(campaign, sound)["load"])
    finally:
        shutil.copyfile(sound / "results" / name, path)


FORECAST = ("u", "forecast")
MADE_UP: list[tuple[str, tuple[str | int, ...], object, str]] = [
    ("scaling.json", (*FORECAST, "levels"), [], "u.forecast.levels"),
    ("scaling.json", (*FORECAST, "levels"), [{"users": 8}], "u.forecast.levels.0.throughput_bound"),
    ("scaling.json", (*FORECAST, "demands"), {}, "u.forecast.demands.server_s"),
    ("scaling.json", (*FORECAST, "think_s"), "1", "u.forecast.think_s"),
    ("scaling.json", (*FORECAST, "knee_users"), None, "u.forecast.knee_users"),
    ("scaling.json", (*FORECAST, "curve"), [1], "u.forecast.curve.0"),
    ("scaling.json", (*FORECAST, "capacity_rps"), -1.0, "u.forecast.capacity_rps"),
    ("scaling.json", ("s", "levels", 0, "verdict"), "guilty", "s.levels.0.verdict"),
    ("verdicts.json", ("runs", 0, "verdict"), "guilty", "runs.0.verdict"),
    ("verdicts.json", ("experiments", "a", "verdict"), "", "experiments.a.verdict"),
    ("hypotheses.json", (0, "outcome"), "proven", "0.outcome"),
]


@pytest.mark.parametrize(("name", "keys", "value", "named"), MADE_UP)
def test_made_up_value_is_refused_by_name(
    campaign: Path, sound: Path, name: str, keys: tuple[str | int, ...], value: object, named: str
) -> None:
    tree = json.loads((sound / "results" / name).read_bytes())
    place = tree
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    [line] = complaints_of(campaign, sound, name, json.dumps(tree))
    assert line.startswith(f"{campaign}/results/{name}: damaged: {named}: ")


@pytest.mark.parametrize("rows", [[], [1, 2], [1, 0, 2], [0, 1, 1]], ids=str)
def test_run_without_its_total_or_with_an_endpoint_twice_is_refused(
    campaign: Path, sound: Path, rows: list[int]
) -> None:
    name = "summaries/a/1/endpoints.csv"
    header, *lines = (sound / "results" / name).read_text("utf-8").splitlines()
    text = "\n".join([header, *(lines[row] for row in rows)]) + "\n"
    expected = f"{campaign}/results/{name}: damaged: its rows are not all, then each endpoint once"
    assert complaints_of(campaign, sound, name, text) == [expected]


OF_ANOTHER_PLAN: list[tuple[str, Callable[[Any], object], str]] = [
    ("verdicts.json", lambda verdicts: verdicts["runs"].pop(), "runs"),
    ("verdicts.json", lambda verdicts: verdicts["experiments"].pop("a"), "experiments"),
    ("repeats.json", lambda repeats: repeats["experiments"].pop("a"), "experiments"),
    ("scaling.json", lambda scaling: scaling.pop("s"), "sweeps"),
    ("scaling.json", lambda scaling: scaling["s"]["levels"].pop(), "sweeps"),
    ("hypotheses.json", lambda hypotheses: hypotheses.pop(), "hypotheses"),
]


@pytest.mark.parametrize(("name", "change", "what"), OF_ANOTHER_PLAN)
def test_results_of_another_plan_are_refused(
    campaign: Path, sound: Path, name: str, change: Callable[[Any], object], what: str
) -> None:
    tree = json.loads((sound / "results" / name).read_bytes())
    change(tree)
    expected = f"{campaign}/results/{name}: its {what} are not those of plan.json"
    assert complaints_of(campaign, sound, name, json.dumps(tree)) == [expected]


@st.composite
def damaged(draw: st.DrawFn, whole: bytes, name: str) -> bytes:
    """Damage a file: cut it off, overwrite a part, or change a value, key, row or column."""
    if draw(st.integers(0, 4)) == 0:
        at = draw(st.integers(0, len(whole)))
        return draw(st.sampled_from([whole[:at], whole[:at] + b"\0\xff" + whole[at + 2 :], b"", b"\0" * 50]))
    if name.endswith(".csv"):
        lines = [line.split(",") for line in whole.decode().splitlines()]
        tree = mutate(draw, lines, texts | numbers.map(str))
        return "\n".join(",".join(map(str, line)) if isinstance(line, list) else str(line) for line in tree).encode(
            "utf-8", "surrogatepass"
        )
    tree = json.loads(whole)
    for _ in range(draw(st.integers(1, 2))):
        tree = mutate(draw, tree, json_trees)
    return json.dumps(tree).encode()


BEGAN = 1_800_000_000.0
TYPES = (
    pa.string(),
    pa.float64(),
    pa.int64(),
    pa.bool_(),
    pa.timestamp("s"),
    pa.list_(pa.int8()),
    pa.dictionary(pa.int8(), pa.string()),
)
ODD = st.sampled_from([None, float("nan"), float("inf"), -1.0, 0.0, 1e18, 1e300, -1e300])


def requests_table(rows: int = 60) -> pa.Table:
    times = np.linspace(BEGAN, BEGAN + 30, rows)
    columns: dict[str, Any] = {
        "time": times,
        "endpoint": ["GET /albums", "POST /albums"] * (rows // 2),
        "user": [n % 5 for n in range(rows)],
        "worker": [0] * rows,
        "response_ms": [5.0 + n % 7 for n in range(rows)],
        "server_ms": [1.0] * rows,
        "bytes": [100] * rows,
        "status": [200] * rows,
        "error": [None] * (rows - 1) + ["HTTP 500"],
        "intended": [None] * rows,
    }
    return pa.table([pa.array(columns[field.name]).cast(field.type) for field in REQUEST_SCHEMA], schema=REQUEST_SCHEMA)


def processes_table(rows: int = 60) -> pa.Table:
    columns: dict[str, Any] = {
        "time": np.linspace(BEGAN, BEGAN + 30, rows),
        "role": ["host", "server-worker", "load-worker"] * (rows // 3),
        "pid": [0, 1, 2] * (rows // 3),
        **{name: np.arange(rows) for name in ("cpu_s", "rss_bytes", "threads", "voluntary", "involuntary", "steal_s")},
    }
    arrays = [pa.array(columns.get(field.name, np.arange(rows))).cast(field.type) for field in PROCESSES]
    return pa.table(arrays, schema=PROCESSES)


@st.composite
def damaged_parquet(draw: st.DrawFn, table: pa.Table) -> bytes:
    """Damage a table by other columns, other types or impossible values; or damage the bytes of its file."""
    name = draw(st.sampled_from(table.column_names))
    place = table.column_names.index(name)
    what = draw(st.sampled_from(("drop", "type", "values", "values", "empty", "bytes")))
    if what == "drop":
        table = table.drop_columns([name])
    elif what == "empty":
        table = table.slice(0, draw(st.integers(0, 2)))
    elif what == "type":
        kind = draw(st.sampled_from(TYPES))
        try:
            column = table[name].cast(kind)
        except pa.ArrowException:
            column = pa.nulls(len(table), kind)
        table = table.set_column(place, name, column)
    elif what == "values":
        values = table[name].to_pylist()
        for _ in range(draw(st.integers(1, 3))):
            values[draw(st.integers(0, len(values) - 1))] = draw(ODD)
        try:
            column = pa.array(values, from_pandas=False).cast(table.schema.field(name).type, safe=False)
        except (pa.ArrowException, OverflowError):
            column = pa.nulls(len(table), table.schema.field(name).type)
        table = table.set_column(place, name, column)
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    content: bytes = sink.getvalue().to_pybytes()
    if what == "bytes":
        at = draw(st.integers(0, len(content) - 1))
        return draw(st.sampled_from([content[:at], content[:at] + b"\xff\x00" + content[at + 2 :]]))
    return content


@fuzz(50)
@given(st.data())
def test_parquet_changed(sound: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.getbasetemp() / "parquet"
    folder.mkdir(exist_ok=True)
    tables = {
        "requests": requests_table(),
        "processes": processes_table(),
        "threads": threads(BEGAN, BEGAN + 26, {("server-worker", SERVER_PID): IDLE_THREADS}),
        "sockets": sockets(BEGAN, BEGAN + 26, {SERVER_PID: {"connections": 5}}),
    }
    for name, table in tables.items():
        pq.write_table(table, folder / f"{name}.parquet")
    requests, processes = folder / "requests.parquet", folder / "processes.parquet"
    name = data.draw(st.sampled_from(sorted(tables)))
    path = folder / f"{name}.parquet"
    path.write_bytes(data.draw(damaged_parquet(tables[name])))
    record = make_record(load_started=BEGAN, window=(BEGAN + 10, BEGAN + 25))

    def use() -> None:
        window = find_window(requests, record)
        summary = summarise_requests(requests, window.span, record.phases.load_started)
        samples, cycle = read_samples(processes), measure_cycle(requests, window.span)
        of_processes = summarise_samples(samples, window.span)
        [observed] = observe(RunFiles.in_folder(folder), [window.span], summary.latency)
        groups = observed.signals(record, samples, of_processes, cycle, record.run.load.users)
        gather_signals(record, cycle, summary.endpoints, of_processes, window.settled, groups=groups)

    for line in complaints(use):
        assert line.startswith((f"{path}: ", record.run.label))


@fuzz(60)
@given(content=json_trees.map(lambda tree: json.dumps(tree).encode()) | st.binary(max_size=60))
def test_any_json(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_bytes(content)
    for read in (read_plan, read_record, read_search, read_repeats, check_gates):
        assert all(line.startswith(f"{path}: ") for line in complaints(lambda read=read: read(path)))


@pytest.mark.parametrize("name", ["../../../etc", "/etc", "..", "a/b", "a\0b", ".x", ""])
def test_made_up_names_lead_nowhere(sound: Path, tmp_path: Path, name: str) -> None:
    plan = json.loads((sound / "results/plan.json").read_bytes())
    plan["suite"]["experiments"][name] = plan["suite"]["experiments"].pop("a")
    for run in plan["runs"]:
        run["experiment"] = name if run["experiment"] == "a" else run["experiment"]
    (tmp_path / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    [line] = complaints(lambda: read_plan(tmp_path / "plan.json"))
    assert "not the name of a folder of results" in line
    probe = {"rate": 1, "value_ms": 1, "throughput_rps": 1, "service_ms": 1, "late": 0, "failures": 0, "met": True,
             "why": None, "folder": name}  # fmt: skip
    found = {"slo": "p95 < 1s", "met_at": 1, "missed_at": None, "sentence": "s", "probes": [probe]}
    (tmp_path / "search.json").write_text(json.dumps(found), encoding="utf-8")
    [line] = complaints(lambda: read_search(tmp_path / "search.json"))
    assert "not the name of a folder of results" in line


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda plan: plan["runs"].pop(), "its runs do not match its experiments"),
        (lambda plan: plan["runs"][0].update(warm_up="9s"), "its settings are not those of the experiment"),
        (
            lambda plan: plan["suite"]["sweeps"]["s"]["levels"][0].update(experiment="x"),
            "it has no levels, or",
        ),
        (lambda plan: plan["suite"]["hypotheses"]["h"]["compare"].update(of="x"), "'x' is not an experiment"),
    ],
    ids=["runs", "conditions", "levels", "hypotheses"],
)
def test_plan_that_does_not_fit_itself(
    sound: Path, tmp_path: Path, change: Callable[[Any], object], complaint: str
) -> None:
    plan = json.loads((sound / "results/plan.json").read_bytes())
    change(plan)
    (tmp_path / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    [line] = complaints(lambda: read_plan(tmp_path / "plan.json"))
    assert complaint in line
