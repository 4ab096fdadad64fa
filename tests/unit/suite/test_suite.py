"""The suite: what it can describe, and the messages that refuse mistakes."""

import contextlib
import json
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from loadstone.errors import SuiteError
from loadstone.plan.schedule import make_plan
from loadstone.suite.load import load_suite
from loadstone.suite.model import SuiteFile
from loadstone.suite.repeats import fixed
from loadstone.suite.settings import SHARED_STORES, store_names, task_names
from loadstone.suite.types import MAX_THINK_TIME_S, format_duration, parse_duration
from server.stores import IN_MEMORY
from tests.conftest import ROOT

SUITES = sorted((ROOT / "config").glob("*.yaml"))
SCHEMA = ROOT / "workflow" / "schemas" / "suite.schema.json"

WriteSuite = Callable[[str], Path]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "experiments: {a: {load: {user: 5}}}",
            "experiments.a.load.user: 5 is not allowed; allowed: HttpUser,",
        ),
        ("experiments: {a: {load: {color: red}}}", "experiments.a.load.color: unknown key; allowed: user, users,"),
        ("experiments: {a: {server: {workers: '2'}}}", "experiments.a.server.workers: '2' is not allowed; allowed: a"),
        (
            "experiments: {a: {server: {workers: 0}}}",
            "experiments.a.server.workers: 0 is not allowed; allowed: greater",
        ),
        ("experiments: {a: {duration: 20}}", "experiments.a.duration: 20 is not allowed; allowed: a duration with"),
        ("experiments: {a: {duration: 20}}", "500ms, 20s, 3m or 1h30m; did you mean 20s?"),
        ("experiments: {a: {load: {pacing: 10}}}", "; did you mean 10s?"),
        (
            "experiments: {a: {load: {spawn-rate: 10}}}",
            "load.spawn-rate: unknown key; did you mean spawn_rate? allowed:",
        ),
        ("experiments: {a: {load: {wait_time: 1}}}", "load.wait_time: unknown key; did you mean think_time? allowed:"),
        ("experiments: {a: {load: {wait_time: 'between(1, 2)'}}}", "key; did you mean think_time: [1, 2]? allowed:"),
        ("experiments: {a: {load: {locust_file: a.py}}}", "unknown key; did you mean locustfile? allowed:"),
        ("experiments: {a: {load: {think_time: 'between(1, 2)'}}}", "{exponential: mean}; did you mean [1, 2]?"),
        ("experiments: {a: {load: {think_time: constant(1.5)}}}", "; did you mean 1.5?"),
        ("experiments: {a: {load: {think_time: constant_pacing(10)}}}", "did you mean pacing: 10s, in place of think_"),
        ("experiments: {a: {load: {think_time: constant_throughput(4)}}}", "did you mean pacing: 0.25s, in place of"),
        ("experiments: {a: {duration: 0s}}", "experiments.a.duration: '0s' is not allowed; allowed: greater"),
        ("defaults: {repeats: 1.5}\nexperiments: {a: {}}", "defaults.repeats: 1.5 is not allowed"),
        (
            "experiments: {a: {server: {store: sql}}}",
            "experiments.a.server.store: 'sql' is not allowed; allowed: list,",
        ),
        ("experiments: {a: {server: {kind: tomcat}}}", "experiments.a.server.kind: 'tomcat' is not allowed"),
        ("experiments: {a: {server: {workers: 4}}}", "experiments.a.server: store: list is kept in the memory of one"),
        ("experiments: {a: {load: {users: 5}}}", "experiments.a.load: spawn_rate: 10 must be at most users: 5"),
        ("experiments: {a: {load: {think_time: [2, 1]}}}", "experiments.a.load.think_time: [2, 1] is not allowed"),
        ("experiments: {a: {load: {mix: {}}}}", "experiments.a.load.mix: at least one task"),
        ("experiments: {a: {server: {albums: 0}}}", "server.albums: 0 leaves load.mix.get_album nothing"),
        ("experiments: {a: {server: {worker_class: sync}}}", "threads: 4 needs worker_class: gthread"),
        ("experiments: {a: 3}", "experiments.a: 3 is not allowed; allowed: a mapping"),
        ("experiments: {../a: {}}", "experiments.../a: '../a' is not allowed; allowed: 1 to 64 letters"),
        ("experiments: {a=1: {}}", "'a=1' is not allowed"),
        ("experiments: {all: {}}", "experiments.all: 'all' is not allowed; allowed: any name except"),
        ("experiments: {a: {}, A: {}}", "a: differs from A only in case"),
        ("experiments:\n  a: {}\n  a: {}", 'found duplicate key "a"'),
        ("sweeps: {s: {vary: load.users, values: []}}", "sweeps.s.values: [] is not allowed; allowed: at least one"),
        ("sweeps: {s: {vary: load.users, values: [20, 20]}}", "sweeps.s.values: 20 is listed twice"),
        ("sweeps: {s: {vary: load.users, values: [20, 0]}}", "sweeps.s.values: load.users: 0 is not allowed"),
        (
            "sweeps: {s: {vary: load.colour, values: [1]}}",
            "sweeps.s.vary: 'load.colour' is not allowed; allowed: one of",
        ),
        (
            "sweeps: {s: {base: x, vary: load.users, values: [20]}}",
            "sweeps.s.base: 'x' is not an experiment; allowed: none",
        ),
        ("sweeps: {s: {vary: server.store, values: [dict], fit: [amdahl]}}", "sweeps.s: fit: a scaling law needs"),
        ("sweeps: {s: {values: [1]}}", "sweeps.s.vary: missing"),
        (
            "sweeps: {s: {vary: load.users, values: [null]}}",
            "sweeps.s.values.0: None is not allowed; allowed: a number,",
        ),
        (f"experiments: {{a: {{load: {{think_time: {'9' * 400}}}}}}}", "allowed: at most 300 seconds"),
        ("experiments: {a: {}}\npublished: {table: no.csv, rows: {b: x}}", "published.rows.b: no such experiment"),
        ("experiments: {a: {}}\npublished: {table: no.csv, rows: {}}", "published.table: 'no.csv': no such file"),
        (
            "experiments: {a: {}}\nhypothesis: {}",
            "hypothesis: unknown key; did you mean hypotheses? allowed: title, seed, budget, defaults, experiments",
        ),
        ("{}", "nothing to run"),
        ("- a", "is not a suite; allowed: a mapping of"),
        ("a: [", "not YAML"),
        ("", "is not a suite"),
    ],
)
def test_mistake_is_told_in_one_line(write_suite: WriteSuite, text: str, complaint: str) -> None:
    path = write_suite(text)
    with pytest.raises(SuiteError) as caught:
        load_suite(path)
    matching = [line for line in caught.value.lines if complaint in line]
    assert matching, caught.value.lines
    assert len(caught.value.lines) == len(set(caught.value.lines))
    assert all(line.startswith(f"{path}: ") for line in caught.value.lines)


