"""The gate: what a campaign may not refute."""

from collections import Counter
from pathlib import Path

from loadstone.errors import GateError
from loadstone.results.hypotheses import JudgedHypothesis, Outcome, read_hypotheses


def check_gates(path: Path) -> str:
    """Read `hypotheses.json` and count what became of its gates, in a sentence.

    Raises `GateError`, a line for each gate that is refuted, and `ResultError` where the file can't be used.
    """
    gates = [hypothesis for hypothesis in read_hypotheses(path) if hypothesis.gate]
    if refuted := [gate for gate in gates if gate.outcome == Outcome.REFUTED]:
        raise GateError("\n".join(_line(gate) for gate in refuted))
    if not gates:
        return "no hypothesis is a gate"
    counts = Counter(gate.outcome for gate in gates)
    outcomes = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    return f"{len(gates)} gate{'s' * (len(gates) != 1)}: {outcomes}"


def _line(gate: JudgedHypothesis) -> str:
    return " ".join(f"{gate.id}: refuted: «{gate.claim}»: {gate.evidence}".split())
