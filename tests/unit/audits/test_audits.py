"""`loadstone audit` on files and folders: text, JSON, Markdown and a page, each of them whole and harmless."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.conftest import ROOT
from tests.support.commandline import loadstone

PUBLISHED = ROOT / "config" / "published.csv"
HOSTILE = '</svg><script>alert("1")</script> [red] | `x` & \u202e'


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_published_table_as_json() -> None:
    answer = loadstone("audit", PUBLISHED, "--think-time", "1,2", "--json")
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout)
    rows = found["rows"]
    for number in (1, 3, 4):
        assert rows[number]["bound"] == "users' pauses"
        assert rows[number]["possible_rps"] == pytest.approx(33.2, abs=0.1)
        assert 32.7 <= rows[number]["rps"] <= 33.0
        assert rows[number]["implied_duration_s"] == pytest.approx(160, abs=3)
        assert "180 s" in rows[number]["contradictions"][0]
    assert (rows[2]["bound"], rows[2]["account"]) == ("invalid figures", "fewer")
    assert rows[2]["active_users"] == pytest.approx(1, abs=0.1)
    assert "that of one user" in rows[2]["contradictions"][0]
    text = " ".join(found["findings"])
    assert "within the noise floor" in text
    assert "only settings of the load generator were varied" in text
    assert found["users_to_saturate"] == {"1": 341, "2": 681, "4": 1362}
    assert found["files"][0]["file"] == str(PUBLISHED)
    assert found["files"][0]["refused"] is None


def test_json_has_every_key_and_null_for_what_is_unknown(tmp_path: Path) -> None:
    full = json.loads(loadstone("audit", PUBLISHED, "--think-time", "1,2", "--json").stdout)["rows"][0]
    path = write(tmp_path, "table.csv", "users,rps\n10,5\n")
    [bare] = json.loads(loadstone("audit", path, "--json").stdout)["rows"]
    assert list(bare) == list(full)
    assert bare["users"] == 10
    unknown = ("requests", "failures", "failed_share", "goodput_rps", "duration_s", "mean_response_s", "active_users")
    assert {bare[key] for key in (*unknown, "possible_rps", "think_share", "think_time_s", "noise_rps")} == {None}


def test_text_states_what_was_read(tmp_path: Path) -> None:
    path = write(tmp_path, "table.csv", "label,users,rps,weather\na,50,33,fine\n")
    answer = loadstone("audit", path, "--think-time", "1,2")
    assert answer.returncode == 0, answer.stderr
    assert "Read as CSV: " in answer.stdout
    assert re.search(r"Left out: .*weather", answer.stdout)
    assert "users' pauses" in answer.stdout
    assert "mean response" not in answer.stdout.splitlines()[0], "no column without figures"


def test_files_are_audited_together(tmp_path: Path) -> None:
    """Two runs of one series, a file each, show a capacity; what is no load test is named."""
    write(tmp_path, "wrk-384.csv", "users,requests,duration_s,rps,mean_ms\n384,2008254,240,8364.54,45.92\n")
    write(tmp_path, "wrk-640.csv", "users,requests,duration_s,rps,mean_ms\n640,1980525,240,8248.78,77.42\n")
    write(tmp_path, "notes.txt", "What we saw on Monday.\n")
    answer = loadstone("audit", tmp_path, "--think-time", "0", "--json")
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout)
    assert [row["row"] for row in found["rows"]] == ["wrk-384", "wrk-640"]
    assert [Path(row["file"]).name for row in found["rows"]] == ["wrk-384.csv", "wrk-640.csv"]
    [capacity] = found["capacities"]
    assert (capacity["rows"], capacity["reached_with_users"]) == (["wrk-384", "wrk-640"], 384)
    refused = {Path(file["file"]).name: file["refused"] for file in found["files"]}
    assert refused["notes.txt"]
    text = loadstone("audit", tmp_path, "--think-time", "0").stdout
    assert "notes.txt: not read: " in text
    named = loadstone("audit", tmp_path / "wrk-384.csv", tmp_path / "notes.txt")
    assert named.returncode == 2, "a file that was named has to be read"
    assert len(named.stderr.splitlines()) == 1


def test_rows_of_several_files_have_names_of_their_own(tmp_path: Path) -> None:
    table = "label,users,rps\nday,50,33\nnight,50,33\n"
    write(tmp_path, "a.csv", table)
    write(tmp_path, "b.csv", table.replace("night,50,33\n", ""))
    write(tmp_path, "b.txt", table.replace("night,50,33\n", ""))
    found = json.loads(loadstone("audit", tmp_path, "--json").stdout)
    assert [row["row"] for row in found["rows"]] == ["a: day", "a: night", "b.csv", "b.txt"]


def test_two_files_of_one_run_are_one_row(tmp_path: Path) -> None:
    table = "users,requests,duration_s,rps,mean_ms\n50,5223,160,32.7,4.45\n"
    write(tmp_path, "run_stats.csv", table)
    write(tmp_path, "run_stats_history.csv", table)
    answer = loadstone("audit", tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert "run_stats_history.csv: not read: the same run as run_stats.csv" in answer.stdout


@pytest.mark.parametrize(
    ("files", "complaint"), [({}, "no files"), ({"a.txt": "", "b.txt": "x"}, "none of 2 files has")]
)
def test_folder_without_figures_is_one_line(tmp_path: Path, files: dict[str, str], complaint: str) -> None:
    for name, text in files.items():
        write(tmp_path, name, text)
    answer = loadstone("audit", tmp_path)
    assert (answer.returncode, answer.stdout) == (2, "")
    [line] = answer.stderr.splitlines()
    assert f"{tmp_path}: {complaint}" in line


@pytest.mark.parametrize("think", ["x", "2,1", "-1", "1,2,3", "nan"])
def test_wrong_think_time_is_one_line(think: str) -> None:
    answer = loadstone("audit", PUBLISHED, f"--think-time={think}")
    assert answer.returncode == 2
    assert len(answer.stderr.splitlines()) == 1


def test_missing_table(tmp_path: Path) -> None:
    answer = loadstone("audit", tmp_path / "none.csv")
    assert answer.returncode == 2
    assert "cannot be read" in answer.stderr


def test_output_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    answer = loadstone("audit", PUBLISHED, "--markdown", tmp_path)
    assert answer.returncode == 2
    [line] = answer.stderr.splitlines()
    assert f"--markdown: {tmp_path}: cannot be written" in line


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The page and the Markdown of a table with hostile names; two rows have the same one."""
    folder = tmp_path_factory.mktemp("audit")
    name = '"' + HOSTILE.replace('"', '""') + '"'
    rows = [f"{name},50,5223,0,160,32.7,4.45", f"{name},50,5223,2000,160,32.7,4.45", "c,1,100,0,1,5043,6.04"]
    text = "\n".join(["label,users,requests,failures,duration_s,rps,mean_ms", *rows])
    path, page, markdown = write(folder, "t.csv", text), folder / "out" / "page.html", folder / "out" / "table.md"
    answer = loadstone("audit", path, "--think-time", "1,2", "--html", page, "--markdown", markdown)
    assert answer.returncode == 0, answer.stderr
    return {"page": page.read_text("utf-8"), "markdown": markdown.read_text("utf-8"), "text": answer.stdout}


