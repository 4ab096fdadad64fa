"""Measure two things in turn, A B B A A B …, so that drift of the machine falls on both alike."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Comparison:
    """Rates of A and B, pair by pair."""

    pairs: list[tuple[float, float]]

    @property
    def ratios(self) -> list[float]:
        """A over B, in each pair."""
        return [a / b for a, b in self.pairs]

    def line(self, name: str, bar: float) -> str:
        """Write the result and how it stands to the bar."""
        ratio = statistics.median(self.ratios)
        a, b = (statistics.median(side) for side in zip(*self.pairs, strict=True))
        spread = f"{min(self.ratios):.3f} to {max(self.ratios):.3f}"
        verdict = "ok" if ratio >= bar else "BELOW"
        return f"{verdict:5}  {name}: {ratio:.3f} ({spread}; {a:,.0f} against {b:,.0f} a second), bar {bar}"


def compare(a: Callable[[], float], b: Callable[[], float], pairs: int) -> Comparison:
    """Call `a` and `b` in turn; each returns a rate."""
    found = []
    for number in range(pairs):
        if number % 2:
            second, first = b(), a()
        else:
            first, second = a(), b()
        found.append((first, second))
    return Comparison(found)
