"""Tables of load tests that people wrote: which columns are understood, and what is asked for instead of guessed."""

from pathlib import Path

import pytest

from loadstone.errors import TableError
from loadstone.figures.options import ReadOptions, ThinkTimeRange
from loadstone.figures.read import read_load_tests
from loadstone.figures.row import LoadTestRow
from loadstone.figures.table import LoadTestTable


def read(folder: Path, text: str | bytes, **options: object) -> LoadTestTable:
    path = folder / "table.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_load_tests(path, ReadOptions(**options))  # type: ignore[arg-type]


def only(table: LoadTestTable) -> LoadTestRow:
    [row] = table.rows
    return row


def test_heads_and_units_as_people_write_them(tmp_path: Path) -> None:
    table = read(
        tmp_path,
        "Scenario,Users,Spawn Rate,Duration,Total Requests,Total RPS,Avg Response Time,Colour\n"
        'Baseline,10,2/sec,60s,"2,061",2.56,624.74 ms,red\n',
    )
    row = only(table)
    assert (row.label, row.users, row.duration_s, row.requests, row.rps) == ("Baseline", 10, 60, 2061, 2.56)
    assert (row.mean_s, row.ramp_s) == (pytest.approx(0.62474), 5)
    assert (row.rps_rounding, row.duration_rounding_s, row.mean_rounding_s) == (0.005, 0.5, pytest.approx(5e-6))
    assert table.understood["Avg Response Time"] == "mean response time"
    assert table.left_out == ("Colour",)
    assert table.kind == "CSV"


def test_what_is_not_stated_is_unknown(tmp_path: Path) -> None:
    row = only(read(tmp_path, "users,rps,mean_ms,failures\n50,33,,N/A\n"))
    assert (row.mean_s, row.failures, row.requests, row.duration_s, row.think) == (None,) * 5
    assert (row.failed_share, row.goodput, row.implied_s, row.max_s) == (None,) * 4


def test_users_in_the_cells_of_another_column(tmp_path: Path) -> None:
    table = read(
        tmp_path, "Load,Total Requests,Avg RPS,Avg Response Time\n10 users,267,4.63,93ms\n50 users,998,16.89,267ms\n"
    )
    assert [(row.label, row.users) for row in table.rows] == [("10 users", 10), ("50 users", 50)]


def test_medians_are_quantiles_and_no_means(tmp_path: Path) -> None:
    table = read(
        tmp_path,
        "Server,Concurrent Users,RPS,Median (ms),95%ile (ms)\nsync,100,12,11000,17000\nsync,350,6,25000,30000\n",
    )
    assert [row.label for row in table.rows] == ["sync, 100 users", "sync, 350 users"]
    assert table.rows[0].mean_s is None
    assert table.rows[0].quantiles_s == {0.5: 11, 0.95: 17}


def test_bare_response_times_are_milliseconds_and_said_to_be(tmp_path: Path) -> None:
    table = read(tmp_path, "vus,rps,resp_time\n1,107.7,9.51\n")
    assert only(table).mean_s == pytest.approx(0.00951)
    assert "no unit in resp_time: read as milliseconds" in table.notes
    assert "resp_time read as the mean response time" in table.notes


def test_bare_response_times_below_one_are_asked_for(tmp_path: Path) -> None:
    text = "users,rps,latency\n10,100,0.09\n"
    table = read(tmp_path, text)
    assert only(table).mean_s is None
    assert table.left_out == ("latency",)
    assert any('--map mean_s="latency"' in note for note in table.notes)
    assert only(read(tmp_path, text, mapping={"mean_s": "latency"})).mean_s == 0.09


@pytest.mark.parametrize(
    ("text", "used"),
    [
        ("users,rps,mean\n100,112.4,0.85\n200,104.1,1.92\n", False),  # 96 and 200 requests in progress
        ("users,rps,mean\n100,112.4,0.95\n200,104.1,2.5\n", True),  # 107 and 260
        ("users,rps,p95\n10,20,9\n", False),
        ("users,rps,p95\n10,20,12\n", True),  # one in twenty takes 12 s: 0.6 s on average, 12 requests in progress
        ("users,rps,mean\n5000,1,61\n", True),
        ("rps,mean\n20,1.5\n", True),
    ],
)
def test_bare_response_times_are_seconds_only_where_so_many_users_can_wait(
    tmp_path: Path, text: str, used: bool
) -> None:
    table = read(tmp_path, text)
    assert [bool(row.mean_s or row.quantiles_s) for row in table.rows] == [used] * len(table.rows)
    assert any("seconds or milliseconds?" in note for note in table.notes) is not used


def test_cells_change_what_a_head_means(tmp_path: Path) -> None:
    assert only(read(tmp_path, "rps,requests,Failed\n10,1500,0.2%\n")).failed_share == pytest.approx(0.002)
    row = only(read(tmp_path, "client,clients,rps\ncurl,10,5\n"))
    assert (row.label, row.users) == ("curl", 10)
    table = read(tmp_path, "rps,Throughput\n10,3.34MB/s\n")
    assert (only(table).rps, table.left_out) == (10, ("Throughput",))


