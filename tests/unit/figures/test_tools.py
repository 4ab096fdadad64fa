"""Files of load tools, as they print or save them: each is told by its content and gives the figures in it."""

from pathlib import Path

import pytest

from loadstone.errors import TableError
from loadstone.figures.options import ReadOptions
from loadstone.figures.read import READERS, read_load_tests
from loadstone.figures.row import LoadTestRow
from loadstone.figures.source import open_source
from loadstone.figures.table import LoadTestTable
from tests.support.data import LOAD_TOOLS

FILES = sorted(path.name for path in LOAD_TOOLS.iterdir() if path.suffix != ".md")


def read(name: str, **options: object) -> LoadTestTable:
    return read_load_tests(LOAD_TOOLS / name, ReadOptions(**options))  # type: ignore[arg-type]


def only(table: LoadTestTable) -> LoadTestRow:
    [row] = table.rows
    return row


@pytest.mark.parametrize("name", FILES)
def test_each_file_is_known_by_one_reader(name: str) -> None:
    source = open_source(LOAD_TOOLS / name)
    assert [read.__module__ for recognises, read in READERS if recognises(source)] != []
    assert len([read for recognises, read in READERS if recognises(source)]) == 1


@pytest.mark.parametrize("name", FILES)
def test_each_file_gives_a_rate_and_says_what_was_understood(name: str) -> None:
    table = read(name)
    for row in table.rows:
        assert row.throughput is not None
        assert row.window or "history" in name or "jtl" in name
    assert table.understood
    assert table.kind != "CSV"


@pytest.mark.parametrize("name", FILES)
def test_content_decides_not_the_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / "results.dat"
    path.write_bytes((LOAD_TOOLS / name).read_bytes())
    assert read_load_tests(path).kind == read(name).kind


@pytest.mark.parametrize("name", FILES)
def test_file_that_was_cut_off_is_one_line_or_a_test(tmp_path: Path, name: str) -> None:
    content = (LOAD_TOOLS / name).read_bytes()
    path = tmp_path / name
    for share in (0.1, 0.4, 0.7, 0.95):
        path.write_bytes(content[: int(share * len(content))])
        try:
            assert read_load_tests(path).rows
        except TableError as error:
            assert len(error.lines) == 1  # noqa: PT017 - either is right


def test_gatling() -> None:
    row = only(read("gatling-stats.json", users=50.0))
    assert (row.users, row.requests, row.failures, row.rps, row.mean_s) == (50, 5940, 59, 97.38, 0.048)
    assert row.quantiles_s == {0.5: 0.031, 0.75: 0.058, 0.95: 0.150, 0.99: 0.240}
    older = only(read("gatling-older-stats.json"))
    assert (older.requests, older.failures, older.rps) == (81714, 0, 1338.756)


@pytest.mark.parametrize("name", ["jmeter-aggregate.csv", "jmeter-aggregate-de.csv", "jmeter-aggregate-fr.csv"])
def test_jmeter_aggregate_report_in_languages(name: str) -> None:
    table = read(name)
    row = only(table)
    assert (row.requests, row.rps, row.mean_s, row.max_s) == (5223, pytest.approx(32.64375), 0.006, 0.118)
    assert row.failed_share == pytest.approx(0.00383)
    assert row.quantiles_s[0.95] == 0.014
    assert row.label == name.removesuffix(".csv")


def test_german_jmeter_calls_the_median_mittel() -> None:
    assert "Mittel" in read("jmeter-aggregate-de.csv").left_out


def test_jmeter_report_without_total_has_no_users(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    lines = (LOAD_TOOLS / "jmeter-aggregate.csv").read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-1]))
    table = read_load_tests(path, ReadOptions(users=50))
    assert [row.users for row in table.rows] == [None, None]
    assert any("samplers of one test" in note for note in table.notes)


def test_jmeter_summary_lines() -> None:
    row = only(read("jmeter-summary.txt"))
    assert (row.users, row.requests, row.duration_s, row.rps, row.mean_s) == (50, 1862, 60, 31.0, 0.008)
    assert row.failures == 4


def test_artillery() -> None:
    row = only(read("artillery-1.txt", users=50.0))
    assert (row.requests, row.failures, row.rps, row.users) == (15000, 8600, 246.75, None)
    assert row.quantiles_s[0.5] == 2.54
    row = only(read("artillery-2.txt"))
    assert (row.requests, row.failures, row.rps, row.mean_s) == (1200, 20, 20, 0.0483)


def test_wrk2_counts_from_the_moment_a_request_was_due() -> None:
    row = only(read("wrk2.txt"))
    assert (row.users, row.requests, row.failures, row.rps) == (None, 59804, 4, 1993.2)
    assert row.quantiles_s[0.999] == 0.00994
