"""Measure two things in turn, A B B A A B …, so that the machine's drift affects both alike."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Comparison:
    """The rates of A and B, pair by pair."""

    pairs: list[tuple[float, float]]

    @property
    def ratios(self) -> list[float]:
        """A over B, per pair."""
        return [a / b for a, b in self.pairs]

    def line(self, name: str, min_ratio: float) -> str:
        """Write the median ratio, its range, and whether it is at least `min_ratio`."""
        ratio = statistics.median(self.ratios)
        a, b = (statistics.median(side) for side in zip(*self.pairs, strict=True))
        spread = f"{min(self.ratios):.3f} to {max(self.ratios):.3f}"
        mark = "ok" if ratio >= min_ratio else "MISS"
        return f"{mark:5}  {name}: {ratio:.3f} ({spread}; {a:,.0f} and {b:,.0f} per second), at least {min_ratio}"


def compare(a: Callable[[], float], b: Callable[[], float], pairs: int) -> Comparison:
    """Call `a` and `b` in turn, `pairs` times; each call returns a rate."""
    rates = []
    for number in range(pairs):
        if number % 2:
            second, first = b(), a()
        else:
            first, second = a(), b()
        rates.append((first, second))
    return Comparison(rates)
