"""Write a comparison as one HTML page that needs no network, in the look of the report."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, select_autoescape

from loadstone.compare import words
from loadstone.compare.comparison import METRICS, Comparison, MetricChange

WIDTH, HEIGHT, EDGE = 190, 16, 7
"""Of the drawing of an interval, and the space that its arrows need at both ends: pixels."""

WIDEST = 4.0
"""Largest ratio that is drawn; beyond it, and below its reciprocal, an arrow says that it goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Where things lie in the drawing of one ratio: pixels from the left."""

    value: float
    low: float | None
    high: float | None
    goes_on_left: bool
    goes_on_right: bool


@dataclass(frozen=True, slots=True)
class Scale:
    """A logarithmic axis of ratios, with 1 in its middle, that all drawings of a page share."""

    largest: float
    """Ratio at its right end; its reciprocal at the left."""

    def __call__(self, ratio: float) -> float:
        """Place a ratio, at an end where it lies beyond."""
        shown = min(max(ratio, 1 / self.largest), self.largest)
        return round(WIDTH / 2 + math.log(shown) / math.log(self.largest) * (WIDTH / 2 - EDGE), 1)

    def bar(self, change: MetricChange) -> Bar | None:
        """Lay out the drawing of one ratio; None where there is none."""
        found = change.ratio
        if found is None:
            return None
        least, most = found.value if found.low is None else found.low, found.high or found.value
        return Bar(
            value=self(found.value),
            low=None if found.low is None else self(found.low),
            high=None if found.high is None else self(found.high),
            goes_on_left=least * self.largest < 1,
            goes_on_right=most > self.largest,
        )


def scale_of(comparison: Comparison) -> Scale:
    """Choose the axis: all intervals and the margin fit, unless that would take more than `WIDEST`."""
    ratios = [ratio for compared in comparison.experiments for c in compared.metrics for ratio in _ratios(c)]
    farthest = max((max(ratio, 1 / ratio) for ratio in ratios), default=1.0)
    twice_the_margin = 1 / (1 - comparison.margin) ** 2
    return Scale(max(twice_the_margin, min(farthest, WIDEST)))


def _ratios(change: MetricChange) -> Iterator[float]:
    if change.ratio is not None:
        found = change.ratio
        yield from (value for value in (found.value, found.low, found.high) if value)


def render(comparison: Comparison, places: tuple[str, str]) -> str:
    """Write the page; `places` are the two folders."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("loadstone.compare"), PackageLoader("loadstone.report")]),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    written: tuple[Callable[..., object], ...] = (
        *(words.bounds, words.counted, words.fact, words.facts, words.left_out),
        *(words.percentage, words.quantity, words.ratio, words.setting),
    )
    environment.filters |= {function.__name__: function for function in written}
    scale = scale_of(comparison)
    return environment.get_template("compare.html").render(
        comparison=comparison,
        places=dict(zip(("before", "after"), places, strict=True)),
        summary=words.summary(comparison),
        legend=words.legend(comparison),
        settings=words.settings_by_change(comparison),
        metrics=METRICS,
        scale=scale,
        ends=(f"{1 / scale.largest:.2g}", f"{scale.largest:.2g}"),
        width=WIDTH,
        height=HEIGHT,
    )
