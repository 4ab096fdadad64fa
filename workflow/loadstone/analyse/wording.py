"""How the figures of a hypothesis are put into a sentence."""

from loadstone.suite.hypotheses import ALL
from loadstone.text import confidence, quantity
from loadstone.theory.intervals import CONFIDENCE, Interval


def bounds(interval: Interval, unit: str, at: float = CONFIDENCE, *, sign: bool = False) -> str:
    """Write the interval and its confidence, or why there is none."""
    if interval.low is None or interval.high is None:
        return "one run has no interval" if interval.runs == 1 else f"too few runs for a {confidence(at)} interval"
    low, high = (quantity(bound, unit, sign=sign) for bound in (interval.low, interval.high))
    return f"{confidence(at)} interval {low} to {high}"


def side(experiment: str, endpoint: str) -> str:
    """Name what is measured."""
    return experiment if endpoint == ALL else f"{endpoint} in {experiment}"
