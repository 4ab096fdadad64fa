"""Figures as the JSON files of `results/` hold them: with their 95 % interval, and null for what is no number."""

import math
from typing import Annotated

from pydantic import BeforeValidator, Field

from loadstone.suite.types import Model
from loadstone.theory.intervals import Interval


def _finite(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value


Known = Annotated[float | None, BeforeValidator(_finite)]
"""A number; None where it is not known, not finite, or has no bound."""

Amount = Annotated[float, Field(ge=0)]
"""A rate, a time or a ratio."""


class Bounded(Model):
    """A figure and its 95 % interval. A mean over runs is the geometric one, or arithmetic where a run has 0."""

    value: Known
    low: Known
    """None where runs are too few for an interval (means over fewer than four runs), or one of them is 0."""
    high: Known
    """None likewise, or where the data set no limit."""

    @classmethod
    def of(cls, interval: Interval) -> "Bounded":
        """Take the three figures of an interval over runs."""
        return cls(value=interval.value, low=interval.low, high=interval.high)
