"""`loadstone gate`: the hypotheses that a campaign must not refute."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loadstone.cli.options import Damaged
from loadstone.errors import GateError
from loadstone.text import several

if TYPE_CHECKING:
    from loadstone.results.hypotheses import JudgedHypothesis


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
    from loadstone.results.hypotheses import Outcome, read_hypotheses

    gates = [hypothesis for hypothesis in read_hypotheses(path) if hypothesis.gate]
    if refuted := [gate for gate in gates if gate.outcome == Outcome.REFUTED]:
        raise GateError("\n".join(_line(gate) for gate in refuted))
    if not gates:
        return "no hypothesis is a gate"
    counts = Counter(gate.outcome for gate in gates)
    outcomes = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    return f"{several(len(gates), 'gate')}: {outcomes}"


def _line(gate: "JudgedHypothesis") -> str:
    return " ".join(f"{gate.id}: refuted: «{gate.claim}»: {gate.evidence}".split())
