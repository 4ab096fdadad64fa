"""Damaged files of every tool give figures that are possible, or one line that names the file; never a traceback."""

import math
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.errors import TableError
from loadstone.figures.options import ReadOptions
from loadstone.figures.read import read_load_tests
from loadstone.figures.row import LoadTestRow
from loadstone.figures.words import understand
from tests.support.data import LOAD_TOOLS
from tests.support.fuzzing import complaints, damage, fuzz, numbers, texts

JUNK = (
    texts
    | numbers.map(str)
    | st.sampled_from(["-1", "1,5", "9" * 30, "1e999", "{", "[]", "null", "\ufeff", "0", ",", "|"])
)


@cache
def samples() -> list[str]:
    return [
        path.read_text(encoding="utf-8", errors="replace")
        for path in sorted(LOAD_TOOLS.iterdir())
        if path.suffix != ".md"
    ]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tools") / "file.txt"


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A tool's file with a few pieces cut out, doubled or replaced."""
    return damage(draw, draw(st.sampled_from(samples())), JUNK, most=4, longest=5000)


def check(row: LoadTestRow) -> None:
    """Every figure is a number that is not negative."""
    for field in fields(LoadTestRow):
        value = getattr(row, field.name)
        if isinstance(value, int | float):
            assert 0 <= value < math.inf
    assert all(0 < share < 1 and 0 <= seconds < math.inf for share, seconds in row.quantiles_s.items())
    for derived in (row.throughput, row.failed_share, row.goodput, row.implied_s):
        assert derived is None or math.isfinite(derived)


def use(path: Path, options: ReadOptions | None = None) -> None:
    table = read_load_tests(path, options)
    assert table.rows
    for row in table.rows:
        check(row)


@fuzz(150)
@given(text=damaged())
def test_damaged_files_of_tools(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    lines = complaints(lambda: use(path), TableError)
    assert len(lines) <= 1
    assert all(line.startswith(f"{path}: ") for line in lines)


@fuzz(100)
@given(head=texts | st.text(max_size=60) | st.text(" _()[]%/.#-0123456789avgmspreqmin", max_size=40))
def test_any_head_has_a_meaning_or_none(head: str) -> None:
    understand(head)


@fuzz(60)
@given(mapping=st.dictionaries(texts | st.sampled_from(["users", "mean_s"]), texts | st.just("a"), max_size=3))
def test_any_map(path: Path, mapping: dict[str, str]) -> None:
    path.write_text("a,b,rps\n1,2,3\n", encoding="utf-8")
    assert len(complaints(lambda: use(path, ReadOptions(mapping=mapping)), TableError)) <= 1


MARKS = (
    *("", "Summary:\nSlowest:\nRequests/sec:\n", "# reqs\nType  Name  # reqs  # fails\n", "http_reqs....: 1\n"),
    *(
        "Running 1s test @ x\n1 threads and 1 connections\n",
        "Summary report @ x\nhttp.requests: 1\n",
        "timeStamp,elapsed\n",
    ),
    *("Concurrency Level: 1\nTime taken for tests:\n", "Transactions: 1 hits\nTransaction rate:\n", "users,rps\n1,2\n"),
)


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize(
    "piece", ["\n", " ", "-", "+", "a,", "1,", "(", '"', "|", "[", "9", "1 ", ". ", " a\n", "\t1;"]
)
def test_long_and_odd_files_end_soon(path: Path, mark: str, piece: str) -> None:
    """A pattern that tries each place for each place would take minutes."""
    path.write_text(mark + piece * (60_000 // len(piece)) + "+x", encoding="utf-8")
    assert len(complaints(lambda: use(path), TableError)) <= 1
