"""Write a comparison as one HTML page that works offline and looks like the report."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, select_autoescape

from loadstone import report  # for its styles
from loadstone.compare import wording
from loadstone.compare.model import METRICS, CampaignComparison, MetricChange

WIDTH, HEIGHT, EDGE = 190, 16, 7
"""Size of an interval's drawing, and the space for an arrow at each end; pixels."""

MAX_RATIO = 4.0
"""Largest ratio that is drawn. Beyond it, and below its reciprocal, an arrow shows that the interval continues."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalDrawing:
    """Positions in the drawing of one ratio, in pixels from the left."""

    value: float
    low: float | None
    high: float | None
    continues_left: bool
    continues_right: bool


@dataclass(frozen=True, slots=True)
class RatioAxis:
    """A logarithmic axis of ratios with 1 in its middle, shared by all drawings of a page."""

    largest: float
    """Ratio at the right end; its reciprocal is at the left end."""

    def __call__(self, ratio: float) -> float:
        """Return the position of a ratio; an end of the axis if the ratio lies beyond it."""
        shown = min(max(ratio, 1 / self.largest), self.largest)
        return round(WIDTH / 2 + math.log(shown) / math.log(self.largest) * (WIDTH / 2 - EDGE), 1)

    def draw(self, change: MetricChange) -> IntervalDrawing | None:
        """Lay out the drawing of a metric's ratio; None if the metric has no ratio."""
        ratio = change.ratio
        if ratio is None:
            return None
        lowest, highest = ratio.value if ratio.low is None else ratio.low, ratio.high or ratio.value
        return IntervalDrawing(
            value=self(ratio.value),
            low=None if ratio.low is None else self(ratio.low),
            high=None if ratio.high is None else self(ratio.high),
            continues_left=lowest * self.largest < 1,
            continues_right=highest > self.largest,
        )


def choose_axis(comparison: CampaignComparison) -> RatioAxis:
    """Choose an axis on which the margin and all intervals fit, up to `MAX_RATIO`."""
    ratios = [ratio for compared in comparison.experiments for c in compared.metrics for ratio in _ratios(c)]
    farthest = max((max(ratio, 1 / ratio) for ratio in ratios), default=1.0)
    twice_the_margin = 1 / (1 - comparison.margin) ** 2
    return RatioAxis(max(twice_the_margin, min(farthest, MAX_RATIO)))


def _ratios(change: MetricChange) -> Iterator[float]:
    if change.ratio is not None:
        yield from (value for value in (change.ratio.value, change.ratio.low, change.ratio.high) if value)


def render_comparison(comparison: CampaignComparison, folders: tuple[str, str], *, everything: bool = False) -> str:
    """Write the page; `folders` are the campaigns' folders, before and after.

    What did not change can be unfolded; with `everything`, it is unfolded already.
    """
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("loadstone.compare"), PackageLoader(report.__name__)]),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: tuple[Callable[..., object], ...] = (
        *(
            wording.bounds,
            wording.count_runs,
            wording.finding,
            wording.fact_label,
            wording.fact_values,
            wording.list_left_out,
        ),
        *(wording.percentage, wording.quantity, wording.ratio, wording.setting),
    )
    environment.filters |= {function.__name__: function for function in filters}
    axis = choose_axis(comparison)
    return environment.get_template("compare.html").render(
        comparison=comparison,
        folders=dict(zip(("before", "after"), folders, strict=True)),
        summary=wording.summary(comparison),
        legend=wording.legend(comparison),
        confidence=wording.confidence(comparison.confidence),
        untold=wording.untold(comparison),
        unchanged=[compared for compared in comparison.experiments if not compared.changed],
        everything=everything,
        settings=wording.settings_by_change(comparison),
        both_dirty=wording.BOTH_DIRTY,
        metrics=METRICS,
        axis=axis,
        ends=(f"{1 / axis.largest:.2g}", f"{axis.largest:.2g}"),
        width=WIDTH,
        height=HEIGHT,
    )
