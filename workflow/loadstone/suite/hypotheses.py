"""The hypotheses of a suite: the metrics, the tests, and what each test can expect.

A hypothesis is one sentence and one test. This module parses `expect`, with regular expressions only;
`loadstone.suite.check_hypotheses` checks hypotheses against their suite, `loadstone.analyse.hypotheses` judges them.
"""

import math
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, Literal, cast, get_args

from pydantic import BeforeValidator, Field, WithJsonSchema

from loadstone.suite.types import Model
from loadstone.suite.verdict import SERVER_VERDICTS, Verdict

ALL = "all"
"""All endpoints together; also the name of their row in the tables."""

SHARE = "share"
"""Unit of metrics that are written in per cent and stored as numbers from 0 to 1."""

ENDPOINTS = {
    "list_albums": "GET /albums",
    "get_album": "GET /albums/<id>",
    "create_album": "POST /albums",
    "calibration": "GET /calibration",
}
"""Task of a mix → the endpoint under which its requests are recorded."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure of every run, or of every row of a published table."""

    label: str
    """Its name in sentences."""
    unit: str
    """Unit of the stored figures: ms, s, share, or what is counted; empty for a plain number."""
    by_endpoint: bool = True
    """Whether it is known for each endpoint; otherwise only for all endpoints together."""


METRICS = {
    "throughput": Metric("throughput", "requests/s"),
    "goodput": Metric("goodput", "requests/s"),
    "mean": Metric("mean response time", "ms"),
    "p50": Metric("median response time", "ms"),
    "p90": Metric("90th percentile", "ms"),
    "p95": Metric("95th percentile", "ms"),
    "p99": Metric("99th percentile", "ms"),
    "p99.9": Metric("99.9th percentile", "ms"),
    "max": Metric("longest response time", "ms"),
    "server_time": Metric("mean time in the server", "ms"),
    "failures": Metric("share of failures", SHARE),
    "bytes": Metric("mean length of the body", "bytes"),
    "generator_cpu_per_request": Metric("CPU time of the generator's workers per request", "ms", by_endpoint=False),
    "server_cpu_per_request": Metric("CPU time of the server's workers per request", "ms", by_endpoint=False),
    "generator_switches_per_request": Metric("context switches of the generator's workers per request", "", False),
}
"""Metrics of a run. Response times are those of successful requests."""

PUBLISHED_METRICS = {
    "throughput": Metric("throughput", "requests/s", by_endpoint=False),
    "active_users": Metric("active users, X·(R + Z),", "", by_endpoint=False),
    "possible_rps": Metric("highest rate that the users can send, N/(R + Z),", "requests/s", by_endpoint=False),
    "think_share": Metric("share of the users' time that is think time, X·Z/N,", SHARE, by_endpoint=False),
    "implied_s": Metric("time that the requests take at the printed rate", "s", by_endpoint=False),
}
"""Metrics of a row of a published table, as `loadstone audit` computes them."""

SERVER = "server"
"""Value of `expect` that stands for any of `SERVER_VERDICTS`."""

ShapeName = Literal["rises", "falls", "flat", "linear"]

_NUMBER = r"(\d+(?:\.\d+)?)"
_QUANTITY = rf"{_NUMBER}\s*(ms|s|%)?"
_BOUND = re.compile(rf"(>=|<=|>|<)\s*{_QUANTITY}", re.ASCII)
_WITHIN = re.compile(rf"within\s+{_NUMBER}\s*%\s+of\s+{_QUANTITY}", re.ASCII)
_BETWEEN = re.compile(rf"between\s+{_QUANTITY}\s+and\s+{_QUANTITY}", re.ASCII)
_FLAT = re.compile(rf"flat\s+within\s+{_NUMBER}\s*%", re.ASCII)

_UNITS: dict[str, dict[str, float]] = {"ms": {"ms": 1, "s": 1000}, "s": {"ms": 0.001, "s": 1}, SHARE: {"%": 0.01}}
"""Unit of a metric → units in which its bounds are written, with their factors. Other bounds have no unit."""
_EXAMPLES = {"ms": ("50ms", "0.1s"), "s": ("20s", "30s"), SHARE: ("1%", "5%")}


@dataclass(frozen=True, slots=True)
class Region:
    """The expected values, in the metric's own unit."""

    low: float = -math.inf
    high: float = math.inf
    open: bool = False
    """Whether the bounds themselves are excluded."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The expected change of a metric over the levels of a factor."""

    name: ShapeName
    tolerance: float | None = None
    """For `flat`: largest change, relative to the metric at the lowest level."""


def parse_region(text: str, unit: str) -> Region:
    """Parse `> 1.05`, `>= 20`, `< 50ms`, `<= 1%`, `within 5% of 1` or `between 0.9 and 1.1`, for a metric in `unit`.

    Raises ValueError for anything else; its message states what is allowed.
    """
    text = text.strip()
    if parts := _BOUND.fullmatch(text):
        bound, is_open = _quantity(parts[2], parts[3], unit), "=" not in parts[1]
        return Region(low=bound, open=is_open) if parts[1].startswith(">") else Region(high=bound, open=is_open)
    if parts := _WITHIN.fullmatch(text):
        tolerance, middle = float(parts[1]) / 100, _quantity(parts[2], parts[3], unit)
        return _closed(middle * (1 - tolerance), middle * (1 + tolerance), unit)
    if parts := _BETWEEN.fullmatch(text):
        return _closed(_quantity(parts[1], parts[2], unit), _quantity(parts[3], parts[4], unit), unit)
    raise ValueError(_allowed(unit))


