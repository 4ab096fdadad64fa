"""`loadstone fit`: any table in, a law or one clear sentence out."""

import json
import math
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from loadstone.theory.scaling import amdahl, usl
from tests.support.commandline import loadstone
from tests.support.earlier import unpack
from tests.support.scaling_data import SPEC_SDM91


@pytest.fixture
def table(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "table.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def fit(*arguments: object) -> tuple[int, str, str]:
    """Run `loadstone fit`: exit code, stdout, stderr."""
    answer = loadstone("fit", *arguments)
    return answer.returncode, answer.stdout, answer.stderr


def rows(n: Sequence[float], throughput: Sequence[float], header: str = "n,rps") -> str:
    return "\n".join([header, *(f"{a},{b}" for a, b in zip(n, throughput, strict=True))]) + "\n"


def strict(text: str) -> dict[str, Any]:
    """Parse JSON that holds neither NaN nor Infinity."""

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    found: dict[str, Any] = json.loads(text, parse_constant=refuse)
    return found


KEYS = {
    *("law", "parameters", "peak", "max_speedup", "lack_of_fit_p", "aicc", "n", "weights", "warnings", "identifiable"),
    *("summary", "fits", "largest_miss", "noise", "measured_speedup", "peak_shown", "karp_flatt"),
}


@pytest.mark.slow
def test_as_a_user_runs_it(table: Callable[[str], Path]) -> None:
    path = table(rows(*SPEC_SDM91, header="load,throughput"))
    options = ["--x", "load", "--y", "throughput", "--law", "usl", "--weights", "equal", "--json"]
    answer = subprocess.run(
        [sys.executable, "-m", "loadstone", "fit", str(path), *options], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    found = strict(answer.stdout)
    assert set(found) == KEYS
    values = {name: estimate["value"] for name, estimate in found["parameters"].items()}
    assert values == pytest.approx({"alpha": 0.0277285, "beta": 1.04366e-4, "gamma": 89.995233}, rel=1e-4)
    assert all(set(estimate) == {"value", "low", "high", "stderr"} for estimate in found["parameters"].values())
    assert found["peak"] == pytest.approx(96.51956)
    assert (found["n"], found["identifiable"], found["lack_of_fit_p"]) == (7, True, None)
    assert (found["fits"], found["peak_shown"], found["noise"]) == (True, False, {"share": 0.05, "source": "assumed"})
    assert any(warning.startswith("whether throughput falls is open") for warning in found["warnings"])


@pytest.mark.parametrize(("law", "names"), [("amdahl", {"sigma", "x1"}), ("linear", {"x1"})])
def test_names_of_parameters(table: Callable[[str], Path], law: str, names: set[str]) -> None:
    path = table(rows([1, 2, 4, 8], [amdahl(n, 100, 0.2) for n in (1, 2, 4, 8)]))
    code, out, _ = fit(path, "--x", "n", "--y", "rps", "--law", law, "--json")
    found = strict(out)
    assert code == 0
    assert found["law"] == law
    assert set(found["parameters"]) == names
    assert found["peak"] is None
    assert found["max_speedup"] == (pytest.approx(5) if law == "amdahl" else None)


def test_infinite_figures_are_null(table: Callable[[str], Path]) -> None:
    _, out, _ = fit(table(rows([1, 2, 4, 8], [10, 22, 48, 104])), "--x", "n", "--y", "rps", "--law", "amdahl", "--json")
    found = strict(out)
    assert found["max_speedup"] is None
    assert found["parameters"]["sigma"]["value"] == 0
    assert found["parameters"]["sigma"]["stderr"] is None
    assert found["fits"] is False
    assert [warning.split(":")[0] for warning in found["warnings"][:2]] == ["lack of fit", "superlinear"]


def test_repeats_are_further_rows(table: Callable[[str], Path]) -> None:
    n = [1, 2, 4, 8] * 3
    path = table(rows(n, [amdahl(k, 100, 0.1) * (1 + 0.01 * (i % 5 - 2)) for i, k in enumerate(n)]))
    _, out, _ = fit(path, "--x", "n", "--y", "rps", "--law", "amdahl", "--json")
    found = strict(out)
    assert found["n"] == 12
    assert 0.05 < found["lack_of_fit_p"] <= 1


def test_best_says_what_it_compared(table: Callable[[str], Path]) -> None:
    levels = [1, 2, 4, 8, 16, 32]
    path = table(rows(levels, [usl(n, 100, 0.1, 0.01) * (1 + 0.01 * math.sin(n)) for n in levels]))
    _, out, _ = fit(path, "--x", "n", "--y", "rps", "--json")
    found = strict(out)
    assert found["law"] == "usl"
    assert [(step["smaller"], step["larger"], step["taken"]) for step in found["steps"]] == [
        ("linear", "amdahl", True),
        ("amdahl", "usl", True),
        ("usl", "capped", False),
    ]
    _, text, _ = fit(path, "--x", "n", "--y", "rps")
    assert "usl against amdahl: taken" in text


def test_text_for_people(table: Callable[[str], Path]) -> None:
    path = table(rows([1, 2, 4], [32.7, 32.8, 32.8]))
    code, out, err = fit(path, "--x", "n", "--y", "rps", "--law", "amdahl")
    assert (code, err) == (0, "")
    assert out.startswith("No scaling law follows: throughput does not depend on n (flat: the levels differ by 0.306 %")
    assert "X(n) = x1·n / (1 + sigma·(n - 1))" in out
    assert "a constant is a perfect Amdahl curve" in out
    assert "indicative" in out


def test_first_line_states_whether_the_law_fits(table: Callable[[str], Path]) -> None:
    path = table(rows([1, 2, 3, 4, 6, 8, 12, 16], [100, 199, 262, 261, 259, 260, 258, 261]))
    options = [path, "--x", "n", "--y", "rps"]
    first = fit(*options)[1].splitlines()[0]
    assert first == (
        "A hard cap (capped) fits: throughput grows by 99.75 per n up to n = 2.608, then stays at 260.2. It misses "
        "throughput by at most 0.84 % (at n = 12); single runs are assumed to scatter by 5 %. 1 doubt below."
    )
    _, out, _ = fit(*options, "--law", "usl")
    assert out.startswith(
        "The universal scalability law (usl) does not fit: it misses throughput by up to 12 % (at n = 3)"
    )
    assert "A hard cap describes the runs better (--law capped)." in out.splitlines()[0]
    assert "the law's peak, n = 7.314, is not shown by the runs" in out
    found = strict(fit(*options, "--law", "usl", "--json")[1])
    assert (found["fits"], found["peak_shown"], found["summary"]) == (False, False, out.splitlines()[0])
    assert (found["largest_miss"]["n"], found["largest_miss"]["measured"]) == (3, 262)


def test_two_levels_have_a_serial_fraction(table: Callable[[str], Path]) -> None:
    """Megamultiplications/s with one thread and with four: the law can't be fitted, but e follows."""
    path = table("threads,megamults\n1,440.28\n4,1532.37\n")
    options = [path, "--x", "threads", "--y", "megamults", "--law", "amdahl"]
    code, out, _ = fit(*options)
    assert code == 0
    assert out.splitlines()[0] == "No fit: 2 levels; a fit needs at least 3."
    assert out.splitlines()[1].endswith("n = 4 has 3.48 times the throughput of n = 1, so e = 0.04976.")
    found = strict(fit(*options, "--json")[1])
    assert found["identifiable"] is False
    assert found["karp_flatt"] == [{"n": 4, "serial_fraction": pytest.approx(0.0498, abs=5e-5)}]


@pytest.mark.parametrize(
    ("text", "law", "reason"),
    [
        ("n,rps\n1,10\n2,20\n2,21\n", "amdahl", "2 levels; a fit needs at least 3"),
        ("n,rps\n1,10\n2,20\n4,30\n", "usl", "3 runs; a fit of the usl law needs at least 4"),
        ("n,rps\n1,10\n", "best", "1 level; a fit needs at least 3"),
    ],
)
def test_what_cannot_be_told_is_not(table: Callable[[str], Path], text: str, law: str, reason: str) -> None:
    path = table(text)
    code, out, _ = fit(path, "--x", "n", "--y", "rps", "--law", law, "--json")
    found = strict(out)
    assert code == 0
    assert (found["identifiable"], found["reason"], found["parameters"]) == (False, reason, {})
    assert set(found) >= KEYS
    assert fit(path, "--x", "n", "--y", "rps", "--law", law)[1].splitlines()[0] == f"No fit: {reason}."


def test_odd_but_honest_tables_are_read(table: Callable[[str], Path]) -> None:
    text = '\ufeffname, n ,"requests/s"\n\na, 1 ,10\n"b\nc",2,1.9e1\n,4,30,surplus\n  \nd,8,50\n'
    _, out, _ = fit(table(text), "--x", "n", "--y", "requests/s", "--json")
    assert strict(out)["n"] == 4


GOOD = "1,10\n2,20\n4,30\n"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no rows: the file is empty"),
        ("n,rps\n", "no rows below the header, so columns 'n' and 'rps' are empty"),
        (f"users,rps\n{GOOD}", "no column 'n'; columns: users, rps"),
        (f"n,tps\n{GOOD}", "no column 'rps'; columns: n, tps"),
        ("n,rps,n\n1,2,3\n", "more than one column 'n'; columns: n, rps, n"),
        ("n,rps\n4,10\n4,11\n4,12\n", "column 'n': 4 in every row; a law needs numbers that differ"),
        (f"n,rps\n{GOOD}8,many\n", "row 4 (line 5): column 'rps': 'many' is not allowed; allowed: a number above 0"),
        (f"n,rps\n{GOOD}\n8,\n", "row 4 (line 6): column 'rps': '' is not allowed; allowed: a number above 0"),
        (f"n,rps\n{GOOD}8\n", "row 4 (line 5): column 'rps': '' is not allowed; allowed: a number above 0"),
        (f"n,rps\n0,5\n{GOOD}", "row 1 (line 2): column 'n': '0' is not allowed; allowed: a number above 0"),
        (f"n,rps\n-1,5\n{GOOD}", "row 1 (line 2): column 'n': '-1' is not allowed; allowed: a number above 0"),
        (f"n,rps\n8,0\n{GOOD}", "row 1 (line 2): column 'rps': '0' is not allowed; allowed: a number above 0"),
        (f"n,rps\n8,-3\n{GOOD}", "row 1 (line 2): column 'rps': '-3' is not allowed; allowed: a number above 0"),
        (f"n,rps\n8,nan\n{GOOD}", "row 1 (line 2): column 'rps': 'nan' is not allowed; allowed: a number above 0"),
        (f"n,rps\ninf,5\n{GOOD}", "row 1 (line 2): column 'n': 'inf' is not allowed; allowed: a number above 0"),
        (f"n,rps\n1_0,5\n{GOOD}", "row 1 (line 2): column 'n': '1_0' is not allowed; allowed: a number above 0"),
        (f"n,rps\n8,1e999\n{GOOD}", "row 1 (line 2): column 'rps': '1e999' is not allowed; allowed: a number above 0"),
    ],
)
def test_mistake_is_one_line_and_exit_code_2(table: Callable[[str], Path], text: str, complaint: str) -> None:
    path = table(text)
    assert fit(path, "--x", "n", "--y", "rps") == (2, "", f"loadstone: {path}: {complaint}\n")


