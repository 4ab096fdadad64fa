"""The gate: what fails it, and its messages."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.commandline import loadstone


def gate(path: Path) -> subprocess.CompletedProcess[str]:
    return loadstone("gate", path)


def found(name: str, outcome: str, *, is_gate: bool = True) -> dict[str, Any]:
    claim = "It is\nfast."
    return {"id": name, "claim": claim, "gate": is_gate, "outcome": outcome, "evidence": "2 ms", "effect": 2.0}


def written(tmp_path: Path, *hypotheses: dict[str, Any]) -> Path:
    path = tmp_path / "hypotheses.json"
    path.write_text(json.dumps(hypotheses), encoding="utf-8")
    return path


def test_refuted_gates_are_a_line_each_and_exit_code_1(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        found("a", "refuted"),
        found("b", "refuted", is_gate=False),
        found("c", "supported"),
        found("d", "refuted"),
        found("e", "inconclusive"),
    )
    answer = gate(path)
    assert answer.returncode == 1
    assert answer.stderr.splitlines() == [
        "loadstone: a: refuted: «It is fast.»: 2 ms",
        "loadstone: d: refuted: «It is fast.»: 2 ms",
    ]


def test_what_is_not_refuted_passes(tmp_path: Path) -> None:
    path = written(tmp_path, found("a", "supported"), found("b", "inconclusive"), found("c", "refuted", is_gate=False))
    answer = gate(path)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout == "2 gates: 1 inconclusive, 1 supported\n"


def test_no_gate_passes(tmp_path: Path) -> None:
    answer = gate(written(tmp_path))
    assert (answer.returncode, answer.stdout) == (0, "no hypothesis is a gate\n")


@pytest.mark.parametrize("text", ["", "{}", "[1]", '[{"id": "a"}]', '{"a": 1}', "null"])
def test_damaged_file_is_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "hypotheses.json"
    path.write_text(text, encoding="utf-8")
    answer = gate(path)
    assert answer.returncode == 1
    [line] = answer.stderr.splitlines()
    assert line == f"loadstone: {path}: damaged, or not a hypotheses.json"


def test_missing_file_is_one_line(tmp_path: Path) -> None:
    answer = gate(tmp_path / "none.json")
    assert answer.returncode == 1
    assert answer.stderr == f"loadstone: {tmp_path / 'none.json'}: cannot be read: No such file or directory\n"
