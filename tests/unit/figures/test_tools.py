"""Files of load tools, as they print or save them: each is told by its content and gives the figures in it."""

from dataclasses import replace
from pathlib import Path

import pytest

from loadstone.errors import TableError
from loadstone.figures.options import ReadOptions
from loadstone.figures.read import READERS, TOOLS, read_load_tests
from loadstone.figures.row import LoadTestRow
from loadstone.figures.source import open_source
from loadstone.figures.table import LoadTestTable
from tests.conftest import ROOT
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


def test_wrk() -> None:
    row = only(read("wrk.txt"))
    assert (row.users, row.requests, row.failures, row.rps, row.duration_s) == (10, 3060, 62, 997.71, 3.07)
    assert (row.mean_s, row.max_s, row.quantiles_s[0.99]) == (0.01238, 0.10393, 0.08189)
    table = read("wrk-two-runs.txt")
    assert [(row.label, row.users, row.failures) for row in table.rows] == [
        ("wrk-two-runs, run 1", 4, 0),
        ("wrk-two-runs, run 2", 8, 0),
    ]


def test_ab_counts_no_lengths_as_failures_and_takes_the_measured_mean() -> None:
    row = only(read("ab.txt"))
    assert (row.users, row.requests, row.failures, row.rps) == (10, 500, 0, 840.39)
    assert (row.mean_s, row.mean_rounding_s) == (0.011, 0.0005)
    assert only(read("ab-failures.txt")).failures == 6


def test_hey_and_oha_and_ghz() -> None:
    row = only(read("hey.txt", users=10.0))
    assert (row.users, row.requests, row.failures, row.rps, row.mean_s) == (10, 3865, 77, 1284.3983, 0.0078)
    assert row.quantiles_s[0.9] == 0.0145
    for name in ("oha.txt", "oha.json"):
        row = only(read(name))
        assert (row.requests, row.failures, row.rps, row.mean_s) == (4207, 84, 1401.762, 0.0071)
        assert row.quantiles_s[0.999] == 0.0388
    row = only(read("ghz.txt"))
    assert (row.requests, row.failures, row.rps, row.mean_s, row.quantiles_s[0.95]) == (
        200,
        1,
        1101.53,
        0.03201,
        0.05545,
    )


@pytest.mark.parametrize("name", ["vegeta.txt", "vegeta.json"])
def test_vegeta_has_no_users(name: str) -> None:
    row = only(read(name, users=10.0))
    assert (row.users, row.requests, row.failed_share) == (None, 300, pytest.approx(0.02))
    assert (row.rps, row.duration_s) == (pytest.approx(100.34, abs=0.01), pytest.approx(2.99, abs=0.001))
    assert (row.mean_s, row.quantiles_s[0.99]) == (
        pytest.approx(0.0055007, abs=1e-6),
        pytest.approx(0.015033, abs=1e-6),
    )


def test_siege_has_more_digits_in_its_concurrency() -> None:
    row = only(read("siege.txt"))
    assert (row.users, row.requests, row.failures, row.rps) == (10, 3277, 0, 902.75)
    assert row.mean_s == pytest.approx(9.82 / 902.75)
    row = only(read("siege.json"))
    assert (row.requests, row.failures, row.rps) == (86, 2, None)
    assert row.throughput == pytest.approx(86 / 3.94)


def test_siege_runs_are_named_by_the_lines_above_them(tmp_path: Path) -> None:
    path = tmp_path / "siege.txt"
    run = "Transactions:\t\t{} hits\nElapsed time:\t\t59.9 secs\nResponse time:\t\t0.00 secs\n"
    run += "Transaction rate:\t{} trans/sec\nConcurrency:\t\t0.42\n"
    path.write_text("## gateway\n" + run.format(11814, 197.13) + "## reference proxy\n" + run.format(11836, 197.70))
    table = read_load_tests(path)
    assert [row.label for row in table.rows] == ["gateway", "reference proxy"]
    assert table.rows[0].mean_s == pytest.approx(0.42 / 197.13)


@pytest.mark.parametrize("name", ["k6.txt", "k6-summary.json", "k6-export.json"])
def test_k6_states_the_think_time_by_its_iterations(name: str) -> None:
    row = only(read(name))
    assert (row.users, row.requests, row.rps) == (50, 1971, 32.376812)
    assert row.failed_share == pytest.approx(0.006, abs=0.0001)
    assert (row.mean_s, row.quantiles_s[0.95]) == (pytest.approx(0.00813, abs=1e-6), pytest.approx(0.02107))
    assert row.think is not None
    assert row.think.mean == pytest.approx(1.5125, abs=0.001)


