"""A campaign's outcome in a terminal."""

import json
from pathlib import Path

import pytest

from loadstone.cli.conclude import show_conclusion
from loadstone.errors import ResultError
from loadstone.results.window import Window
from tests.support.commandline import loadstone

INTERVAL = {"value": 33.2, "low": 33.0, "high": 33.4}
ALONE = {"value": 1234.5, "low": None, "high": None}

AGREED = {"verdict": "no clear limit", "parties": [], "runs": {}, "elasticity": None, "remark": None}
REPEATED = {"runs": 1, "intervals": {}, "variation": {}, "precision": 0.02, "needed": None, "disagreements": []}
JUDGED = {
    **dict.fromkeys(("id", "claim", "test", "expect", "unit", "evidence"), "x"),
    **dict.fromkeys(("effect", "low", "high")),
    "runs": 3,
    "gate": False,
}


RUN = {
    **dict.fromkeys(("also", "runner_up", "remark")),
    "repeat": 1,
    "verdict": "users' pauses",
    "parties": [],
    "evidence": [],
    "probe": "",
    "missing": [],
}
UNSETTLED = Window(
    begin=10, end=20, configured_begin=10, settled=False, remark="throughput changes by -26 % over the window",
    started=0, albums_begin=10, albums_end=2345, growth_effect_ms=None, growth_effect_p=None,
)  # fmt: skip


def write(folder: Path, **files: object) -> None:
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")


