"""Damaged logs give requests that are possible, or one line that names the file; never a traceback."""

import math
from functools import cache
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.errors import TableError
from loadstone.imports.campaign import recognise
from loadstone.imports.store import store_requests
from tests.support.foreign_logs import gatling, jtl, request_log, send
from tests.support.fuzzing import complaints, damage, fuzz, numbers, texts

JUNK = (
    texts
    | numbers.map(str)
    | st.sampled_from(["-1", "1,5", "9" * 30, "1e999", "nan", "1_0", "\t", "\n", '"', ",", "KO"])
)


@cache
def samples() -> tuple[str, ...]:
    sent = send(3, 3, (0.1, 0.2), 50, failed=0.3)
    return jtl(sent), jtl(sent).split("\n", 1)[1], gatling(sent), gatling(sent, with_users=True), request_log(sent)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("logs") / "simulation.log"


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A log with a few pieces cut out, doubled or replaced."""
    return damage(draw, draw(st.sampled_from(samples())), JUNK, most=3, longest=100)


@given(text=damaged())
@fuzz(40)
def test_a_damaged_log_gives_possible_requests_or_one_line(text: str, path: Path) -> None:
    path.write_bytes(text.encode("utf-8", errors="surrogatepass"))
    requests = path.with_suffix(".parquet")
    requests.unlink(missing_ok=True)

    def use() -> None:
        stored = store_requests(recognise(path), str(path), requests)
        span = stored.course.span()
        assert stored.course.first <= span.begin <= span.end
        assert all(math.isfinite(time) and users >= 0 for time, users in span.changes)
        table = pq.read_table(requests)
        assert table.num_rows == stored.requests
        assert all(0 <= value < math.inf for name in ("time", "response_ms") for value in table[name].to_pylist())

    assert len(complaints(use, TableError)) <= 1