def test_json_list_is_a_table(tmp_path: Path) -> None:
    table = read(tmp_path, '[{"users": 10, "rps": 32.7}, {"users": 20, "rps": 60.1, "mean_ms": 5.1}]')
    assert [(row.users, row.rps, row.mean_s) for row in table.rows] == [(10, 32.7, None), (20, 60.1, 0.0051)]
    assert table.kind == "JSON"


def test_share_of_failures(tmp_path: Path) -> None:
    assert only(read(tmp_path, "rps,requests,error %\n10,100,31.77 %\n")).failed_share == pytest.approx(0.3177)
    assert only(read(tmp_path, "rps,requests,failures/s\n100,1000,25\n")).failed_share == 0.25
    assert only(read(tmp_path, "rps,requests,successful requests\n10,100,75\n")).goodput == 7.5
    assert only(read(tmp_path, "rps,success rate\n10,99 %\n")).failed_share == pytest.approx(0.01)
    table = read(tmp_path, "rps,error rate\n10,0.5\n")
    assert only(table).failed_share is None
    assert any("a share or per cent?" in note for note in table.notes)


def test_named_by_the_command_line(tmp_path: Path) -> None:
    text = "Active Sessions,requests,rps\n7,100,5\n"
    assert only(read(tmp_path, text)).users is None
    assert only(read(tmp_path, text, mapping={"users": "Active Sessions"})).users == 7
    table = read(tmp_path, text, users=50.0, duration_s=20.0, ramp_s=5.0, think=ThinkTimeRange(low=1, high=2))
    row = only(table)
    assert (row.users, row.duration_s, row.ramp_s, row.think) == (50, 20, 5, ThinkTimeRange(low=1, high=2))
    assert "users of each row, by --users: 50" in table.notes


def test_figures_of_a_row_have_precedence(tmp_path: Path) -> None:
    table = read(tmp_path, "users,rps\n10,5\n,6\n", users=50.0)
    assert [row.users for row in table.rows] == [10, 50]
    assert "users of rows that state none, by --users: 50" in table.notes


def test_threads_are_users_unless_the_server_has_them(tmp_path: Path) -> None:
    table = read(tmp_path, "threads,rps\n10,5\n")
    assert only(table).users == 10
    assert "column threads read as users" in table.notes
    row = only(read(tmp_path, "worker class,threads,workers,RPS\ngevent,1,4,2657\n"))
    assert (row.users, row.factors["threads"], row.factors["workers"]) == (None, "1", "4")


