"""The gate: what fails it, and its messages."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from loadstone.plan.schedule import Run
from loadstone.results.hypotheses import JudgedHypotheses, JudgedHypothesis, Outcome
from loadstone.results.json_file import to_json
from tests.support.commandline import loadstone
from tests.support.made_up import Made, Make, steady


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


GATES = """
baselines: false
defaults: {repeats: 3}
experiments: {a: {}, b: {}}
hypotheses:
  of-a: {claim: It is fast., value: {metric: mean, of: a}, expect: < 0.001ms, gate: true}
  of-b: {claim: It is fast too., value: {metric: mean, of: b}, expect: < 0.001ms, gate: true}
"""


@pytest.mark.parametrize(
    ("busy", "quiet", "code"), [("ab", 0.02, 2), ("a", 0.02, 1), ("", 0.3, 1), ("ab", None, 1), ("", 0.8, 2)]
)
def test_refuted_gate_with_busy_runs_is_undecided(
    make: Make, tmp_path: Path, busy: str, quiet: float | None, code: int
) -> None:
    """Kernel work is in all runs of an experiment alike, and stays below a quarter of the machine."""

    def behaviour(run: Run, rng: np.random.Generator) -> Made:
        others = quiet and (quiet + 1.0 * (run.experiment in busy and run.repeat == 2))
        return steady(run, rng) | {"other_cpus": others, "host_steal": 0.0}

    campaign = make(GATES, behaviour)
    (tmp_path / "results" / "plan.json").write_text(campaign.plan.model_dump_json(), encoding="utf-8")
    answer = gate(tmp_path / "results" / "hypotheses.json")
    lines = answer.stderr.splitlines()
    assert answer.returncode == code, answer.stderr
    assert len(lines) == 2
    undecided = [line for line in lines if ": can't tell: the machine was busy: in " in line]
    assert len(undecided) == (2 if quiet == 0.8 else 0 if quiet is None else len(busy))
    assert all(line.endswith("; measure again on a quiet machine") for line in undecided)
