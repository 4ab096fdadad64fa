"""The gate: what a campaign may not refute."""

from collections import Counter
from pathlib import Path
from typing import Any

import orjson

from loadstone.errors import DamagedError, GateError, ResultError

REFUTED = "refuted"
NEEDED = {"id": str, "claim": str, "gate": bool, "outcome": str, "evidence": str}
"""What is read of each hypothesis, and its type."""


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


def _whole(hypothesis: object) -> bool:
    return isinstance(hypothesis, dict) and all(isinstance(hypothesis.get(key), kind) for key, kind in NEEDED.items())


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        hypotheses = orjson.loads(path.read_bytes())
    except OSError as error:
        raise ResultError(f"{path}: can't be read: {error.strerror}") from None
    except ValueError:
        hypotheses = None
    if not isinstance(hypotheses, list) or not all(map(_whole, hypotheses)):
        raise DamagedError(f"{path}: damaged, or no hypotheses.json", path)
    return hypotheses
