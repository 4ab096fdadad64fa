"""What a campaign came to, in a terminal."""

import json
from pathlib import Path

import pytest

from loadstone.conclusion import show_conclusion
from loadstone.errors import ResultError

INTERVAL = {"value": 33.2, "low": 33.0, "high": 33.4}
ALONE = {"value": 1234.5, "low": None, "high": None}

AGREED = {"verdict": "undetermined", "parties": [], "runs": {}, "elasticity": None, "remark": None}
REPEATED = {"runs": 1, "intervals": {}, "needed": None, "disagreements": []}
JUDGED = {
    **dict.fromkeys(("id", "claim", "test", "expect", "unit", "evidence"), "x"),
    **dict.fromkeys(("effect", "low", "high")),
    "runs": 3,
    "gate": False,
}


def write(folder: Path, **files: object) -> None:
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")


def test_a_line_an_experiment(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    intervals = {"throughput_rps": INTERVAL, "mean_ms": ALONE}
    write(
        tmp_path,
        verdicts={
            "experiments": {
                "a": AGREED | {"verdict": "think time", "parties": ["think time"]},
                "b": AGREED | {"verdict": "mixed", "parties": ["generator", "server CPU"]},
                "unloaded@1": AGREED,
            },
            "runs": [],
        },
        repeats={
            "experiments": {
                "a": REPEATED | {"runs": 3, "intervals": intervals},
                "b": REPEATED,
                "unloaded@1": REPEATED,
            },
            "drift": None,
        },
        hypotheses=[JUDGED | {"outcome": outcome} for outcome in ("refuted", "supported", "supported")],
    )
    show_conclusion(tmp_path, tmp_path / "index.html")
    lines = capsys.readouterr().out.splitlines()
    [a] = [line for line in lines if line.startswith(" a ")]
    assert a.split() == ["a", "3", "33.2", "±", "0.200", "1,234", "think", "time"]
    [b] = [line for line in lines if line.startswith(" b ")]
    assert "mixed: generator + server CPU" in b
    assert not any("unloaded@" in line for line in lines)
    assert "Hypotheses: 1 refuted, 2 supported." in lines
    assert lines[-1] == f"The report is {tmp_path / 'index.html'}"


def test_missing_and_damaged_results_are_named(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match=r"verdicts\.json: can't be read"):
        show_conclusion(tmp_path, tmp_path)
    (tmp_path / "verdicts.json").write_text("{", encoding="utf-8")
    with pytest.raises(ResultError, match=r"verdicts\.json: damaged"):
        show_conclusion(tmp_path, tmp_path)
