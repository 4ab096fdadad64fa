"""Tables and signals of any origin: figures and words, or one line that names the file; never a traceback."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.analyse.bottleneck import judge
from loadstone.analyse.fit_table import LAWS, WEIGHTS, fit_table
from loadstone.audits.collect import audit_files
from loadstone.audits.layout import audit_json
from loadstone.audits.markdown import audit_markdown
from loadstone.cli.audit import show_audit
from loadstone.cli.fit import fit_json, fit_text
from loadstone.errors import TableError
from loadstone.figures.options import ReadOptions, parse_think_time
from loadstone.results.json_file import to_json
from loadstone.results.signals import Signals, read_signals
from loadstone.suite.load import load_suite
from loadstone.suite.published import FIGURES, read_published
from tests.support.fuzzing import complaints, fuzz, json_scalars, json_trees, numbers, texts

FIGURES_OF_TESTS = st.floats(1e-3, 1e5).map(lambda value: f"{value:.4g}") | st.integers(1, 500).map(str)
EXTREMES = st.sampled_from(["1e300", "1e-300", "1e15", "1e-15", "1e12", "1e-12", "0", "5e-324"])
CELLS = (
    FIGURES_OF_TESTS
    | FIGURES_OF_TESTS
    | FIGURES_OF_TESTS
    | numbers.map(str)
    | texts
    | st.sampled_from(["1,000", "1_000", "٣", "0x10"])
)
HEADS = (
    "row name label users concurrency n requests count duration_s seconds rps requests/s throughput x mean_ms avg_ms"
)
HEADS += (
    " think_time think_low_s think_high_s locust_workers class failures error_% latency p95 median_s ramp spawn_rate"
)
AUDITED = st.sampled_from(HEADS.split())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tables")


def written(rows: list[list[str]]) -> bytes:
    target = io.StringIO()
    csv.writer(target).writerows(rows)
    return target.getvalue().encode("utf-8", "surrogatepass")


def tables(columns: st.SearchStrategy[str]) -> st.SearchStrategy[bytes]:
    """Tables with such columns, some of them broken."""
    header = st.lists(columns | texts, min_size=1, max_size=8)
    sound = header.flatmap(
        lambda names: st.lists(st.lists(CELLS, min_size=len(names), max_size=len(names)), max_size=6).map(
            lambda rows: written([names, *rows])
        )
    )
    known = ["users", "requests", "duration_s", "rps", "mean_ms", "think_time", "label", "locust_workers"]
    cells = st.lists(FIGURES_OF_TESTS | EXTREMES, min_size=len(known), max_size=len(known))
    whole = st.lists(cells, min_size=1, max_size=4).map(lambda rows: written([known, *rows]))
    ragged = st.lists(st.lists(CELLS | columns, max_size=8), max_size=6).map(written)
    return sound | whole | ragged | st.binary(max_size=100)


def explained(path: Path, use: Callable[[], object]) -> None:
    """Use a file: it succeeds, or each line names the file."""
    assert all(line.startswith(f"{path}: ") for line in complaints(use, TableError))


@fuzz(150)
@given(content=tables(AUDITED), think=st.none() | st.sampled_from(["1", "1,2", "0"]))
def test_audited_tables(folder: Path, content: bytes, think: str | None) -> None:
    path = folder / "audit.csv"
    path.write_bytes(content)

    def use() -> None:
        options = ReadOptions(think=None if think is None else parse_think_time(think))
        found = audit_files([path], options)
        orjson.dumps(audit_json(found))
        audit_markdown(found)
        show_audit(found)

    explained(path, use)


@fuzz(100)
@given(text=texts | numbers.map(str) | st.lists(numbers.map(str), max_size=3).map(",".join))
def test_think_times(text: str) -> None:
    assert len(complaints(lambda: parse_think_time(text), TableError)) <= 1


@fuzz(40)
@given(content=tables(st.sampled_from(["n", "x"])), law=st.sampled_from(LAWS), weights=st.sampled_from(WEIGHTS))
def test_fitted_tables(folder: Path, content: bytes, law: str, weights: str) -> None:
    path = folder / "fit.csv"
    path.write_bytes(content)

    def use() -> None:
        answer = fit_table(path, "n", "x", law, weights)
        orjson.dumps(fit_json(answer))
        fit_text(answer)

    explained(path, use)


@fuzz(25)
@given(points=st.lists(st.tuples(st.integers(1, 64) | numbers, st.floats(1, 1e4) | numbers), min_size=1, max_size=12))
def test_fitted_points(folder: Path, points: list[tuple[float, float]]) -> None:
    path = folder / "points.csv"
    path.write_bytes(written([["n", "x"], *([str(n), str(x)] for n, x in points)]))
    explained(path, lambda: fit_text(fit_table(path, "n", "x", "best", "relative")))


@fuzz(80)
@given(content=tables(st.sampled_from(["row", *FIGURES, "users"])))
def test_published_tables(folder: Path, content: bytes) -> None:
    table, suite = folder / "published.csv", folder / "suite.yaml"
    table.write_bytes(content)
    explained(table, lambda: read_published(table))
    suite.write_text('experiments: {a: {}}\npublished: {table: published.csv, rows: {a: "1"}}', encoding="utf-8")
    assert all(line.startswith(f"{folder}/") for line in complaints(lambda: load_suite(suite)))


SIGNALS = st.fixed_dictionaries(
    {name: st.floats(1e-3, 1e4) | numbers for name in ("users", "throughput", "response_s", "think_s")},
    optional={
        name: json_scalars | st.floats(0, 1) | st.integers(0, 1000) | st.lists(st.floats(0, 2), max_size=3)
        for name in Signals.model_fields
        if name not in ("users", "throughput", "response_s", "think_s")
    }
    | {"other": json_trees},
)


@fuzz(200)
@given(signals=SIGNALS | json_trees | st.binary(max_size=50))
def test_signals(folder: Path, signals: Any) -> None:
    path = folder / "signals.json"
    content = signals if isinstance(signals, bytes) else json.dumps(signals).encode("utf-8", "surrogatepass")
    path.write_bytes(content)
    explained(path, lambda: to_json(judge(read_signals(path))))
