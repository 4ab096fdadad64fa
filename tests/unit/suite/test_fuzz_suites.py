"""Any YAML gives a plan that can be written and read back, or lines that name the file; never a traceback."""

import copy
import json
import math
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from loadstone.cli.plan import show_plan
from loadstone.errors import SuiteError
from loadstone.plan.file import read_plan
from loadstone.plan.schedule import make_plan
from loadstone.suite.load import load_suite
from tests.conftest import ROOT
from tests.support.fuzzing import EXAMPLES, complaints, dates, fuzz, json_scalars, mutate, texts

EVERYTHING = """\
seed: 3
baselines: true
defaults: {duration: 5s, warm_up: 1s, repeats: 2, precision: 5%, load: {users: 20, think_time: [1, 2]}}
experiments:
  plain: {}
  eager: {probe: true, load: {think_time: 0, mix: {list_albums: 1, create_album: 1}}}
  open: {load: {arrivals: {rate: 50, kind: constant}}}
  paced: {load: {pacing: 2s, user: FastHttpUser, workers: 2}}
  weighed: {server: {calibration: {parallel: 20ms, serial: 2ms, failures: 0.1}}, load: {mix: {calibration: 1}}}
  declared: {load: {requests: [{get: "/a/${1..9}", weight: 3}, {post: /b, json: {c: ["${d|e}"]}, headers: {F: g}}]}}
sweeps:
  albums: {base: plain, vary: server.albums, values: [10, 100, 1000], fit: [amdahl, usl], server: {albums_max: 10}}
  thinking: {vary: load.think_time, values: [0.5, [1, 2]]}
capacity:
  most: {slo: p95 < 50ms, rates: [10, 1000], within: 10%, base: plain}
thresholds: {saturated: 0.95, slowed: 3}
hypotheses:
  one: {claim: c, compare: {metric: mean, of: plain, to: eager, endpoint: POST /albums}, expect: "> 1.05"}
  two: {claim: c, gate: true, value: {metric: failures, of: plain}, expect: "<= 1%"}
  three: {claim: c, bottleneck: plain, expect: server}
  four: {claim: c, trend: {metric: p99, over: albums}, expect: flat within 10%}
  five: {claim: c, value: {metric: active_users, published: "50 Users, 1 Worker"}, expect: within 20% of 1}
published: {table: published.csv, rows: {plain: "50 Users, 1 Worker"}}
"""
SHIPPED = ("smoke.yaml", "calibration.yaml", *(["config.yaml", "published.yaml"] if EXAMPLES else []))


@cache
def suite_texts() -> list[str]:
    return [EVERYTHING, *((ROOT / "config" / name).read_text(encoding="utf-8") for name in SHIPPED)]


@cache
def trees() -> list[Any]:
    return [YAML(typ="safe", pure=True).load(text) for text in suite_texts()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the published table; each input overwrites the previous one."""
    path = tmp_path_factory.mktemp("suites")
    (path / "published.csv").write_bytes((ROOT / "config" / "published.csv").read_bytes())
    return path


def check(folder: Path, content: bytes) -> None:
    """Use a suite as the commands and the workflow do."""
    path = folder / "suite.yaml"
    path.write_bytes(content)
    if lines := complaints(lambda: make_plan(load_suite(path)), SuiteError):
        assert all(line.startswith(f"{folder}/") for line in lines)
        return
    plan = make_plan(load_suite(path))
    laid_out = folder / "plan.json"
    laid_out.write_text(plan.model_dump_json(), encoding="utf-8")
    assert read_plan(laid_out).model_dump_json() == plan.model_dump_json()
    show_plan(plan)
    for run in plan.runs:
        assert ".." not in run.experiment
        assert "/" not in run.experiment


def as_yaml(tree: Any) -> str:
    """Write a tree with any keys in flow style, and its texts with JSON's escapes, lone surrogates included."""
    if isinstance(tree, dict):
        return "{" + ", ".join(f"? {as_yaml(key)} : {as_yaml(value)}" for key, value in tree.items()) + "}"
    if isinstance(tree, list):
        return "[" + ", ".join(map(as_yaml, tree)) + "]"
    if isinstance(tree, float) and not math.isfinite(tree):
        return ".nan" if math.isnan(tree) else ".inf" if tree > 0 else "-.inf"
    return json.dumps(tree) if tree is None or isinstance(tree, str | bool) else str(tree)


SPICE = st.sampled_from(
    [*"&*<:[]{}!\"'\n-|>%@`,?#", "&a ", "*a", "<<: ", "!!int ", "!!set ", "!!binary ", "\\ud800", "\t", "\0", "\x85"]
)


@fuzz(150)
@given(
    content=st.binary(max_size=200)
    | st.lists(SPICE | texts, max_size=30).map("".join).map(lambda t: t.encode("utf-8", "surrogatepass"))
)
def test_any_bytes(folder: Path, content: bytes) -> None:
    check(folder, content)


@fuzz(100)
@given(st.data())
def test_suites_with_characters_changed(folder: Path, data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(suite_texts()))
    for _ in range(data.draw(st.integers(1, 3))):
        begin = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(begin, min(len(text), begin + 8)))
        text = text[:begin] + data.draw(SPICE | texts) + text[end:]
    check(folder, text.encode("utf-8", "surrogatepass"))


keys = (
    st.sampled_from(
        sorted(
            {
                key
                for tree in [YAML(typ="safe", pure=True).load(EVERYTHING)]
                for part in tree.values()
                if isinstance(part, dict)
                for key in part
            }
            | {"server", "load", "rate"}
        )
    )
    | texts
)
other_keys = keys | st.integers() | st.booleans() | st.none() | dates
junk = st.recursive(
    json_scalars | dates | st.sampled_from(["1s", "20h", "99999h", "2%", "> 1", "p95 < 1ms"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(other_keys, inner, max_size=3),
    max_leaves=8,
)


@fuzz(80)
@given(st.data())
def test_suites_with_values_changed(folder: Path, data: st.DataObject) -> None:
    tree = copy.deepcopy(data.draw(st.sampled_from(trees())))
    for _ in range(data.draw(st.integers(1, 3))):
        tree = mutate(data.draw, tree, junk, other_keys)
    check(folder, as_yaml(tree).encode())