def test_unreadable_files_are_told(tmp_path: Path) -> None:
    missing = tmp_path / "none.csv"
    assert fit(missing, "--x", "n", "--y", "rps") == (
        2,
        "",
        f"loadstone: {missing}: cannot be read: No such file or directory\n",
    )
    binary = tmp_path / "binary.csv"
    binary.write_bytes(b"\xff\xfe\x00\x00\xd8")
    for path in (tmp_path, binary):
        code, out, err = fit(path, "--x", "n", "--y", "rps")
        assert (code, out, len(err.splitlines())) == (2, "", 1)
        assert err.startswith(f"loadstone: {path}: cannot be read: ")


OTHER = "server,n,rps\n" + "".join(f"{name},{n},{10 * n}\n" for name in ("a", "b=c") for n in (1, 2, 4))
SUMMARY = "experiment,repeat,sweep,level,endpoint,throughput_rps\n" + "".join(
    f"{name},{repeat},{sweep},{level},{endpoint},{factor * 10 * int(level if level.isdigit() else 9)}\n"
    for name, sweep, level in [
        ("alone", "", ""),
        *((f"w={n}", "w", str(n)) for n in (1, 2, 4)),
        ("s=list", "s", "list"),
    ]
    for repeat in (1, 2)
    for endpoint, factor in [("all", 2), ("GET /", 1)]
)


