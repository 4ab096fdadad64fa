"""Kinds of verdicts: whose limit it was. A kind has one colour, and its verdicts are shades of it."""

from collections.abc import Iterable
from enum import StrEnum

from loadstone.report.charts.shared import BLUE, GREEN, GREY, ORANGE, PINK, RED, SKY
from loadstone.suite.verdict import Verdict


class Kind(StrEnum):
    """Whose limit it was, in the order of the page."""

    LOAD = "load"
    GENERATOR = "generator"
    MACHINE = "machine"
    SERVER_CPU = "server-cpu"
    SERVER_WAITS = "server-waits"
    BEHIND = "behind"
    NETWORK = "network"
    OPEN = "open"
    UNUSABLE = "unusable"


COLOURS = {
    Kind.LOAD: BLUE,
    Kind.GENERATOR: ORANGE,
    Kind.MACHINE: PINK,
    Kind.SERVER_CPU: RED,
    Kind.SERVER_WAITS: "#8A6FD1",
    Kind.BEHIND: GREEN,
    Kind.NETWORK: SKY,
    Kind.OPEN: GREY,
    Kind.UNUSABLE: "#A83600",
}
VERDICTS = {
    Kind.LOAD: (Verdict.THINK_TIME, Verdict.TOO_FEW_USERS, Verdict.ARRIVAL_RATE),
    Kind.GENERATOR: (Verdict.GENERATOR,),
    Kind.MACHINE: (Verdict.SHARED_HOST, Verdict.NEIGHBOUR),
    Kind.SERVER_CPU: (Verdict.SERVER_CPU,),
    Kind.SERVER_WAITS: (
        Verdict.SERVER_CONCURRENCY,
        Verdict.SERIAL_SECTION,
        Verdict.LOCK,
        Verdict.POOL,
        Verdict.DISK,
        Verdict.RATE_LIMITER,
        Verdict.ACCEPT_QUEUE,
        Verdict.UNEVEN_CONNECTIONS,
        Verdict.PAUSES,
    ),
    Kind.BEHIND: (Verdict.DOWNSTREAM, Verdict.SERVER_OR_BEHIND),
    Kind.NETWORK: (Verdict.NETWORK,),
    Kind.OPEN: (Verdict.MIXED, Verdict.DISAGREE, Verdict.UNDETERMINED),
    Kind.UNUSABLE: (Verdict.ERRORS, Verdict.INVALID),
}
"""Kind → its verdicts, in the order of the page."""

KIND_OF = {verdict: kind for kind, verdicts in VERDICTS.items() for verdict in verdicts}
LIGHTEST = 0.6
"""Share of white in the lightest shade of a colour."""


def kind(verdict: str) -> str:
    """Name the kind of a verdict, which is a class of the page's styles."""
    return KIND_OF[Verdict(verdict)]


def shades(found: Iterable[str]) -> dict[str, str]:
    """Give each of some verdicts a colour, in the order of the page: its kind's, lighter from the second on."""
    present = {Verdict(verdict) for verdict in found}
    colours: dict[str, str] = {}
    for of_kind, verdicts in VERDICTS.items():
        shown = [verdict for verdict in verdicts if verdict in present]
        for place, verdict in enumerate(shown):
            colours[verdict] = _lighter(COLOURS[of_kind], LIGHTEST * place / max(1, len(shown) - 1))
    return colours


def _lighter(colour: str, white: float) -> str:
    """Mix a colour with white."""
    parts = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return "#" + "".join(f"{round(part + (255 - part) * white):02X}" for part in parts)
