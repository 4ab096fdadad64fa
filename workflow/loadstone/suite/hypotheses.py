"""What a suite claims and how each claim is to be tested: the metrics, the tests, and what can be expected of them.

A hypothesis is one sentence and one test. `expect` is read here, by regular expressions and nothing else;
`loadstone.suite.check_hypotheses` holds hypotheses against the suite they stand in, and
`loadstone.analyse.hypotheses` judges them.
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
"""All endpoints together: also the name of their row in the tables."""

SHARE = "share"
"""Unit of what is written in per cent and stored as a number from 0 to 1."""

ENDPOINTS = {
    "list_albums": "GET /albums",
    "get_album": "GET /albums/<id>",
    "create_album": "POST /albums",
    "calibration": "GET /calibration",
}
"""Task of a mix → the endpoint under which its requests are recorded."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure that every run has, or every row of a published table."""

    label: str
    """What a sentence calls it."""
    unit: str
    """In which figures of it are stored: ms, s, share, or what is counted; nothing where it is a mere number."""
    by_endpoint: bool = True
    """Whether it is known for each endpoint, or for all together only."""


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
    "generator_cpu_per_request": Metric("CPU time of the generator's workers a request", "ms", by_endpoint=False),
    "server_cpu_per_request": Metric("CPU time of the server's workers a request", "ms", by_endpoint=False),
    "generator_switches_per_request": Metric("context switches of the generator's workers a request", "", False),
}
"""Metrics of a run. Response times are those of successful requests."""

PUBLISHED_METRICS = {
    "throughput": Metric("throughput", "requests/s", by_endpoint=False),
    "active_users": Metric("active users, X·(R + Z),", "", by_endpoint=False),
    "possible_rps": Metric("rate that so many users can send at most, N/(R + Z),", "requests/s", by_endpoint=False),
    "think_share": Metric("share of the users' time that is think time, X·Z/N,", SHARE, by_endpoint=False),
    "implied_s": Metric("time that so many requests take at the printed rate", "s", by_endpoint=False),
}
"""Metrics of a row of a published table, as `loadstone audit` computes them."""

SERVER = "server"
"""Expected of a bottleneck: any of `SERVER_VERDICTS`."""

ShapeName = Literal["rises", "falls", "flat", "linear"]

_NUMBER = r"(\d+(?:\.\d+)?)"
_QUANTITY = rf"{_NUMBER}\s*(ms|s|%)?"
_BOUND = re.compile(rf"(>=|<=|>|<)\s*{_QUANTITY}", re.ASCII)
_WITHIN = re.compile(rf"within\s+{_NUMBER}\s*%\s+of\s+{_QUANTITY}", re.ASCII)
_BETWEEN = re.compile(rf"between\s+{_QUANTITY}\s+and\s+{_QUANTITY}", re.ASCII)
_FLAT = re.compile(rf"flat\s+within\s+{_NUMBER}\s*%", re.ASCII)

_UNITS: dict[str, dict[str, float]] = {"ms": {"ms": 1, "s": 1000}, "s": {"ms": 0.001, "s": 1}, SHARE: {"%": 0.01}}
"""Unit of a metric → units in which its bounds are written, and the factor. All others take numbers without one."""
_EXAMPLES = {"ms": ("50ms", "0.1s"), "s": ("20s", "30s"), SHARE: ("1%", "5%")}


@dataclass(frozen=True, slots=True)
class Region:
    """The values that are expected, in the metric's own unit."""

    low: float = -math.inf
    high: float = math.inf
    open: bool = False
    """Whether the bounds themselves are outside."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What is expected of a metric over the levels of a factor."""

    name: ShapeName
    tolerance: float | None = None
    """Of `flat`: largest change, relative to the metric at the lowest level."""


def parse_region(text: str, unit: str) -> Region:
    """Read `> 1.05`, `>= 20`, `< 50ms`, `<= 1%`, `within 5% of 1` or `between 0.9 and 1.1`, of a metric in `unit`.

    Raises ValueError, saying what is allowed, for anything else.
    """
    text = text.strip()
    if found := _BOUND.fullmatch(text):
        bound, is_open = _quantity(found[2], found[3], unit), "=" not in found[1]
        return Region(low=bound, open=is_open) if found[1].startswith(">") else Region(high=bound, open=is_open)
    if found := _WITHIN.fullmatch(text):
        tolerance, middle = float(found[1]) / 100, _quantity(found[2], found[3], unit)
        return _closed(middle * (1 - tolerance), middle * (1 + tolerance), unit)
    if found := _BETWEEN.fullmatch(text):
        return _closed(_quantity(found[1], found[2], unit), _quantity(found[3], found[4], unit), unit)
    raise ValueError(_allowed(unit))