@pytest.mark.parametrize(
    ("conditions", "n", "slope"),
    [((), 6, 10), (["server=a"], 3, 10), ([" server = b=c "], 3, 10), (["server=a", "n=4.0"], 1, None)],
)
def test_rows_are_chosen_by_their_values(
    table: Callable[[str], Path], conditions: Sequence[str], n: int, slope: float | None
) -> None:
    path = table(OTHER)
    options = [part for condition in conditions for part in ("--where", condition)]
    code, out, err = fit(path, "--x", "n", "--y", "rps", "--law", "linear", "--json", *options)
    assert (code, err) == (0, "")
    found = strict(out)
    assert found["n"] == n
    assert found.get("where", {}) == {c.split("=", 1)[0].strip(): c.split("=", 1)[1].strip() for c in conditions}
    assert found["identifiable"] is (slope is not None)
    if slope:
        assert found["parameters"]["x1"]["value"] == pytest.approx(slope)


def test_row_of_the_file_is_named_where_some_are_chosen(table: Callable[[str], Path]) -> None:
    path = table(OTHER + "a,8,none\n")
    _, _, err = fit(path, "--x", "n", "--y", "rps", "--where", "server=a")
    assert err == f"loadstone: {path}: row 7 (line 8): column 'rps': 'none' is not allowed; allowed: a number above 0\n"


