"""`loadstone import` through the command line: what becomes of a log, and what is refused."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from loadstone.plan.file import read_plan
from loadstone.report.campaign import load_campaign
from loadstone.report.page import render
from loadstone.results.run_record import RunRecord, read_record
from loadstone.results.signals import Signals, read_signals
from loadstone.results.verdicts import read_verdicts
from loadstone.suite.verdict import Verdict
from tests.conftest import ROOT
from tests.support.commandline import loadstone
from tests.support.foreign_logs import gatling, jtl, request_log, send

THINK = (1.0, 2.0)
LOADSTONE = (sys.executable, "-m", "loadstone")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def import_log(text: str, folder: Path, *options: object, name: str = "shop.jtl", into: str = "shop") -> Path:
    """Import a log; return the folder of results."""
    (folder / name).write_text(text, encoding="utf-8")
    answer = loadstone("import", name, "--into", into, *options, cwd=folder)
    assert (answer.returncode, answer.stderr) == (0, "")
    return folder / into / "results"


def refuse(text: str, folder: Path, *options: object, name: str = "shop.jtl") -> str:
    """Import a log that must be refused in one line, with nothing left behind; return the line."""
    (folder / name).write_bytes(text.encode())
    before = sorted(folder.iterdir())
    answer = loadstone("import", name, "--into", "shop", *options, cwd=folder)
    [line] = answer.stderr.splitlines()
    assert answer.returncode == 2
    assert sorted(folder.iterdir()) == before
    return line


def only_run(results: Path) -> tuple[RunRecord, Signals, Verdict]:
    """Read the record, the signals and the verdict of the only run."""
    [path] = results.glob("runs/*/*/run.json")
    [signals] = results.glob("summaries/*/*/signals.json")
    [run] = read_verdicts(results / "verdicts.json").runs
    return read_record(path), read_signals(signals), run.verdict


def all_row(results: Path) -> dict[str, str]:
    """Read the row of all endpoints together of `summary.csv`."""
    with (results / "summary.csv").open(newline="", encoding="utf-8") as file:
        return next(row for row in csv.DictReader(file) if row["endpoint"] == "all")


def test_users_who_pause_are_named_from_the_requests_alone(folder: Path) -> None:
    results = import_log(jtl(send(20, 60, THINK, 40)), folder)
    record, signals, verdict = only_run(results)
    assert verdict == Verdict.THINK_TIME
    assert signals.users == 20
    assert signals.think_s == pytest.approx(1.5, rel=0.05)
    assert record.imported is not None
    assert record.imported.sentence == "imported from JMeter log shop.jtl; not measured by Loadstone"
    assert record.machine is None


def test_nothing_unknown_is_a_number(folder: Path) -> None:
    results = import_log(jtl(send(20, 40, THINK, 40)), folder)
    _, signals, _ = only_run(results)
    unknown = ("server_cpu", "generator_cpu", "host_busy", "host_steal", "unloaded_response_s", "thread_states")
    assert {name: getattr(signals, name) for name in unknown} == dict.fromkeys(unknown)
    assert set(unknown) <= set(signals.missing)
    row = all_row(results)
    assert (row["bytes_mean"], row["server_ms"]) == ("", "")


def test_percentiles_are_exact_over_the_window(folder: Path) -> None:
    sent = send(20, 40, THINK, 40)
    results = import_log(jtl(sent), folder)
    window = json.loads(next(results.glob("summaries/*/*/window.json")).read_text(encoding="utf-8"))
    begin, end = (1000 * window[key] - 1_752_745_569_000 for key in ("begin", "end"))
    times = sorted(each.elapsed for each in sent if begin <= each.end < end)
    row = all_row(results)
    assert int(row["requests"]) == len(times)
    assert float(row["p50_ms"]) == times[-(-len(times) // 2) - 1]
    assert begin >= 1900  # when the last user had started


def test_users_who_never_pause_leave_the_limit_open_and_the_sentence_says_what_is_unknown(folder: Path) -> None:
    results = import_log(jtl(send(10, 20, (0, 0), 80)), folder)
    run = read_verdicts(results / "verdicts.json").runs[0]
    assert run.verdict == Verdict.UNDETERMINED
    assert "The CPU of the server, of the load generator and of the machine is unknown" in run.sentence
    assert "Imported (JMeter), not measured by Loadstone" in loadstone("conclude", "--results", results).stdout


def test_failures_are_counted_by_their_kind(folder: Path) -> None:
    results = import_log(jtl(send(20, 40, THINK, 40, failed=0.2)), folder)
    assert only_run(results)[2] == Verdict.ERRORS
    assert json.loads(all_row(results)["failure_kinds"]).keys() == {"HTTP 500"}


def test_a_log_of_gatling_needs_the_think_time_since_it_does_not_state_who_sent_a_request(folder: Path) -> None:
    text = gatling(send(20, 40, THINK, 40))
    without = import_log(text, folder, name="simulation.log", into="without")
    stated = import_log(text, folder, "--think-time", "1,2", name="simulation.log", into="stated")
    assert only_run(without)[2] == Verdict.UNDETERMINED
    assert only_run(without)[1].think_s is None
    assert only_run(stated)[2] == Verdict.THINK_TIME
    assert only_run(stated)[1].think_s == 1.5


def test_a_log_of_gatling_with_users_shows_their_pauses(folder: Path) -> None:
    results = import_log(gatling(send(20, 40, THINK, 40), with_users=True), folder, name="old.log")
    _, signals, verdict = only_run(results)
    assert verdict == Verdict.THINK_TIME
    assert signals.think_s == pytest.approx(1.5, rel=0.05)
    assert signals.refused is None  # Gatling states no status


def test_a_request_log_needs_the_users_and_shows_their_pauses(folder: Path) -> None:
    text = request_log(send(20, 40, THINK, 40))
    assert "add --users N" in refuse(text, folder, name="log.csv")
    results = import_log(text, folder, "--users", "20", name="log.csv")
    _, signals, verdict = only_run(results)
    assert verdict == Verdict.THINK_TIME
    assert signals.think_s == pytest.approx(1.5, rel=0.05)
    with (results / "summary.csv").open(newline="", encoding="utf-8") as file:
        assert {row["endpoint"] for row in csv.DictReader(file)} == {"all", "GET /albums"}


def test_users_who_come_and_go_are_not_taken_for_users_who_pause(folder: Path) -> None:
    rows = jtl(send(20, 40, THINK, 40)).splitlines()
    changing = []
    for number, row in enumerate(rows):
        cells = row.split(",")
        if number:
            cells[12] = str(20 if number % 3 else 12)
        changing.append(",".join(cells))
    spread = [row for number, row in enumerate(changing) if not number or number % 3 == 0 or number % 40 < 20]
    results = import_log("\n".join(spread) + "\n", folder)
    _, signals, verdict = only_run(results)
    assert (signals.think_s, verdict) == (None, Verdict.UNDETERMINED)
    assert "The number of users changed, so that" in read_verdicts(results / "verdicts.json").runs[0].sentence


def test_fit_takes_a_sweep_and_files_with_the_same_users_are_repeats(folder: Path) -> None:
    names = []
    for users in (5, 10, 20):
        for seed in (1, 2):
            names.append(f"{users}-{seed}.jtl")
            (folder / names[-1]).write_text(jtl(send(users, 15, (0, 0), 100, seed=seed)), encoding="utf-8")
    answer = loadstone("import", *names, "--into", "all", "--sweep", "threads", cwd=folder)
    assert answer.stdout.splitlines()[-2] == "all: 6 runs of 3 experiments"
    summary = folder / "all" / "results" / "summary.csv"
    fitted = json.loads(loadstone("fit", summary, "--x", "level", "--y", "throughput_rps", "--json").stdout)
    assert fitted["law"] == "linear"


def test_compare_takes_two_imports_and_states_what_is_not_known(folder: Path) -> None:
    for side, response_ms in (("before", 40), ("after", 80)):
        for seed in (1, 2):
            text = jtl(send(10, 20, (0, 0), response_ms, seed=seed))
            (folder / f"{side}-{seed}.jtl").write_text(text, encoding="utf-8")
        files = [f"{side}-{seed}.jtl" for seed in (1, 2)]
        assert loadstone("import", *files, "--into", side, "--name", "shop", cwd=folder).returncode == 0
    answer = loadstone("compare", "before", "after", "--all", cwd=folder).stdout
    assert "before is imported from JMeter log before-1.jtl, JMeter log before-2.jtl" in answer
    assert "slower" in answer
    assert "Settings that changed" not in answer


@pytest.mark.slow
def test_the_page_says_first_that_it_was_imported_and_what_is_unknown(folder: Path) -> None:
    results = import_log(jtl(send(20, 40, THINK, 40)), folder)
    page = render(load_campaign(read_plan(results / "plan.json"), results, None))
    head, trust = page.split("<main>")[0], page.split('class="trust')[1].split("</div>")[0]
    for part in (head, trust):
        assert "imported from JMeter log shop.jtl; not measured by Loadstone" in part
    assert "unknown: the server&#39;s CPU" in trust
    assert "imported.invalid" not in page


BROKEN: dict[str, tuple[Callable[[str], str], str]] = {
    "allThreads": (
        lambda text: text.replace("allThreads", "threads"),
        "how many users ran; add --users",
    ),
    "label": (lambda text: text.replace("label", "sampler"), "no column label"),
    "times": (lambda text: text.replace("175274", "x"), "more than 1%; the first is line 2: time"),
    "xml": (lambda _: '<?xml version="1.0"?>\n<testResults version="1.2">\n', "a JMeter log as XML; save it as CSV"),
    "other": (lambda _: "a,b\n1,2\n", "not a log of single requests"),
    "empty": (lambda text: text.splitlines()[0] + "\n", "no requests in it"),
    "one moment": (lambda _: jtl(send(1, 0.001, (1, 1), 0)), "all of its requests began and ended at one moment"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_log_that_cannot_be_used_is_refused_in_one_line(case: str, folder: Path) -> None:
    change, line = BROKEN[case]
    assert line in refuse(change(jtl(send(5, 10, THINK, 40))), folder)


def test_a_binary_log_of_gatling_is_refused_with_advice(folder: Path) -> None:
    line = refuse("\0\0\0\x063.11.1\0binary", folder, name="simulation.log")
    assert "as Gatling 3.11 and later write it; Gatling 3.10 writes text" in line


def test_a_row_that_was_cut_off_is_counted_and_named(folder: Path) -> None:
    rows = jtl(send(10, 40, THINK, 40))
    results = import_log(rows + "1752745", folder)
    imported = only_run(results)[0].imported
    assert imported is not None
    assert imported.unreadable == 1
    assert imported.unreadable_first.startswith(f"line {len(rows.splitlines()) + 1}: elapsed: ")


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--users", "0"), "--users: '0' is not allowed"),
        (("--name", "../x"), "--name: '../x' is not allowed"),
        (("--name", "a", "--sweep", "b"), "--name, --sweep: both are given"),
        (("--sweep", "b"), "--sweep: all files have the same number of users"),
        (("--think-time", "1,9999"), "--think-time: not allowed"),
    ],
)
def test_an_option_that_cannot_be_used_is_refused_in_one_line(
    options: tuple[str, ...], line: str, folder: Path
) -> None:
    assert line in refuse(jtl(send(5, 10, THINK, 40)), folder, *options)


def test_what_is_no_regular_file_is_refused(folder: Path) -> None:
    os.mkfifo(folder / "pipe.jtl")
    answer = loadstone("import", "pipe.jtl", "--into", "shop", cwd=folder)
    assert answer.stderr == "loadstone: pipe.jtl: no regular file; a log is read several times: write it to a file\n"


def test_a_folder_with_something_in_it_is_left_alone(folder: Path) -> None:
    (folder / "shop").mkdir()
    (folder / "shop" / "mine.txt").write_text("mine", encoding="utf-8")
    assert "--into: shop is not empty" in refuse(jtl(send(5, 10, THINK, 40)), folder)


def test_files_of_other_users_are_no_repeats(folder: Path) -> None:
    for users in (5, 6):
        (folder / f"{users}.jtl").write_text(jtl(send(users, 10, THINK, 40)), encoding="utf-8")
    answer = loadstone("import", "5.jtl", "6.jtl", "--into", "x", "--name", "shop", cwd=folder)
    assert "6 users of JMeter, but 5.jtl has 5 users of JMeter" in answer.stderr
    assert not (folder / "x").exists()


def test_no_suite_is_measured_where_results_were_imported(folder: Path) -> None:
    import_log(jtl(send(5, 20, THINK, 40)), folder)
    suite = folder / "shop" / "loadstone.yaml"
    suite.write_text("experiments: {one: {}}\n", encoding="utf-8")
    before = sorted((folder / "shop").rglob("*"))
    answer = loadstone("run", cwd=folder / "shop")
    assert answer.returncode == 2
    assert "imported results, which a measurement would replace" in answer.stderr
    assert sorted((folder / "shop").rglob("*")) == before


def test_a_suite_cannot_claim_to_be_imported(folder: Path) -> None:
    suite = folder / "suite.yaml"
    suite.write_text("experiments: {one: {load: {imported: JMeter}}}\n", encoding="utf-8")
    answer = loadstone("plan", suite)
    assert answer.stderr == f"loadstone: {suite}: one.load.imported: only loadstone import writes it\n"


@pytest.mark.slow
def test_ctrl_c_leaves_nothing_behind(folder: Path) -> None:
    text = jtl(send(20, 10, (0, 0), 20))
    (folder / "long.jtl").write_text(text + text.split("\n", 1)[1] * 50, encoding="utf-8")
    before = sorted(folder.iterdir())
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'workflow'}"}
    command = [*LOADSTONE, "import", "long.jtl", "--into", "long"]
    with subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True) as child:
        while sorted(folder.iterdir()) == before and child.poll() is None:
            time.sleep(0.01)  # until the temporary folder is there
        child.send_signal(signal.SIGINT)
        _, errors = child.communicate(timeout=20)
    assert child.returncode == 130
    assert errors == "loadstone: interrupted; nothing was written to long\n"
    assert sorted(folder.iterdir()) == before
