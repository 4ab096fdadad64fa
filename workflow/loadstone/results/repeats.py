"""`repeats.json`: what an experiment's repeats show together, and whether the campaign drifted.

`analyse` writes it.
"""

from pathlib import Path

from pydantic import Field

from loadstone.results.bounded import Amount, Bounded, Known
from loadstone.results.json_file import read_json
from loadstone.suite.types import Model


class ExperimentRepeats(Model):
    """What the runs of one experiment say together."""

    runs: int
    intervals: dict[str, Bounded]
    """Metric → its geometric mean over the runs in which it is known; without bounds where these are fewer than four,
    or where one of them has 0: the mean is then the arithmetic one."""
    values: dict[str, tuple[float, ...]] = Field(default={})
    """Metric → its value in each of these runs, in the order of repeats."""
    variation: dict[str, Known]
    """Metric → coefficient of variation between runs; absent where a single run knows it, or the mean is 0."""
    precision: Amount
    """Half an interval's width over its value, as wanted."""
    needed: int | None
    """Repeats for `precision` of throughput and of mean response time, by the spread of these; None where that of
    either is not known. At least four: with fewer there is no interval."""
    disagreements: tuple[str, ...]
    """What sets repeats apart, a phrase each."""


class Drift(Model):
    """How a metric changed with the order of execution."""

    metric: str
    p: float
    """How likely so clear a trend is by chance."""
    change: float
    """Relative change over the campaign: 0.1 is 10 % more."""
    hours: float
    """The longest time between two runs of one experiment."""
    experiments: int
    """Those that took part: they have two or more runs to compare."""
    named: bool
    """Whether the trend is both believed and large enough to matter."""
    sentence: str
    """The finding with its figures."""


class Effort(Model):
    """What a campaign took."""

    campaign_s: Amount
    """Wall-clock seconds from the check of the machine to the page, without pauses of the campaign."""
    window_s: Amount
    """Seconds inside windows, those of baselines included."""
    runs: int


class CampaignRepeats(Model):
    """The whole file."""

    experiments: dict[str, ExperimentRepeats]
    drift: Drift | None
    """None where too few runs can be compared."""
    effort: Effort | None = None
    """None in files of earlier versions."""


def read_repeats(path: Path) -> CampaignRepeats:
    """Read the file. Raises `ResultError` where it is missing, `DamagedError` where it is damaged."""
    return read_json(CampaignRepeats, path)
