"""The gate: what a campaign may not refute."""

from collections import Counter
from pathlib import Path
from typing import Any

from loadstone.analyse.resultfiles import read_result
from loadstone.errors import GateError

REFUTED = "refuted"


def check_gates(path: Path) -> str:
    """Read `hypotheses.json` and count what became of its gates, in a sentence.

    Raises `GateError`, a line for each gate that is refuted, and `ResultError` where the file can't be used.
    """
    gates = [found for found in _read(path) if found["gate"]]
    if refuted := [found for found in gates if found["outcome"] == REFUTED]:
        raise GateError("\n".join(_line(found) for found in refuted))
    if not gates:
        return "no hypothesis is a gate"
    counts = Counter(found["outcome"] for found in gates)
    outcomes = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    return f"{len(gates)} gate{'s' * (len(gates) != 1)}: {outcomes}"


def _line(found: dict[str, Any]) -> str:
    return " ".join(f"{found['id']}: refuted: «{found['claim']}»: {found['evidence']}".split())


def _read(path: Path) -> list[dict[str, Any]]:
    hypotheses: list[dict[str, Any]] = read_result(path, kind="hypotheses.json")
    return hypotheses
