"""Servers with a known limit: the verdict names it, or what is right next to a busy neighbour, and nothing false.

This is a short part of the trial (`python -m benchmarks.trial`), with parameters of its own and shorter windows. Where
others use the machine, a verdict may stay open, or be the neighbour's; it may never name what is not the limit.
"""

import dataclasses
from pathlib import Path

import pytest

from benchmarks.trials.case import Case, Half, Setup, closed, threads
from benchmarks.trials.cases import CASES
from benchmarks.trials.grading import Grade, accuses_server, grade
from benchmarks.trials.measuring import Bench, Judged, Lengths, name_of
from tests.conftest import processes_of, wait_for
from tests.support.neighbours import QUIET, taken_by_others

ATTEMPTS = 2
"""Of forty sound runs one is taken for one that never settles."""
LENGTHS = Lengths(window="3s", warm_up="1s")
FOR_EVENNESS = Lengths(window="8s", warm_up="1s")
"""Evenness is judged by half seconds, of which it takes eight, and settling may take half of the time."""

LIMITS = {
    "lock": Setup(server=threads("lock", "--ms", 7), load=closed(24), at_once=1),
    "pool-semaphore": Setup(server=threads("semaphore", "--at-once", 3, "--ms", 25), load=closed(20), at_once=3),
    "limiter-delaying": Setup(server=threads("turns", "--per-s", 80), load=closed(24)),
    "pauses": Setup(server=threads("pauses", "--ms", 15, "--pause-ms", 250, "--period-s", 0.8), load=closed(8)),
    "short-backlog": Setup(
        server=threads("asleep", "--close", "--backlog", 3, "--accept-ms", 8, "--ms", 2), load=closed(36)
    ),
}
"""Name of a case → its limit here."""
WITHOUT_BASELINES = {"lock", "pool-semaphore", "pauses", "short-backlog"}
"""Cases whose limit shows without the response time of one user."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All cases share the baseline of the load generator."""
    return tmp_path_factory.mktemp("limits")


def measure(bench: Bench, case: Case) -> tuple[Judged, Grade, float]:
    """Measure until the verdict names something, or others use the machine; return also what they took, in CPUs."""
    for _ in range(ATTEMPTS):
        judged = bench.measure(case, Half.CHOSEN)
        others = taken_by_others(bench.folder / "tables" / name_of(case, Half.CHOSEN) / "1")
        found = grade(case, case.chosen, judged.run, judged.signals, neighbour=others >= QUIET)
        if found != Grade.OPEN:
            break
    return judged, found, others


@pytest.mark.alone
@pytest.mark.parametrize("name", LIMITS)
def test_verdict_names_the_limit(name: str, folder: Path) -> None:
    known = next(case for case in CASES if case.name == name)
    case = dataclasses.replace(known, chosen=LIMITS[name])
    lengths = FOR_EVENNESS if name.startswith("limiter") else LENGTHS
    bench = Bench(folder=folder, lengths=lengths, baselines=name not in WITHOUT_BASELINES)
    judged, found, others = measure(bench, case)
    text = f"{judged.run.verdict}, {found}; others took {others:.2f} CPUs; {judged.run.sentence or judged.run.remark}"
    text += f" Missing: {judged.signals.missing}"
    assert not accuses_server(case, judged.run), text
    assert found != Grade.WRONG, text
    assert found in (Grade.RIGHT, Grade.HALF) or others >= QUIET, text
    wait_for(lambda: not processes_of(folder), 5, "the end of all processes")