def _quantity(number: str, written_unit: str | None, unit: str) -> float:
    factors = _UNITS.get(unit, {"": 1.0})
    value = float(number) * factors.get(written_unit or "", math.nan)
    if not math.isfinite(value):  # a missing unit, one that the metric does not have, or hundreds of digits
        raise ValueError(_allowed(unit))
    return value


def _closed(low: float, high: float, unit: str) -> Region:
    if not 0 <= low < high < math.inf:
        raise ValueError(_allowed(unit))
    return Region(low=low, high=high)


def _allowed(unit: str) -> str:
    low, high = _EXAMPLES.get(unit, ("0.9", "1.1"))
    units = "in " + " or ".join(_UNITS[unit]) if unit in _UNITS else "without a unit"
    return f"'> {low}' (or >=, <, <=), 'within 5% of {low}', 'between {low} and {high}', {units}"


def parse_shape(text: str) -> Shape:
    """Parse `rises`, `falls`, `linear` or `flat within 10%`.

    Raises ValueError for anything else; its message states what is allowed.
    """
    text = text.strip()
    if text in get_args(ShapeName) and text != "flat":
        return Shape(cast(ShapeName, text))
    parts = _FLAT.fullmatch(text)
    tolerance = float(parts[1]) / 100 if parts else 0.0
    if not 0 < tolerance < math.inf:
        raise ValueError("rises, falls, linear, or flat with a tolerance, such as 'flat within 10%'")
    return Shape("flat", tolerance)


def parse_verdict(text: str) -> tuple[Verdict, ...]:
    """Turn the name of a verdict, or `server`, into the verdicts that it stands for. Names of earlier versions count.

    Raises ValueError for anything else; its message states what is allowed.
    """
    if text == SERVER:
        return SERVER_VERDICTS
    try:
        return (Verdict(text),)
    except ValueError:
        raise ValueError(", ".join((SERVER, *Verdict))) from None


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _enum(names: Collection[str]) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "enum": sorted(names)})


class Compare(Model):
    """The ratio of a metric between two experiments, or between two endpoints."""

    metric: Annotated[str, _enum(METRICS)]
    """Metric to compare."""
    of: str
    """Experiment in the numerator."""
    to: str | None = None
    """Experiment in the denominator. Default: the experiment in the numerator, if `to_endpoint` is given."""
    endpoint: str | None = None
    """Endpoint in the numerator, such as POST /albums. Default: all endpoints together."""
    to_endpoint: str | None = None
    """Endpoint in the denominator. Default: the endpoint in the numerator."""

    @property
    def sides(self) -> tuple[tuple[str, str], tuple[str, str]]:
        """Experiment and endpoint of the numerator, then of the denominator."""
        endpoint = self.endpoint or ALL
        return (self.of, endpoint), (self.to or self.of, self.to_endpoint or endpoint)


class Value(Model):
    """A metric of one experiment, or of one row of the published table, compared with a bound."""

    metric: Annotated[str, _enum(METRICS.keys() | PUBLISHED_METRICS.keys())]
    """Metric to compare with the bound."""
    of: str | None = None
    """Experiment. Give either `of` or `published`."""
    endpoint: str | None = None
    """Endpoint of the experiment. Default: all endpoints together."""
    published: str | None = None
    """Row of the published table."""


class Trend(Model):
    """The change of a metric over the levels of a sweep, or of several sweeps that differ in load.users."""

    metric: Annotated[str, _enum(METRICS)]
    """Metric whose change is tested."""
    endpoint: str | None = None
    """Endpoint. Default: all endpoints together."""
    over: Annotated[
        list[str],
        BeforeValidator(_as_list),
        Field(min_length=1),
        WithJsonSchema({"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
    ]
    """A sweep, or a list of sweeps of one factor that differ in load.users. With several sweeps, least squares
    separates the effect of the factor from that of the users."""


TESTS = ("compare", "value", "bottleneck", "trend")


class Hypothesis(Model, json_schema_extra={"oneOf": [{"required": [test]} for test in TESTS]}):
    """A sentence and the one test that decides it: compare, value, bottleneck or trend."""

    claim: str = Field(min_length=1)
    """The sentence to test."""
    gate: bool = False
    """Whether `snakemake gate` fails if the hypothesis is refuted."""
    compare: Compare | None = None
    """Test the ratio of a metric between two experiments, or between two endpoints."""
    value: Value | None = None
    """Test a metric of one experiment, or of one row of the published table."""
    bottleneck: str | None = None
    """Test the verdict on this experiment."""
    trend: Trend | None = None
    """Test the change of a metric over the levels of a sweep."""
    expect: str
    """The expected result. For compare and value: `> 1.05`, `< 50ms`, `within 5% of 1` or `between 0.9 and 1.1`. For
    bottleneck: a verdict, such as `users' pauses` or `server's CPU`, or `server`. For trend: `rises`, `falls`, `linear`
    or `flat within 10%`."""

    @property
    def tests(self) -> list[str]:
        """Names of the tests given; exactly one in a checked suite."""
        return [name for name in TESTS if getattr(self, name) is not None]
