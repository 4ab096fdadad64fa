"""The trial of the verdicts, as far as it measures nothing: its cases, the grades, the bars."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from benchmarks.trial import app
from benchmarks.trials.case import Case, Half, Setup, case, closed, quick
from benchmarks.trials.cases import CASES
from benchmarks.trials.grading import Grade, accuses_server, grade
from benchmarks.trials.matrix import Outcome, Totals, part_up, write_into_page
from loadstone.analyse.bottleneck import judge
from loadstone.results.signals import Signals
from loadstone.results.verdicts import Concurrency, RunVerdict
from loadstone.suite.load import load_suite
from loadstone.suite.verdict import Verdict

SETUP = Setup(server=quick(), load=closed(4), at_once=4)
POOL = case("pool", Verdict.POOL, half=(Verdict.SERVER_OR_BEHIND,), chosen=SETUP, judged=SETUP)
USERS = case("users", Verdict.TOO_FEW_USERS, chosen=SETUP, judged=SETUP)
SIGNALS = Signals(users=4, throughput=100, response_s=0.04, think_s=0.0, cores=2)


def verdict(name: Verdict, *parties: Verdict, proceeding: float | None = None) -> RunVerdict:
    """Make the judgement on a run."""
    found = None if proceeding is None else Concurrency(value=proceeding, low=None, high=None)
    changes: dict[str, Any] = {"verdict": name, "parties": parties or (name,), "proceeding": found}
    return RunVerdict.of(("x", 1), judge(SIGNALS).model_copy(update=changes))


def graded(
    known: Case, name: Verdict, *parties: Verdict, neighbour: bool = False, signals: Signals = SIGNALS, **more: float
) -> Grade:
    return grade(known, SETUP, verdict(name, *parties, **more), signals, neighbour=neighbour)


def test_cases_are_many_and_their_halves_have_nothing_in_common() -> None:
    assert len(CASES) >= 24
    assert len({each.name for each in CASES}) == len(CASES)
    for each in CASES:
        assert each.truth in each.right
        assert not each.right & each.half_right
        assert each.chosen.load != each.judged.load, each.name


@pytest.mark.parametrize("half", Half)
def test_all_cases_are_experiments_of_a_suite(half: Half, tmp_path: Path) -> None:
    experiments = {each.name: {"server": each.setup(half).server, "load": each.setup(half).load} for each in CASES}
    (tmp_path / "suite.yaml").write_text(json.dumps({"experiments": experiments}), encoding="utf-8")
    assert set(load_suite(tmp_path / "suite.yaml").experiments) == {each.name for each in CASES}


def test_verdicts_are_graded() -> None:
    assert graded(POOL, Verdict.POOL) == Grade.RIGHT
    assert graded(POOL, Verdict.SERVER_OR_BEHIND) == Grade.HALF
    assert graded(POOL, Verdict.UNDETERMINED) == Grade.OPEN
    assert graded(POOL, Verdict.THINK_TIME) == Grade.WRONG


def test_a_pool_of_another_size_is_half_right() -> None:
    assert graded(POOL, Verdict.POOL, proceeding=3.9) == Grade.RIGHT
    assert graded(POOL, Verdict.POOL, proceeding=2.0) == Grade.HALF


def test_a_mixed_verdict_must_name_nothing_false() -> None:
    assert graded(POOL, Verdict.MIXED, Verdict.POOL, Verdict.SERVER_OR_BEHIND) == Grade.HALF
    assert graded(POOL, Verdict.MIXED, Verdict.POOL, Verdict.GENERATOR) == Grade.WRONG
    assert graded(POOL, Verdict.MIXED, Verdict.POOL, Verdict.NEIGHBOUR) == Grade.WRONG
    assert graded(POOL, Verdict.MIXED, Verdict.POOL, Verdict.NEIGHBOUR, neighbour=True) == Grade.HALF


def test_a_neighbour_is_right_where_there_was_one() -> None:
    busy = SIGNALS.model_copy(update={"other_cpus_peak": 0.9})
    assert graded(POOL, Verdict.NEIGHBOUR, neighbour=True) == Grade.RIGHT
    assert graded(POOL, Verdict.NEIGHBOUR) == Grade.WRONG
    assert graded(POOL, Verdict.NEIGHBOUR, signals=busy) == Grade.OPEN


def test_the_server_is_accused_falsely_where_it_is_no_limit() -> None:
    assert accuses_server(USERS, verdict(Verdict.LOCK))
    assert accuses_server(USERS, verdict(Verdict.MIXED, Verdict.TOO_FEW_USERS, Verdict.POOL))
    assert not accuses_server(USERS, verdict(Verdict.GENERATOR))
    assert not accuses_server(POOL, verdict(Verdict.SERVER_CPU)), "wrong, but the server's"


def outcomes(*grades: Grade, neighbour: bool = False, accused: bool = False) -> list[Outcome]:
    base: dict[str, Any] = {
        "half": Half.JUDGED,
        "truth": "a pool in the server",
        "right": ("a pool in the server",),
        "half_right": (),
        "at_once": 4.0,
    }
    return [
        Outcome(case=f"case {n}", neighbour=neighbour, verdict="lock", parties=(), grade=each, accuses_server=accused,
                sentence="", **base)
        for n, each in enumerate(grades)
    ]  # fmt: skip


def missed(*grades: Grade, neighbour: bool = False, accused: bool = False) -> list[str]:
    return Totals(Half.JUDGED, neighbour, outcomes(*grades, neighbour=neighbour, accused=accused)).misses


def test_the_bars() -> None:
    right, wrong, still_open = [Grade.RIGHT] * 15, [Grade.WRONG], [Grade.OPEN] * 4
    assert missed(*right, *still_open, *wrong) == []
    assert missed(*right, *still_open, *wrong, *wrong) != [], "two of 21 are wrong"
    assert missed(*right, *still_open, *still_open) == ["15 of 23 right, at least 75%"]
    assert missed(*still_open, neighbour=True) == []
    assert missed(*right, accused=True) == ["15 false accusations of the server, at most 0"]
    assert missed(*right, Grade.BROKEN) == ["1 not measured, at most 0"]


def test_parts_of_a_page_are_replaced(tmp_path: Path) -> None:
    page = tmp_path / "trial.md"
    page.write_text("# Trial\n\nText.\n", encoding="utf-8")
    for grades in ([Grade.WRONG, Grade.RIGHT], [Grade.OPEN]):
        write_into_page(part_up(outcomes(*grades)), page)
        write_into_page(part_up(outcomes(Grade.RIGHT, neighbour=True)), page)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# Trial\n\nText.\n")
    assert text.count("### ") == 2
    assert "1 case: 1 open" in text
    assert "wrong" not in text


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--only", "no-such-case"], "no such case"),
        (["--only", "["], "unterminated"),
        (["--rejudge", "nowhere"], "no trial was kept here"),
        (["--summarise"], "needs --rejudge"),
    ],
)
def test_a_mistake_is_one_line(arguments: list[str], sentence: str) -> None:
    answer = CliRunner().invoke(app, arguments)
    assert answer.exit_code == 2
    assert sentence in " ".join(answer.output.replace("│", " ").split())