def _quantity(number: str, written: str | None, unit: str) -> float:
    factors = _UNITS.get(unit, {"": 1.0})
    value = float(number) * factors.get(written or "", math.nan)
    if not math.isfinite(value):  # a unit that the metric hasn't, or one that is missing, or hundreds of digits
        raise ValueError(_allowed(unit))
    return value


def _closed(low: float, high: float, unit: str) -> Region:
    if not 0 <= low < high < math.inf:
        raise ValueError(_allowed(unit))
    return Region(low=low, high=high)


def _allowed(unit: str) -> str:
    one, other = _EXAMPLES.get(unit, ("0.9", "1.1"))
    units = "units " + " or ".join(_UNITS[unit]) if unit in _UNITS else "numbers without a unit"
    return f"'> {one}' (or >=, <, <=), 'within 5% of {one}', 'between {one} and {other}', with {units}"


def parse_shape(text: str) -> Shape:
    """Read `rises`, `falls`, `linear` or `flat within 10%`. Raises ValueError, saying what is allowed, otherwise."""
    text = text.strip()
    if text in get_args(ShapeName) and text != "flat":
        return Shape(cast(ShapeName, text))
    found = _FLAT.fullmatch(text)
    tolerance = float(found[1]) / 100 if found else 0.0
    if not 0 < tolerance < math.inf:
        raise ValueError("rises, falls, linear, or flat with its tolerance, such as 'flat within 10%'")
    return Shape("flat", tolerance)


def parse_verdict(text: str) -> tuple[str, ...]:
    """Turn a verdict, or `server`, into the verdicts that are meant. Raises ValueError, saying what is allowed."""
    if text == SERVER:
        return SERVER_VERDICTS
    if text not in set(Verdict):
        raise ValueError(", ".join((SERVER, *Verdict)))
    return (text,)


def _names(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _one_of(names: Collection[str]) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "enum": sorted(names)})


class Compare(Model):
    """Ratio of a metric of one experiment, or endpoint, over that of another."""

    metric: Annotated[str, _one_of(METRICS)]
    """What is compared."""
    of: str
    """Experiment of the numerator."""
    to: str | None = None
    """Experiment of the denominator; `of` where absent and `to_endpoint` is given."""
    endpoint: str | None = None
    """Endpoint of the numerator, such as POST /albums; all together where absent."""
    to_endpoint: str | None = None
    """Endpoint of the denominator; that of the numerator where absent."""

    @property
    def sides(self) -> tuple[tuple[str, str], tuple[str, str]]:
        """Experiment and endpoint of the numerator, then of the denominator."""
        mine = self.endpoint or ALL
        return (self.of, mine), (self.to or self.of, self.to_endpoint or mine)


class Value(Model):
    """A metric of an experiment or of a published row, against a bound."""

    metric: Annotated[str, _one_of(METRICS.keys() | PUBLISHED_METRICS.keys())]
    """What is held against the bound."""
    of: str | None = None
    """Experiment."""
    endpoint: str | None = None
    """Endpoint; all together where absent."""
    published: str | None = None
    """Row of the published table, instead of an experiment."""


class Trend(Model):
    """A metric over the levels of a sweep, or of several that differ in load.users."""

    metric: Annotated[str, _one_of(METRICS)]
    """What may change."""
    endpoint: str | None = None
    """Endpoint; all together where absent."""
    over: Annotated[
        list[str],
        BeforeValidator(_names),
        Field(min_length=1),
        WithJsonSchema({"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
    ]
    """Sweep, or several of one factor that differ in load.users: both are then told apart by least squares."""


TESTS = ("compare", "value", "bottleneck", "trend")


class Hypothesis(Model, json_schema_extra={"oneOf": [{"required": [test]} for test in TESTS]}):
    """A claim and its one test."""

    claim: str = Field(min_length=1)
    """The sentence that is put to the test."""
    gate: bool = False
    """Whether `snakemake gate` fails where it is refuted."""
    compare: Compare | None = None
    value: Value | None = None
    bottleneck: str | None = None
    """Experiment whose verdict is expected."""
    trend: Trend | None = None
    expect: str
    """`> 1.05`, `< 50ms`, `within 5% of 1`, `between 0.9 and 1.1`; of a bottleneck a verdict or `server`; of a trend
    `rises`, `falls`, `linear` or `flat within 10%`."""

    @property
    def tests(self) -> list[str]:
        """Names of the tests that it has: one, in a suite that was checked."""
        return [name for name in TESTS if getattr(self, name) is not None]
