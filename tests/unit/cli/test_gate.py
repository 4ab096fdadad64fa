"""The gate: what fails it, and its messages."""

import subprocess
from pathlib import Path

import pytest

from loadstone.results.hypotheses import JudgedHypotheses, JudgedHypothesis, Outcome
from loadstone.results.json_file import to_json
from tests.support.commandline import loadstone


def gate(path: Path) -> subprocess.CompletedProcess[str]:
    return loadstone("gate", path)


def judged(name: str, outcome: str, *, is_gate: bool = True) -> JudgedHypothesis:
    return JudgedHypothesis(
        id=name,
        claim="It is\nfast.",
        test="value",
        expect="< 3ms",
        outcome=Outcome(outcome),
        effect=2.0,
        low=None,
        high=None,
        unit="ms",
        runs=1,
        gate=is_gate,
        evidence="2 ms",
    )


def written(tmp_path: Path, *hypotheses: JudgedHypothesis) -> Path:
    path = tmp_path / "hypotheses.json"
    path.write_bytes(to_json(JudgedHypotheses(hypotheses)))
    return path


def test_refuted_gates_are_a_line_each_and_exit_code_1(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        judged("a", "refuted"),
        judged("b", "refuted", is_gate=False),
        judged("c", "supported"),
        judged("d", "refuted"),
        judged("e", "inconclusive"),
    )
    answer = gate(path)
    assert answer.returncode == 1
    assert answer.stderr.splitlines() == [
        "loadstone: a: refuted: «It is fast.»: 2 ms",
        "loadstone: d: refuted: «It is fast.»: 2 ms",
    ]


def test_what_is_not_refuted_passes(tmp_path: Path) -> None:
    path = written(
        tmp_path, judged("a", "supported"), judged("b", "inconclusive"), judged("c", "refuted", is_gate=False)
    )
    answer = gate(path)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout == "2 gates: 1 inconclusive, 1 supported\n"


def test_no_gate_passes(tmp_path: Path) -> None:
    answer = gate(written(tmp_path))
    assert (answer.returncode, answer.stdout) == (0, "no hypothesis is a gate\n")


@pytest.mark.parametrize(
    ("text", "key"),
    [("", "the file"), ("{}", "the file"), ("[1]", "0"), ('[{"id": "a"}]', "0.claim"), ("null", "the file")],
)
def test_damaged_file_is_one_line_that_names_the_key(tmp_path: Path, text: str, key: str) -> None:
    path = tmp_path / "hypotheses.json"
    path.write_text(text, encoding="utf-8")
    answer = gate(path)
    assert answer.returncode == 1
    [line] = answer.stderr.splitlines()
    assert line.startswith(f"loadstone: {path}: damaged: {key}: ")


def test_missing_file_is_one_line(tmp_path: Path) -> None:
    answer = gate(tmp_path / "none.json")
    assert answer.returncode == 1
    assert answer.stderr == f"loadstone: {tmp_path / 'none.json'}: cannot be read: No such file or directory\n"