def test_every_mistake_is_told_once(write_suite: WriteSuite) -> None:
    path = write_suite("defaults: {duraton: 3s}\nexperiments: {a: {}, b: {}, c: {load: {users: -1}}}")
    with pytest.raises(SuiteError) as caught:
        load_suite(path)
    assert len(caught.value.lines) == 2


@given(st.text(max_size=200))
def test_any_text_is_a_suite_or_an_explained_mistake(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("suite") / "suite.yaml"
    path.write_text(text, encoding="utf-8", errors="replace")
    with contextlib.suppress(SuiteError):
        load_suite(path)


def test_missing_suite_is_told(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="no such suite"):
        load_suite(tmp_path / "none.yaml")


def test_experiment_is_its_own_keys_over_the_defaults(write_suite: WriteSuite) -> None:
    suite = load_suite(
        write_suite(
            "defaults: {duration: 5s, load: {users: 30, mix: {list_albums: 1}}}\n"
            "experiments: {a: {load: {workers: 2}}, b: {load: {mix: {get_album: 2}}}}"
        )
    )
    assert suite.experiments["a"].duration == 5
    assert (suite.experiments["a"].load.users, suite.experiments["a"].load.workers) == (30, 2)
    assert suite.experiments["a"].load.mix.list_albums == 1
    assert suite.experiments["b"].load.mix.list_albums == 0, "a mix is given as a whole"


def test_sweep_makes_an_experiment_of_each_value(write_suite: WriteSuite) -> None:
    suite = load_suite(
        write_suite(
            "experiments: {base: {load: {users: 70}}}\n"
            "sweeps: {s: {base: base, vary: load.think_time, values: [0.5, [1, 2]], duration: 7s}}"
        )
    )
    assert list(suite.experiments) == ["base", "s=0.5", "s=1-2"]
    assert suite.experiments["s=0.5"].load.think_time == (0.5, 0.5)
    assert suite.experiments["s=1-2"].load.think_time == (1, 2)
    assert {suite.experiments[level.experiment].load.users for level in suite.sweeps["s"].levels} == {70}
    assert suite.experiments["s=0.5"].duration == 7


def test_command_line_replaces_defaults_but_not_experiments(write_suite: WriteSuite) -> None:
    path = write_suite("defaults: {duration: 5s}\nexperiments: {a: {}, b: {duration: 9s}}")
    suite = load_suite(path, {"duration": "180s", "repeats": 5})
    assert (suite.experiments["a"].duration, suite.experiments["a"].repeats) == (180, fixed(5))
    assert suite.experiments["b"].duration == 9


@pytest.mark.parametrize(
    ("overrides", "complaint"),
    [({"duraton": "3s"}, "duraton: unknown key"), ({"repeats": 0}, "repeats: 0 is"), ({"seed": -1}, "seed: -1 is")],
)
def test_wrong_override_is_told(write_suite: WriteSuite, overrides: dict[str, object], complaint: str) -> None:
    with pytest.raises(SuiteError, match=complaint):
        load_suite(write_suite("experiments: {a: {}}"), overrides)


@given(st.integers(1, 10**8).map(lambda us: us / 1e6))
def test_duration_survives_writing_and_reading(seconds: float) -> None:
    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds, rel=1e-9)


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ("row,rps\nx,1\n", "table.csv: no column get_albums_avg_ms"),
        ("row,rps,get_albums_avg_ms,post_albums_avg_ms,aggregated_avg_ms\ny,1,2,3,4\n", "'x' is not a row of"),
        ("row,rps,get_albums_avg_ms,post_albums_avg_ms,aggregated_avg_ms\nx,~33,2,3,4\n", "line 2: rps: '~33' is not"),
    ],
)
def test_published_table_is_checked_before_anything_starts(write_suite: WriteSuite, table: str, complaint: str) -> None:
    path = write_suite("experiments: {a: {}}\npublished: {table: table.csv, rows: {a: x}}")
    path.with_name("table.csv").write_text(table, encoding="utf-8")
    with pytest.raises(SuiteError) as caught:
        load_suite(path)
    [line] = caught.value.lines
    assert complaint in line


