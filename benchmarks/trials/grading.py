"""How a verdict compares with the truth."""

from collections.abc import Collection
from enum import StrEnum

from benchmarks.trials.case import Case, Setup
from loadstone.results.signals import Signals
from loadstone.results.verdicts import RunVerdict
from loadstone.suite.verdict import SERVER_VERDICTS, Verdict

MAX_POOL_ERROR = 0.34
"""Relative error of the estimated size of a pool, above which its verdict is half right."""
NOTABLE_SHARE = 0.1
"""Share of the machine's CPUs that others used, from which they may have changed a quiet case."""
OPEN_VERDICTS = frozenset({Verdict.UNDETERMINED, Verdict.INVALID, Verdict.ERRORS})
"""Those that name no cause."""


class Grade(StrEnum):
    """What a verdict is worth."""

    RIGHT = "right"
    HALF = "half right"
    OPEN = "open"
    """It names no cause: useless, but not false."""
    WRONG = "wrong"
    BROKEN = "not measured"


def grade(case: Case, setup: Setup, judged: RunVerdict, signals: Signals, *, neighbour: bool) -> Grade:
    """Grade the verdict on a case; `neighbour` is whether there was one."""
    verdict = judged.verdict
    if verdict in case.right:
        return Grade.HALF if _is_other_pool(setup, judged) else Grade.RIGHT
    if verdict in case.half_right:
        return Grade.HALF
    if verdict == Verdict.NEIGHBOUR:
        return _grade_neighbour(signals, neighbour=neighbour)
    if verdict == Verdict.MIXED:
        return _grade_mixed(case, judged.parties, neighbour=neighbour)
    return Grade.OPEN if verdict in OPEN_VERDICTS else Grade.WRONG


def accuses_server(case: Case, judged: RunVerdict) -> bool:
    """Whether the verdict names the server where something else limited throughput."""
    return case.clears_server and bool({judged.verdict, *judged.parties} & set(SERVER_VERDICTS))


def _is_other_pool(setup: Setup, judged: RunVerdict) -> bool:
    found = judged.proceeding
    if judged.verdict != Verdict.POOL or found is None or setup.at_once is None:
        return False
    return abs(found.value / setup.at_once - 1) > MAX_POOL_ERROR


def _grade_neighbour(signals: Signals, *, neighbour: bool) -> Grade:
    """Without a neighbour of ours, another one may have come along: the case is then open, and to be repeated."""
    if neighbour:
        return Grade.RIGHT
    used = max(signals.other_cpus or 0.0, signals.other_cpus_peak or 0.0)
    return Grade.OPEN if used >= NOTABLE_SHARE * (signals.cores or 1) else Grade.WRONG


def _grade_mixed(case: Case, parties: Collection[Verdict], *, neighbour: bool) -> Grade:
    """Several limits are half right if they name the truth and nothing that is false."""
    true = case.right | case.half_right | ({Verdict.NEIGHBOUR} if neighbour else set())
    return Grade.HALF if set(parties) <= true and set(parties) & case.right else Grade.WRONG
