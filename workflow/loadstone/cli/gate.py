"""`loadstone gate`: the hypotheses that a campaign must not refute."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from loadstone.cli.options import Damaged
from loadstone.errors import DamagedError, GateError, ResultError

REFUTED = "refuted"
NEEDED = {"id": str, "claim": str, "gate": bool, "outcome": str, "evidence": str}
"""Keys that are read of each hypothesis, and their types."""


def gate(
    hypotheses: Annotated[Path, typer.Argument(help="The campaign's hypotheses.json.")],
    damaged: Damaged = None,
) -> None:
    """Check a campaign's gates: exit 1 if it refutes a hypothesis that the suite marks with gate: true.

    Example: loadstone gate results/hypotheses.json

    Prints how many gates there are and their outcomes, or one line per refuted
    gate. Inconclusive gates do not fail.

    Exit code: 1 if a gate is refuted, or if the file is missing or damaged.
    """
    from loadstone.results.quarantine import quarantine_damaged

    with quarantine_damaged(damaged):
        print(check_gates(hypotheses))


def check_gates(path: Path) -> str:
    """Read `hypotheses.json` and count the outcomes of its gates, in a sentence.

    Raises `GateError` with one line per refuted gate, and `ResultError` if the file cannot be used.
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


def _is_complete(hypothesis: object) -> bool:
    return isinstance(hypothesis, dict) and all(isinstance(hypothesis.get(key), kind) for key, kind in NEEDED.items())


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        hypotheses = orjson.loads(path.read_bytes())
    except OSError as error:
        raise ResultError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError:
        hypotheses = None
    if not isinstance(hypotheses, list) or not all(map(_is_complete, hypotheses)):
        raise DamagedError(f"{path}: damaged, or not a hypotheses.json", path)
    return hypotheses