@pytest.mark.parametrize(
    ("text", "seconds"), [("20s", 20), ("3m", 180), ("500ms", 0.5), ("1h30m", 5400), ("1.5s", 1.5)]
)
def test_duration(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("suite", SUITES, ids=lambda path: path.name)
def test_shipped_suite_names_and_fits_the_schema(suite: Path) -> None:
    text = suite.read_text(encoding="utf-8")
    first = text.splitlines()[0]
    assert first == "# yaml-language-server: $schema=../workflow/schemas/suite.schema.json"
    jsonschema.validate(YAML(typ="safe", pure=True).load(text), json.loads(SCHEMA.read_text(encoding="utf-8")))


def test_schema_refuses_what_the_models_refuse() -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    for wrong in ({"experiments": {"a": {"load": {"color": 1}}}}, {"experiments": {"a": {"duration": 20}}}, {"foo": 1}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


def test_schema_is_that_of_the_models() -> None:
    generated = json.dumps(SuiteFile.model_json_schema(), indent=2) + "\n"
    assert SCHEMA.read_text(encoding="utf-8") == generated, (
        "the models have changed: run `loadstone schema > workflow/schemas/suite.schema.json`"
    )


def test_smoke_suite_takes_less_than_a_minute() -> None:
    assert make_plan(load_suite(ROOT / "config" / "smoke.yaml")).expected_s <= 60


def test_default_suite_is_short_and_measures_most_of_its_time() -> None:
    suite = load_suite(ROOT / "config" / "config.yaml")
    plan = make_plan(suite)
    assert suite.budget is not None
    assert plan.expected_s < suite.budget <= 12 * 60
    assert len(suite.experiments) <= 12
    assert len(suite.sweeps) <= 2
    assert min(settings.duration for settings in suite.experiments.values()) >= 5
    assert min(settings.repeats.min for settings in suite.experiments.values()) >= 3
    assert plan.window_s >= 0.55 * plan.expected_s
    one = suite.experiments["one-user"]
    assert isinstance(one.load.think_time, tuple)
    assert one.repeats.min * one.duration / (sum(one.load.think_time) / 2) >= 35, "thirty requests, with a margin"


def test_short_suites_hold_every_hypothesis_of_the_long_one() -> None:
    short = [load_suite(ROOT / "config" / f"{name}.yaml") for name in ("config", "claims")]
    published = load_suite(ROOT / "config" / "published.yaml")
    claims = {name: (each.claim, each.expect) for suite in short for name, each in suite.hypotheses.items()}
    assert claims == {name: (each.claim, each.expect) for name, each in published.hypotheses.items()}


def test_published_suite_has_the_published_lengths() -> None:
    suite = load_suite(ROOT / "config" / "published.yaml")
    assert suite.published is not None
    published = [suite.experiments[name] for name in suite.published.rows]
    assert len(published) == 5
    assert {s.duration for s in published} == {180.0}
    assert {s.repeats.min for s in suite.experiments.values()} == {5}


def test_stores_are_those_of_the_server() -> None:
    assert set(store_names()) == {*IN_MEMORY, "sqlite"}
    assert set(store_names()) - set(IN_MEMORY) == SHARED_STORES


def test_tasks_are_those_of_the_locustfile() -> None:
    code = "from locustfiles.albums import AlbumTasks; print(*{task.__name__ for task in AlbumTasks.tasks})"
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(answer.stdout.split()) == set(task_names())


def test_server_keeps_connections_longer_than_any_think_time() -> None:
    settings = runpy.run_path(str(ROOT / "server" / "gunicorn.conf.py"))
    assert settings["keepalive"] > MAX_THINK_TIME_S