def test_page_is_whole_and_asks_nobody(written: dict[str, str]) -> None:
    page = written["page"]
    assert "default-src 'none'" in page
    assert "<script" not in page
    addresses = set(re.findall(r"https?://[^\s\"'<)]+", page))
    assert all(address.startswith("http://www.w3.org/") for address in addresses)
    for finding in ("What follows from the figures", "Row by row", "How the figures were read", "Left out: "):
        assert finding in page
    picture = page[page.index("<svg") : page.index("</svg>") + 6]
    drawn = " ".join(ET.fromstring(picture).itertext())  # noqa: S314 - our own, and whole only if nothing in it breaks
    assert "what so many users can send, N/(R + Z)" in drawn
    assert "(2)" in drawn, "rows of the same name are drawn one by one"


def test_hostile_names_are_text(written: dict[str, str]) -> None:
    assert "alert(" in written["page"]
    assert "&lt;script&gt;" in written["page"]
    assert "<script" not in written["markdown"]
    assert "\u202e" not in written["text"] + written["markdown"]


def test_markdown_has_table_findings_and_reading(written: dict[str, str]) -> None:
    lines = written["markdown"].splitlines()
    assert lines[0].startswith("| row | users | requests/s |")
    assert lines[1].startswith("| --- | --: | --: |")
    assert len({line.count(" | ") for line in lines[:5]}) == 1
    assert any(line.startswith("- ") and "do not use the rate" in line for line in lines)
    assert any("Left out: " in line for line in lines)


