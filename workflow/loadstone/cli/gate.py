"""`loadstone gate`: the hypotheses that a campaign must not refute."""

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loadstone.cli.options import Damaged
from loadstone.errors import GateError, UndecidedError
from loadstone.text import several

if TYPE_CHECKING:
    from loadstone.results.hypotheses import JudgedHypothesis


def gate(
    hypotheses: Annotated[Path, typer.Argument(help="The campaign's hypotheses.json.")],
    damaged: Damaged = None,
    pass_undecided: Annotated[
        bool,
        typer.Option("--pass-undecided", help="Exit with 0 if a busy machine could explain each refuted gate."),
    ] = False,
) -> None:
    """Check a campaign's gates: exit 1 if it refutes a hypothesis that the suite marks with gate: true.

    Example: loadstone gate results/hypotheses.json

    Prints how many gates there are and their outcomes, or one line per refuted
    gate. Inconclusive gates do not fail. If others used the machine during runs of
    a refuted gate, that could be the reason: the line states it, and the exit code
    is 2 unless another gate is refuted without such runs.

    Exit code: 1 if a gate is refuted, or if the file is missing or damaged; 2 if
    gates are refuted and a busy machine could be the reason for each.
    """
    from loadstone.results.quarantine import quarantine_damaged

    with quarantine_damaged(damaged):
        try:
            print(check_gates(hypotheses))
        except UndecidedError as undecided:
            if not pass_undecided:
                raise
            for line in undecided.lines:
                print(f"loadstone: {line}", file=sys.stderr)


def check_gates(path: Path) -> str:
    """Read `hypotheses.json` and count the outcomes of its gates, in a sentence.

    What the machine did is read from the campaign's files next to it, if they are there. Raises `GateError` with one
    line per refuted gate; `UndecidedError` if a busy machine could be the reason for each; and `ResultError` if a file
    cannot be used.
    """
    from loadstone.compare.gates import find_disturbance
    from loadstone.results.hypotheses import Outcome, read_hypotheses

    gates = [hypothesis for hypothesis in read_hypotheses(path) if hypothesis.gate]
    if refuted := [gate for gate in gates if gate.outcome == Outcome.REFUTED]:
        disturbed = {gate.id: find_disturbance(path.parent, gate.id) for gate in refuted}
        kind = UndecidedError if all(disturbed.values()) else GateError
        raise kind("\n".join(_line(gate, disturbed[gate.id]) for gate in refuted))
    if not gates:
        return "no hypothesis is a gate"
    counts = Counter(gate.outcome for gate in gates)
    outcomes = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    return f"{several(len(gates), 'gate')}: {outcomes}"


def _line(gate: "JudgedHypothesis", disturbance: str) -> str:
    line = f"{gate.id}: refuted: «{gate.claim}»: {gate.evidence}"
    if disturbance:
        line = f"{gate.id}: can't tell: the machine was busy: {disturbance}; refuted by the figures: «{gate.claim}»: "
        line += f"{gate.evidence}; measure again on a quiet machine"
    return " ".join(line.split())
