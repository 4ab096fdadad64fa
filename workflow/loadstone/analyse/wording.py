"""How the figures of a hypothesis are put into a sentence."""

import math

from loadstone.suite.hypotheses import ALL, SHARE
from loadstone.theory.intervals import Interval


def figure(value: float) -> str:
    """Write three significant digits, and all of those before the point."""
    if not math.isfinite(value) or value == 0:
        return f"{value:g}"
    decimals = 2 - math.floor(math.log10(float(f"{abs(value):.3g}")))  # 99.99 has its digits before the point, as 100
    return f"{value:,.{max(0, decimals)}f}"


def quantity(value: float, unit: str, *, sign: bool = False) -> str:
    """Write a figure with its unit, a share in per cent; a change with its sign."""
    scaled, name = (100 * value, "%") if unit == SHARE else (value, unit)
    return f"{'+' * (sign and scaled > 0)}{figure(scaled)} {name}".rstrip()


def bounds(interval: Interval, unit: str, *, sign: bool = False) -> str:
    """Write the interval, or why there is none."""
    if interval.low is None or interval.high is None:
        return "one run has no interval" if interval.runs == 1 else "too few runs for an interval"
    low, high = (quantity(bound, unit, sign=sign) for bound in (interval.low, interval.high))
    return f"95 % interval {low} to {high}"


def side(experiment: str, endpoint: str) -> str:
    """Name what is measured."""
    return experiment if endpoint == ALL else f"{endpoint} in {experiment}"


def number_of(runs: int) -> str:
    """Count runs."""
    return f"{runs} run{'s' * (runs != 1)}"