@pytest.mark.parametrize(
    ("conditions", "complaint"),
    [
        (["server"], "--where: 'server' is not allowed; allowed: COLUMN=VALUE"),
        (["=a"], "--where: '=a' is not allowed; allowed: COLUMN=VALUE"),
        (["server=a", "server=b=c"], "--where: column 'server' is given twice; allowed: one value per column"),
        (["host=a"], "{}: no column 'host'; columns: server, n, rps"),
        (["server=z"], "{}: no row has 'z' in column 'server'; its values: a, b=c"),
        (["server=a", "n=3"], "{}: no row has '3' in column 'n'; its values: 1, 2, 4"),
    ],
)
def test_mistake_in_a_condition_is_one_line(
    table: Callable[[str], Path], conditions: Sequence[str], complaint: str
) -> None:
    path = table(OTHER)
    options = [part for condition in conditions for part in ("--where", condition)]
    assert fit(path, "--x", "n", "--y", "rps", *options) == (2, "", f"loadstone: {complaint.format(path)}\n")


def test_summary_of_a_campaign_is_fitted_by_sweep(table: Callable[[str], Path]) -> None:
    """Its rows for all endpoints together count; those of single endpoints have half the rate here."""
    path = table(SUMMARY)
    options = ["--x", "level", "--y", "throughput_rps", "--law", "linear"]
    code, out, err = fit(path, *options)
    assert (code, out) == (2, "")
    assert err == f"loadstone: {path}: rows of 2 sweeps: w, s; choose one: --where sweep=w\n"
    for endpoint, slope in (((), 20), (("--where", "endpoint=GET /"), 10)):
        found = strict(fit(path, *options, "--where", "sweep=w", *endpoint, "--json")[1])
        assert (found["n"], found["parameters"]["x1"]["value"]) == (6, pytest.approx(slope))
        assert found["where"] == {"sweep": "w", "endpoint": endpoint[1].partition("=")[2] if endpoint else "all"}
    assert "6 of 20 rows: sweep=w, endpoint=all\n" in fit(path, *options, "--where", "sweep=w")[1]
    assert "column 'level': 'list' is not allowed" in fit(path, *options, "--where", "sweep=s")[2]