def test_one_line_per_experiment(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    intervals = {"throughput_rps": INTERVAL, "mean_ms": ALONE}
    write(
        tmp_path,
        verdicts={
            "experiments": {
                "a": AGREED | {"verdict": "users' pauses", "parties": ["users' pauses"]},
                "b": AGREED | {"verdict": "several limits", "parties": ["Locust's CPU", "server's CPU"]},
                "c": AGREED,
                "unloaded@1": AGREED,
            },
            "runs": [],
        },
        repeats={
            "experiments": {
                "a": REPEATED | {"runs": 4, "intervals": intervals},
                "b": REPEATED,
                "c": REPEATED | {"runs": 3, "intervals": {"mean_ms": ALONE}, "values": {"mean_ms": [1230, 1234, 1240]}},
                "unloaded@1": REPEATED,
            },
            "drift": None,
        },
        hypotheses=[JUDGED | {"outcome": outcome} for outcome in ("refuted", "supported", "supported")],
    )
    show_conclusion(tmp_path, tmp_path / "index.html")
    lines = capsys.readouterr().out.splitlines()
    [a] = [line for line in lines if line.startswith(" a ")]
    assert a.split() == ["a", "4", "33.2", "(33.0", "–", "33.4)", "1,234", "users'", "pauses"]
    [c] = [line for line in lines if line.startswith(" c ")]
    assert c.split() == ["c", "3", "–", "1,234", "(1,230,", "1,234,", "1,240)", "no clear limit"]
    assert "In parentheses: the 95 % interval; below 4 runs, the runs themselves." in lines
    [b] = [line for line in lines if line.startswith(" b ")]
    assert "several limits: Locust's CPU + server's CPU" in b
    assert not any("unloaded@" in line for line in lines)
    assert "Hypotheses: 1 refuted, 2 supported." in lines
    assert lines[-1] == f"The report is {tmp_path / 'index.html'}"


def show_runs(folder: Path, runs: list[dict[str, object]]) -> None:
    """Show the outcome of a campaign that has nothing but some runs."""
    repeats = {"experiments": {}, "drift": None}
    write(folder, verdicts={"experiments": {}, "runs": runs}, repeats=repeats, hypotheses=[])
    show_conclusion(folder, folder / "index.html")


def test_runs_not_used_are_named_with_the_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    windows = {
        ("grew", 1): UNSETTLED,
        ("drifted", 2): UNSETTLED.model_copy(update={"albums_end": 10}),
        ("inconsistent", 1): UNSETTLED.model_copy(update={"settled": True, "remark": None}),
    }
    for (name, repeat), window in windows.items():
        folder = tmp_path / "summaries" / name / str(repeat)
        folder.mkdir(parents=True)
        (folder / "window.json").write_text(window.model_dump_json(), encoding="utf-8")
    runs = [RUN | {"experiment": name, "repeat": repeat, "verdict": "invalid figures"} for name, repeat in windows]
    runs[2]["remark"] = "X·(R+Z)/N = 0.7"
    runs += [RUN | {"experiment": "failing", "verdict": "too many failures"}, RUN | {"experiment": "sound"}]
    show_runs(tmp_path, runs)
    lines = capsys.readouterr().out.splitlines()
    at = lines.index("Measured but not to be used (4 of 5 runs):")
    assert lines[at + 1 : lines.index("", at)] == [
        "  grew, repeat 1: throughput changes by -26 % over the window, while the store grew from 10 to 2,345 albums "
        "(set albums_max to bound it)",
        "  drifted, repeat 2: throughput changes by -26 % over the window",
        "  inconsistent, repeat 1: X·(R+Z)/N = 0.7",
        "  failing, repeat 1: too many requests failed",
    ]


def test_verdicts_are_put_into_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of the experiments whose runs agree; the runs that cannot be used state why."""
    verdicts = {
        "agreed": ("a pool in the server", {"a pool in the server": 2}),
        "differing": ("repeats disagree", {"a pool in the server": 1, "several limits": 1}),
        "earlier": ("a pool in the server", {"a pool in the server": 1}),
        "crowded": ("other programs on the machine", {"other programs on the machine": 1}),
    }
    runs = [
        RUN | {"experiment": "agreed", "verdict": "a pool in the server", "sentence": ""},
        RUN
        | {
            "experiment": "agreed",
            "repeat": 2,
            "verdict": "a pool in the server",
            "sentence": "A pool of two: 14 of 16 wait.",
        },
        RUN | {"experiment": "differing", "verdict": "a pool in the server", "sentence": "Of one run."},
        RUN | {"experiment": "differing", "repeat": 2, "verdict": "several limits", "sentence": "Of one run."},
        RUN | {"experiment": "earlier", "verdict": "a pool in the server"},
        RUN
        | {
            "experiment": "crowded",
            "verdict": "other programs on the machine",
            "sentence": "Others used 1.2 of 2 CPUs.",
        },
        RUN | {"experiment": "crowded", "repeat": 2, "verdict": "other programs on the machine"},
    ]
    experiments = {name: AGREED | {"verdict": verdict, "runs": runs} for name, (verdict, runs) in verdicts.items()}
    write(
        tmp_path,
        verdicts={"experiments": experiments, "runs": runs},
        repeats={"experiments": dict.fromkeys(verdicts, REPEATED), "drift": None},
        hypotheses=[],
    )
    show_conclusion(tmp_path, tmp_path / "index.html")
    lines = capsys.readouterr().out.splitlines()
    at = lines.index("What limited throughput:")
    assert lines[at + 1 : lines.index("", at)] == ["  agreed: A pool of two: 14 of 16 wait."]
    at = lines.index("Measured but not to be used (2 of 7 runs):")
    assert lines[at + 1 : lines.index("", at)] == [
        "  crowded, repeat 1: Others used 1.2 of 2 CPUs",
        "  crowded, repeat 2: other processes took the CPUs that it waited for",
    ]


def test_many_runs_not_used_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [RUN | {"experiment": "failing", "repeat": repeat, "verdict": "too many failures"} for repeat in range(1, 9)]
    show_runs(tmp_path, runs)
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("  failing") for line in lines) == 5
    assert "  and 3 more" in lines


def test_missing_and_damaged_results_are_named(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match=r"verdicts\.json: can.*t be read"):
        show_conclusion(tmp_path, tmp_path)
    (tmp_path / "verdicts.json").write_text("{", encoding="utf-8")
    with pytest.raises(ResultError, match=r"verdicts\.json: damaged"):
        show_conclusion(tmp_path, tmp_path)


def test_report_is_looked_for_next_to_the_results(tmp_path: Path) -> None:
    """Not in the current folder, where another campaign may have left one."""
    results = tmp_path / "monday" / "results"
    results.mkdir(parents=True)
    write(results, verdicts={"experiments": {}, "runs": []}, repeats={"experiments": {}, "drift": None}, hypotheses=[])
    for folder, cwd in (("monday/results", tmp_path), ("results", results.parent), (".", results)):
        answer = loadstone("conclude", "--results", folder, cwd=cwd)
        assert answer.returncode == 0, answer.stderr
        assert answer.stdout.endswith(f"The report is {tmp_path}/monday/report/index.html\n")


def test_figures_are_of_the_plan_in_the_results(tmp_path: Path) -> None:
    answer = loadstone("figures", "--results", tmp_path / "monday")
    assert answer.returncode == 1
    assert answer.stderr == f"loadstone: {tmp_path}/monday/plan.json: cannot be read: No such file or directory\n"