@pytest.mark.parametrize("separator", [";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_spreadsheets_with_decimal_commas(tmp_path: Path, separator: str, encoding: str) -> None:
    head = ["Prüfung", "Benutzer", "Anfragen", "Dauer (s)", "Anfragen/s", "Mittelwert (ms)"]
    lines = [head, ["Grundlast", "1", "120", "180", "0,7", "4,42"], ["viele", "50", "5.223", "180", "32,7", "4,45"]]
    table = read(tmp_path, "".join(separator.join(line) + "\r\n" for line in lines).encode(encoding))
    assert [(row.requests, row.rps, row.mean_s) for row in table.rows] == [
        (120, 0.7, pytest.approx(0.00442)),
        (5223, 32.7, pytest.approx(0.00445)),
    ]
    assert "decimal commas, by columns Anfragen, Anfragen/s, Mittelwert (ms)" in table.notes
    assert table.rows[1].label == "viele"


def test_quoted_decimal_commas_between_commas(tmp_path: Path) -> None:
    table = read(tmp_path, 'users,requests,duration_s,rps,mean_ms\n50,"5.223",180,"32,7","4,45"\n')
    assert (only(table).requests, only(table).rps) == (5223, 32.7)


def test_column_that_can_be_read_in_two_ways_is_an_error(tmp_path: Path) -> None:
    text = 'workers,rps\n1,"1,376"\n2,"2,409"\n'
    with pytest.raises(TableError, match=r"column rps: '1,376' can be read in two ways"):
        read(tmp_path, text)
    assert [row.rps for row in read(tmp_path, text, decimal="point").rows] == [1376, 2409]
    assert [row.rps for row in read(tmp_path, text, decimal="comma").rows] == [1.376, 2.409]


def test_markdown_table_among_prose(tmp_path: Path) -> None:
    table = read(
        tmp_path,
        "# Results\n\nWe measured:\n\n| Configuration | Users | Requests | RPS | Avg |\n|:---|---:|---|---|---|\n"
        "| 50 users, **1** worker | 50 | 5,223 | **32.7** | 4.45 ms |\n\n| other | table |\n|---|---|\n| 1 | 2 |\n",
    )
    row = only(table)
    assert (row.users, row.requests, row.rps, row.mean_s) == (50, 5223, 32.7, pytest.approx(0.00445))
    assert table.kind == "Markdown table"
    assert "1 further tables of the file left out" in table.notes


def test_table_that_states_a_rate_is_taken(tmp_path: Path) -> None:
    text = "| Option | Default |\n|---|---|\n| workers | 4 |\n\n| Users | RPS |\n|---|---|\n| 50 | 32.7 |\n"
    assert (only(read(tmp_path, text)).users, only(read(tmp_path, text)).rps) == (50, 32.7)


def test_table_drawn_with_lines(tmp_path: Path) -> None:
    table = read(tmp_path, "+-------+------+\n| users | rps  |\n+-------+------+\n|    50 | 32.7 |\n+-------+------+\n")
    assert (only(table).users, only(table).rps) == (50, 32.7)


def test_figures_in_rows(tmp_path: Path) -> None:
    table = read(
        tmp_path,
        "| Metric | before | after |\n|---|---|---|\n| Users | 50 | 50 |\n| Requests/sec | 32.7 | 41.2 |\n"
        "| Avg latency | 4.45 ms | 3.9 ms |\n| Kernel | 6.1 | 6.2 |\n",
    )
    assert [(row.label, row.users, row.rps) for row in table.rows] == [("before", 50, 32.7), ("after", 50, 41.2)]
    assert table.left_out == ("Kernel",)
    assert "figures are in rows, tests in columns" in table.notes


@pytest.mark.parametrize(
    "text",
    [
        'users  rps\n"1"  50  32.7\n',
        "# users rps\n50 32.7\n",
        "  users     rps\n     50    32.7\n",
        "#users\trps\n50\t32.7\n",
        "sep=;\nusers;rps\n50;32,7\n",
        "Results of Monday\n\nusers,rps\n50,32.7\n",
    ],
)
def test_other_layouts(tmp_path: Path, text: str) -> None:
    row = only(read(tmp_path, text))
    assert (row.users, row.rps) == (50, 32.7)


def test_table_without_a_head_needs_names(tmp_path: Path) -> None:
    text = "1, 461.041\n5, 843.88\n"
    with pytest.raises(TableError, match="2 columns without names"):
        read(tmp_path, text)
    table = read(tmp_path, text, mapping={"users": "column 1", "rps": "column 2"})
    assert [(row.users, row.rps) for row in table.rows] == [(1, 461.041), (5, 843.88)]


def test_total_of_rows_is_the_test(tmp_path: Path) -> None:
    table = read(tmp_path, "Name,Requests,RPS\nGET /a,60,6\nGET /b,40,4\nTotal,100,10\n")
    assert (only(table).label, only(table).rps) == ("Total", 10)
    assert "rows that are parts of «Total» left out: 2" in table.notes
    assert len(read(tmp_path, "Name,Requests,RPS\nmonday,60,6\nTotal,101000,297\n").rows) == 2


def test_bounds_are_no_figures(tmp_path: Path) -> None:
    table = read(tmp_path, "users,rps,mean_ms\n10,5,<1\n20,6,5\n")
    assert [row.mean_s for row in table.rows] == [None, 0.005]
    assert any("a bound or a range" in note for note in table.notes)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (b"", "no rows: the file is empty"),
        (b"users,rps\n", "no row"),
        (b"PK\x03\x04....", "an Excel workbook or a ZIP archive; save the sheet as CSV"),
        (b"\x1f\x8b\x08....", "compressed; unpack it first"),
        (b"%PDF-1.7", "a PDF document"),
        (b"abc\0def\n", "no text file"),
        (b'{"a": 1}', "not the summary of a tool that is known"),
        (b"colour,size\nred,3\n", "no column is understood; columns: colour, size; known names: users, "),
        (
            b"users,mean_ms\n1,2\n",
            "no throughput; needed: a column rps, or requests and duration_s; columns: users, mean_ms",
        ),
        (b"users,rps\n1,~2\n", "no row has a rate: rps state bounds or ranges"),
        (b"users,requests\n1,2\n", "state the duration with --duration 60s"),
        (b"users,rps\n0,2\n", "line 2: users: '0' is not allowed"),
        (b"users,rps\n1,2\n1,fast\n", "line 3: rps: 'fast' is not allowed"),
        (b"users,rps,error %\n1,2,130\n", "line 2: error %: '130' is not allowed; allowed: at most 100 %"),
        (b"rps,think_low_s,think_high_s\n2,3,1\n", "line 2: think time from 3 to 1 s"),
    ],
)
def test_mistake_is_one_line(tmp_path: Path, text: bytes, complaint: str) -> None:
    with pytest.raises(TableError) as caught:
        read(tmp_path, text)
    [line] = caught.value.lines
    assert line.startswith(f"{tmp_path / 'table.csv'}: ")
    assert complaint in line


@pytest.mark.parametrize(
    ("mapping", "complaint"),
    [
        ({"colour": "a"}, "--map: 'colour' is not known"),
        ({"users": "b"}, "no column 'b'; columns: a, rps"),
    ],
)
def test_map_names_what_exists(tmp_path: Path, mapping: dict[str, str], complaint: str) -> None:
    with pytest.raises(TableError, match=complaint):
        read(tmp_path, "a,rps\n1,2\n", mapping=mapping)