def test_runs_of_a_campaign_that_do_not_count_are_left_out_and_named(tmp_path: Path) -> None:
    results = unpack(tmp_path)
    verdicts = json.loads((results / "verdicts.json").read_text(encoding="utf-8"))
    for run in verdicts["runs"]:
        run["counts"] = (run["experiment"], run["repeat"]) != ("sleepers=2", 3)
    (results / "verdicts.json").write_text(json.dumps(verdicts), encoding="utf-8")
    table = pd.read_csv(results / "summary.csv")
    sweep = table["experiment"].str.partition("=")
    table.assign(sweep=sweep[0], level=sweep[2]).query("level != ''").to_csv(results / "summary.csv", index=False)
    options = [results / "summary.csv", "--x", "level", "--y", "throughput_rps", "--where", "sweep=sleepers"]
    code, out, _ = fit(*options)
    assert code == 0
    assert out.splitlines()[2] == "1 run left out, not counted in verdicts.json: sleepers=2, repeat 3"
    found = strict(fit(*options, "--json")[1])
    assert (found["n"], found["left_out"]) == (8, [{"experiment": "sleepers=2", "repeat": 3}])
    (results / "verdicts.json").write_text("{}", encoding="utf-8")
    code, _, err = fit(*options)
    assert (code, len(err.splitlines())) == (1, 1)
    assert err.startswith(f"loadstone: {results / 'verdicts.json'}: damaged")


def test_only_sweep_of_a_summary_need_not_be_named(table: Callable[[str], Path]) -> None:
    path = table("".join(line for line in SUMMARY.splitlines(keepends=True) if ",s," not in line))
    found = strict(fit(path, "--x", "level", "--y", "throughput_rps", "--law", "linear", "--json")[1])
    assert (found["n"], found["where"]) == (6, {"endpoint": "all", "sweep": "w"})


def test_summary_without_sweeps_is_refused(table: Callable[[str], Path]) -> None:
    path = table("".join(SUMMARY.splitlines(keepends=True)[:5]))
    _, _, err = fit(path, "--x", "level", "--y", "throughput_rps")
    assert err == f"loadstone: {path}: no row belongs to a sweep, so column 'level' is empty\n"


def test_summary_of_an_earlier_version_is_refused_with_what_to_do(table: Callable[[str], Path]) -> None:
    path = table("experiment,repeat,endpoint,throughput_rps\na,1,all,10\n")
    _, _, err = fit(path, "--x", "level", "--y", "throughput_rps")
    assert err.endswith("an earlier version of Loadstone wrote the table: run snakemake to analyse it again\n")


@pytest.mark.parametrize(("option", "word"), [("--law", "gustafson"), ("--weights", "none")])
def test_unknown_words_are_told(table: Callable[[str], Path], option: str, word: str) -> None:
    code, _, err = fit(table(f"n,rps\n{GOOD}"), "--x", "n", "--y", "rps", option, word)
    assert code == 2
    assert err.startswith(f"loadstone: {option}: '{word}' is not allowed; allowed: ")


@pytest.mark.slow
def test_no_traceback_in_a_process_of_its_own(table: Callable[[str], Path]) -> None:
    path = table("n,rps\n0,1\n2,2\n4,3\n")
    answer = subprocess.run(
        [sys.executable, "-m", "loadstone", "fit", str(path), "--x", "n", "--y", "rps", "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 2
    assert answer.stdout == ""
    assert len(answer.stderr.splitlines()) == 1
    assert str(path) in answer.stderr
