"""What the test of a hypothesis comes to: where an interval lies, and how far that is from a decision."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from loadstone.results.hypotheses import Outcome
from loadstone.suite.hypotheses import Region
from loadstone.theory.intervals import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """What the test of a hypothesis came to."""

    outcome: Outcome
    evidence: str
    """A sentence with the figures."""
    interval: Interval | None = None
    """The effect: a ratio, the metric, or its change."""
    unit: str = ""
    runs: int = 0
    level: float | None = None
    """Confidence of the interval."""
    family: int = 0
    """Hypotheses that were judged together; 0 for one that is judged by itself."""
    looks: int = 1
    """How many times the hypothesis may be judged while its campaign runs."""
    variance_shares: Mapping[str, float] = field(default_factory=dict)
    """Experiment → the share of the effect's variance that its runs contribute."""
    narrowing: float | None = None
    """Factor by which the interval would have to shrink for a decision."""
    next_look: tuple[str, ...] = ()
    """Experiments that need one more repeat each for the next look."""


def judge_interval(interval: Interval, region: Region) -> Outcome:
    """Judge where an interval lies: `supported` inside the region, `refuted` outside it, otherwise `inconclusive`.

    An open region does not include its bounds.
    """
    if interval.low is None or interval.high is None:
        return Outcome.INCONCLUSIVE
    if region.open:
        inside = region.low < interval.low and interval.high < region.high
        outside = interval.high <= region.low or interval.low >= region.high
    else:
        inside = region.low <= interval.low and interval.high <= region.high
        outside = interval.high < region.low or interval.low > region.high
    return Outcome.SUPPORTED if inside else Outcome.REFUTED if outside else Outcome.INCONCLUSIVE


def narrowing(interval: Interval, region: Region, *, logarithmic: bool = False) -> float | None:
    """Return the factor, from 0 to 1, by which an interval has to shrink around its estimate to be clear of all bounds.

    `logarithmic` measures on the log scale, on which intervals of ratios are symmetrical. None if the interval has no
    bounds, or if it is clear already.
    """
    if interval.low is None or interval.high is None:
        return None
    scale = _logarithm if logarithmic else float
    low, value, high = (scale(figure) for figure in (interval.low, interval.value, interval.high))
    factors = []
    for bound in (scale(bound) for bound in (region.low, region.high) if math.isfinite(bound)):
        reach = high - value if bound > value else value - low
        distance = abs(bound - value)
        if reach > 0 and math.isfinite(distance):
            factors.append(distance / reach)
    factor = min(factors, default=1.0)
    return factor if factor < 1 else None


def _logarithm(figure: float) -> float:
    return math.log(figure) if figure > 0 else -math.inf