def test_k6_that_starts_iterations_at_a_rate_has_no_users() -> None:
    row = only(read("k6-arrivals.txt", users=10.0))
    assert (row.users, row.think, row.rps, row.duration_s) == (None, None, 99.982714, 30.0)


@pytest.mark.parametrize(
    ("name", "requests", "failures"), [("autocannon.txt", 4611, 92), ("autocannon.json", 3422, 68)]
)
def test_autocannon(name: str, requests: float, failures: float) -> None:
    row = only(read(name))
    assert (row.users, row.requests, row.failures, row.rps) == (10, requests, failures, None)
    assert row.throughput == pytest.approx(requests / 3.055, rel=0.01)
    assert row.quantiles_s[0.5] == 0.005


def test_locust_statistics_are_one_test() -> None:
    table = read("locust_stats.csv", users=20.0)
    row = only(table)
    assert (row.label, row.users, row.requests, row.failures) == ("locust_stats", 20, 2835, 11)
    assert (row.rps, row.mean_s) == (pytest.approx(64.3525), pytest.approx(0.0081817))
    assert row.quantiles_s[0.99] == 0.021
    assert "rows that are parts of «Aggregated» left out: 2" in table.notes


def test_locust_prints_its_users() -> None:
    row = only(read("locust.txt"))
    assert (row.users, row.requests, row.failures, row.rps, row.mean_s) == (20, 2835, 11, 64.35, 0.008)
    assert (row.quantiles_s[0.999], row.max_s) == (0.049, 0.072)


def test_locust_history_is_its_plateau() -> None:
    row = only(read("locust_stats_history.csv"))
    assert (row.users, row.requests, row.duration_s, row.failures) == (20, 1372, 21, 8)
    assert row.throughput == pytest.approx(65.3, abs=0.1)
    assert row.mean_s == pytest.approx(0.00807, abs=1e-5)


def history(*steps: tuple[int, int, float]) -> str:
    """A history with steps of users, seconds and rate, a row per second, in which each response takes 10 ms."""
    rows, requests, now = [], 0.0, 1_700_000_000
    for users, seconds, rate in steps:
        for _ in range(seconds):
            requests += rate
            now += 1
            rows.append(f"{now},{users},,Aggregated,{rate:f},0.0,{requests:.0f},{requests / 100:.0f},10.0")
    head = "Timestamp,User Count,Type,Name,Requests/s,Failures/s,Total Request Count,Total Failure Count,"
    return "\n".join([head + "Total Average Response Time", *rows])


def test_each_plateau_of_a_locust_history_is_a_test(tmp_path: Path) -> None:
    path = tmp_path / "run_stats_history.csv"
    path.write_text(history((5, 3, 1), (10, 40, 30), (15, 5, 35), (20, 60, 45), (3, 2, 5)))
    rows = read_load_tests(path).rows
    assert [(row.label, row.users) for row in rows] == [
        ("run_stats_history, 10 users", 10),
        ("run_stats_history, 20 users", 20),
    ]
    assert [row.throughput for row in rows] == [pytest.approx(30), pytest.approx(45)]
    assert rows[0].mean_s == pytest.approx(0.01)


def test_history_whose_counts_and_rates_differ_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(history((10, 60, 30)).replace(",30.000000,", ",15.0,"))
    table = read_load_tests(path)
    row = only(table)
    assert (row.rps, row.requests, row.duration_s) == (15, None, None)
    assert any("the counts rise by 30.0 requests/s, the printed rates are about 15.0" in note for note in table.notes)


def test_history_without_a_plateau_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(history(*((users, 1, 2.0 * users) for users in range(1, 30))))
    with pytest.raises(TableError, match="without a plateau"):
        read_load_tests(path)


def test_quoted_table_with_words_of_a_tool_is_a_table(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('"connections","rps","latency","non2xx"\n10,50,140.5,0\n')
    assert read_load_tests(path).kind == "CSV"


def test_colours_and_line_ends_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "k6.txt"
    text = (LOAD_TOOLS / "k6.txt").read_text().replace("http_reqs....", "\x1b[32mhttp_reqs\x1b[0m....")
    path.write_bytes(text.replace("\n", "\r\n").encode("utf-16"))
    assert only(read_load_tests(path)) == replace(only(read("k6.txt")), source="k6.txt")


def test_documentation_lists_every_tool() -> None:
    page = (ROOT / "docs" / "figures.md").read_text()
    assert [tool for tool in TOOLS if tool not in page] == []