TABLES = {
    "api": (
        "Scenario,Users,Spawn Rate,Duration,Total Requests,Total RPS,Avg Response Time\n"
        'Baseline,10,2/sec,60s,"2,061",2.56,624.74 ms\nStress,100,10/sec,60s,"5,150",8.64,115.13 ms\n',
        ("--think-time", "1,3"),
        ["invalid figures", "invalid figures"],
        "8.64 they take 596 s",
    ),
    "deployments": (
        "Deployment,Users,Duration,Total requests,Requests/sec,Failures/sec\n"
        "Own balancer,1000,60,4788,79.7,4.5\ngunicorn 5 workers,1000,60,16335,271.8,0.0\n",
        ("--think-time", "0"),
        ["too many failures", "no clear limit"],
        "12.5 s («Own balancer»), 3.68 s («gunicorn 5 workers»)",
    ),
    "charts": (
        "Server,Concurrent Users,RPS,Median (ms),95%ile (ms)\nsync,100,12,11000,17000\ngevent,100,50,2200,5000\n",
        (),
        ["no clear limit", "no clear limit"],
        "132 of 100",
    ),
    "few": (
        'label,concurrency,requests,time_s,avg_ms,throughput\nservice,20,200,0.17,14.58,"1,203.96"\n',
        ("--think-time", "0"),
        ["no clear limit"],
        "Users, rate and response time fit each other",
    ),
    "digit": (
        "row,concurrent_users,test_duration,total_requests,throughput,mean_latency_ms\n"
        "load test,50,60,2636,4.39,3.56\n",
        ("--think-time", "0.1,2"),
        ["users' pauses"],
        "43.9 requests/s, not 4.39",
    ),
    "german": (
        "\ufeffTest;Benutzer;Anfragen;Dauer (s);Anfragen/s;Mittelwert (ms)\n"
        "Grundlast;1;120;180;0,7;4,42\n50 Benutzer;50;5.223;180;32,7;4,45\n",
        ("--think-time", "1,2"),
        ["users' pauses", "users' pauses"],
        "5,223 requests in 180 s are 29.0 requests/s",
    ),
    "units": (
        'label,users,duration_s,requests,rps,mean_ms\nfifty,50,3m,"5,223",32.7/s,4.45ms\nhigh,400,60s,72k,1.2k,331ms\n',
        ("--think-time", "0"),
        ["invalid figures", "no clear limit"],
        "fit each other in «high»",
    ),
    "siege": (
        "Transactions:\t\t       11814 hits\nElapsed time:\t\t       59.93 secs\nResponse time:\t\t        0.00 secs\n"
        "Transaction rate:\t      197.13 trans/sec\nConcurrency:\t\t        0.42\n",
        ("--think-time", "0,1", "--users", "100"),
        ["users' pauses"],
        "can send 199 requests/s",
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_as_people_write_them(tmp_path: Path, name: str) -> None:
    table, options, bounds, finding = TABLES[name]
    answer = loadstone("audit", write(tmp_path, "table.csv", table), *options, "--json")
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout)
    assert [row["bound"] for row in found["rows"]] == bounds
    assert finding in "\n".join(found["findings"])
