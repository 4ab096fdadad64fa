"""JMeter's log of single requests: exact percentiles in bounded memory, and the time in which all threads ran."""

import random
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from loadstone.errors import TableError
from loadstone.figures.options import ReadOptions
from loadstone.figures.read import read_load_tests
from loadstone.figures.row import LoadTestRow
from loadstone.figures.table import LoadTestTable

HEAD = (
    "timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success,failureMessage,bytes,sentBytes,"
    "grpThreads,allThreads,URL,Latency,IdleTime,Connect\n"
)
START = 1_752_745_569_000


def line(start: int, elapsed: int, thread: int, threads: int, *, ok: bool = True, message: str = "OK") -> str:
    code = "200" if ok else "500"
    return (
        f"{START + start},{elapsed},List albums,{code},{message},Users 1-{thread},text,{str(ok).lower()},,1489,140,"
        f"{threads},{threads},http://localhost/albums,{elapsed},0,1\n"
    )


def loop(users: int, ramp_ms: int, end_ms: int, seed: int = 1) -> Iterator[tuple[int, str]]:
    """Users who start one after the other, send a request of 40 to 60 ms, and pause for 500 to 700 ms."""
    rng = random.Random(seed)
    for user in range(users):
        now = started = ramp_ms * user // max(1, users - 1)
        while now < end_ms:
            elapsed = rng.randint(40, 60)
            running = 1 + (users - 1) * min(now + elapsed, ramp_ms) // ramp_ms if ramp_ms else users
            yield (
                now + elapsed,
                line(now, elapsed, user, max(running, 1 if now > started else user + 1), ok=elapsed != 60),
            )
            now += elapsed + rng.randint(500, 700)


def written(path: Path, *, users: int = 20, ramp_ms: int = 5000, end_ms: int = 60_000, head: str = HEAD) -> Path:
    path.write_text(head + "".join(text for _, text in sorted(loop(users, ramp_ms, end_ms))))
    return path


def only(table: LoadTestTable) -> LoadTestRow:
    [row] = table.rows
    return row


def test_the_time_in_which_all_threads_ran_counts(tmp_path: Path) -> None:
    table = read_load_tests(written(tmp_path / "log.jtl"))
    row = only(table)
    assert table.kind == "JMeter's log"
    assert (row.users, row.ramp_s, row.window) == (20, 0, False)
    assert row.duration_s == pytest.approx(55, abs=0.8)
    assert row.throughput == pytest.approx(20 / 0.65, rel=0.03)
    assert row.mean_s == pytest.approx(0.05, abs=0.002)
    assert (row.max_s, row.quantiles_s[0.99]) == (0.06, 0.06)
    assert row.failed_share == pytest.approx(1 / 21, abs=0.02)
    assert row.think is not None
    assert row.think.mean == pytest.approx(0.6, abs=0.01)
    assert (row.think.low, row.think.high) == (pytest.approx(0.5, abs=0.02), pytest.approx(0.7, abs=0.02))
    assert only(read_load_tests(tmp_path / "log.jtl", ReadOptions(users=3))).users == 20


def test_quantiles_are_by_nearest_rank(tmp_path: Path) -> None:
    path = tmp_path / "log.jtl"
    path.write_text(HEAD + "".join(line(10 * n, n, 1, 1) for n in range(1, 201)))
    assert only(read_load_tests(path)).quantiles_s == {0.5: 0.1, 0.9: 0.18, 0.95: 0.19, 0.99: 0.198}


def test_few_requests_are_counted_from_the_first_to_the_last(tmp_path: Path) -> None:
    path = tmp_path / "log.jtl"
    path.write_text(HEAD + line(0, 100, 1, 5) + line(400, 70, 2, 6, ok=False) + line(2000, 40, 1, 9))
    table = read_load_tests(path)
    row = only(table)
    assert (row.users, row.requests, row.failures, row.duration_s, row.window) == (9, 3, 1, 2.04, True)
    assert any("largest number of threads, 9" in note for note in table.notes)


def test_transactions_only_sum_up_their_requests(tmp_path: Path) -> None:
    path = tmp_path / "log.jtl"
    total = line(0, 90, 1, 1, message='"Number of samples in transaction : 2, number of failing samples : 0"')
    path.write_text(HEAD + line(0, 40, 1, 1) + line(40, 50, 1, 1) + total)
    table = read_load_tests(path)
    assert only(table).requests == 2
    assert "1 transaction controllers left out: their requests count" in table.notes


@pytest.mark.parametrize("separator", [";", "\t"])
def test_log_with_another_separator(tmp_path: Path, separator: str) -> None:
    path = tmp_path / "log.jtl"
    path.write_text((HEAD + line(0, 40, 1, 1) + line(90, 50, 1, 1)).replace(",", separator))
    assert only(read_load_tests(path)).requests == 2


def test_log_without_a_head_has_the_usual_columns(tmp_path: Path) -> None:
    table = read_load_tests(written(tmp_path / "log.jtl", head=""))
    assert only(table).users == 20


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (HEAD, "without requests"),
        (HEAD + "2024/05/03 10:00:00,5,a,200\n", "timestamp_format=ms"),
        (HEAD + f"{START},-1,a,200\n", "line 2: elapsed: '-1' is not allowed; allowed: a whole number"),
        (HEAD + f"{START}\n", "line 2: elapsed: '' is not allowed"),
        ('<?xml version="1.0"?>\n<testResults version="1.2">\n', "save it as CSV"),
    ],
)
def test_damaged_log_is_one_line(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "log.jtl"
    path.write_text(text)
    with pytest.raises(TableError) as caught:
        read_load_tests(path)
    [told] = caught.value.lines
    assert told.startswith(f"{path}: ")
    assert complaint in told


def test_memory_does_not_grow_with_the_log(tmp_path: Path) -> None:
    path = tmp_path / "log.jtl"
    with path.open("w") as file:
        file.write(HEAD)
        file.writelines(line(3 * n, 40 + n % 200, n % 50, 50) for n in range(8_000))
    assert path.stat().st_size > 800_000
    tracemalloc.start()
    try:
        read_load_tests(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 500_000
