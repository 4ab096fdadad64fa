"""What a suite can say, as typed values.

`Settings` is one experiment in full: every key has a default, so a suite writes down only what differs. `SuiteFile` is
the file as people write it (its experiments hold only some keys of `Settings`); `Suite` is what it means once the
defaults are merged in (`loadstone.suite.load` does that). All values are immutable, and unknown keys are errors.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    TypeAdapter,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from loadstone.suite.capacity import Search, Slo
from loadstone.suite.hypotheses import Hypothesis
from loadstone.suite.settings import MAX_ARRIVALS, GunicornServer, Load, Server, Settings
from loadstone.suite.thresholds import Thresholds
from loadstone.suite.types import (
    DURATION_SCHEMA,
    PRECISION_SCHEMA,
    FolderName,
    Model,
    Name,
    Precision,
)

Scalar = bool | int | float | str


def _sweepable(value: object) -> object:
    values = value if isinstance(value, list) and value else [value]
    if not all(isinstance(v, bool | int | float | str) for v in values):
        raise ValueError("a number, a word, or a list of those")
    return value


def _rates(value: object) -> object:
    """Read two rates in order."""
    numbers = (
        [v for v in value if isinstance(v, int | float) and not isinstance(v, bool)] if isinstance(value, list) else []
    )
    if len(numbers) != 2 or not 0 < numbers[0] < numbers[1] <= MAX_ARRIVALS:
        raise ValueError(f"[lowest, highest], with 0 < lowest < highest <= {MAX_ARRIVALS:,}")
    return (float(numbers[0]), float(numbers[1]))


class _SchemaOf:
    """Annotation: describe a mapping in the JSON Schema as a (partly filled) `model`."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def __get_pydantic_json_schema__(self, _: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(TypeAdapter(self.model).core_schema)


SomeSettings = Annotated[dict[str, Any], _SchemaOf(Settings)]
SomeServer = Annotated[dict[str, Any], _SchemaOf(Server)]
SomeLoad = Annotated[dict[str, Any], _SchemaOf(Load)]


def _vary(path: str) -> str:
    head, _, tail = path.partition(".")
    parts: Mapping[str, type[Model]] = {"server": GunicornServer, "load": Load}
    keys = [f"{name}.{key}" for name, part in parts.items() for key in part.model_fields if key not in ("kind", "mix")]
    if head not in parts or f"{head}.{tail}" not in keys:
        raise ValueError("one of " + ", ".join(keys))
    return path


class SweepFile(Model):
    """A sweep as written: like an experiment, with one key that takes several values."""

    base: str | None = None
    """Experiment whose settings it starts from; the defaults where absent."""
    vary: Annotated[str, AfterValidator(_vary)]
    """The factor: a key such as server.workers or load.users."""
    values: list[Annotated[Scalar | list[Scalar], BeforeValidator(_sweepable)]] = Field(min_length=1)
    """The levels of the factor; each becomes an experiment named <sweep>=<value>."""
    fit: list[Literal["amdahl", "usl"]] = Field(default=[])
    """Scaling laws to fit to throughput over the factor, where there are grounds for one."""
    duration: Any = Field(default=None, json_schema_extra=dict(DURATION_SCHEMA))
    warm_up: Any = Field(default=None, json_schema_extra=dict(DURATION_SCHEMA))
    repeats: Any = Field(default=None, json_schema_extra={"type": "integer", "minimum": 1})
    precision: Any = Field(default=None, json_schema_extra=dict(PRECISION_SCHEMA))
    probe: Any = Field(default=None, json_schema_extra={"type": "boolean"})
    server: SomeServer | None = None
    load: SomeLoad | None = None

    @model_validator(mode="after")
    def _fittable(self) -> "SweepFile":
        numbers = [v for v in self.values if isinstance(v, int | float) and not isinstance(v, bool) and v > 0]
        if self.fit and len(numbers) < len(self.values):
            raise ValueError("fit: a scaling law needs values that are numbers above 0")
        return self

    @property
    def overrides(self) -> dict[str, Any]:
        """What it changes in its base, beside the factor."""
        return {key: value for key in Settings.model_fields if (value := getattr(self, key)) is not None}


class CapacityFile(Model):
    """A search for the highest arrival rate that meets an objective, as written: like an experiment, and a bit more."""

    base: str | None = None
    """Experiment whose settings it starts from; the defaults where absent."""
    slo: Slo
    """The objective: `p95 < 50ms`, on mean, p50, p90, p95, p99 or p99.9, counted from the intended start."""
    rates: Annotated[tuple[float, float], BeforeValidator(_rates)] = (10.0, 10_000.0)
    """Lowest and highest arrival rate to try, requests/s: the search begins at the lowest and doubles."""
    within: Precision = 0.05
    """Width of the bracket at which it ends."""
    duration: Any = Field(default=None, json_schema_extra=dict(DURATION_SCHEMA))
    warm_up: Any = Field(default=None, json_schema_extra=dict(DURATION_SCHEMA))
    server: SomeServer | None = None
    load: SomeLoad | None = None

    @property
    def overrides(self) -> dict[str, Any]:
        """What it changes in its base: its load is open, with Poisson arrivals unless it says otherwise."""
        changed = {key: value for key in Settings.model_fields if (value := getattr(self, key, None)) is not None}
        load = dict(changed.get("load") or {})
        arrivals = load.get("arrivals")
        given = arrivals if isinstance(arrivals, dict) else {}
        return changed | {"load": load | {"arrivals": {"rate": self.rates[0], **given}, "pacing": None}}


def _below(path: str) -> str:
    parts = path.split("/")
    if not path.isprintable() or "\\" in path or any(part in ("", ".", "..") for part in parts):
        raise ValueError("the path of a file in the suite's folder or below it, such as published.csv")
    return path


class Published(Model):
    """Figures that somebody else published, to be set beside ours."""

    table: Annotated[str, AfterValidator(_below)]
    """CSV file, in the suite's folder or below it."""
    rows: dict[str, str]
    """Experiment → the value of the table's `row` column."""


class SuiteFile(Model):
    """A Loadstone suite: experiments on a server under load."""

    seed: int = Field(default=1, ge=0, le=2**32 - 1)
    """Fixes the order of runs and what every user asks for."""
    defaults: SomeSettings = Field(default={})
    """Settings of every experiment that doesn't say otherwise."""
    experiments: dict[Name, SomeSettings] = Field(default={})
    """Name → what differs from the defaults."""
    sweeps: dict[Name, SweepFile] = Field(default={})
    """Name → one factor and its levels."""
    capacity: dict[Name, CapacityFile] = Field(default={})
    """Name → the objective whose highest arrival rate is searched for."""
    baselines: bool = True
    """Whether to measure, once each, the unloaded response time of every distinct server and mix, and how much every
    load generator can send at all. Without them verdicts have less to go by."""
    thresholds: Thresholds = Thresholds()
    """Where the verdict's rules draw their lines."""
    hypotheses: dict[Name, Hypothesis] = Field(default={})
    """Name → a claim and the test that decides it."""
    published: Published | None = None
    """Published figures and the experiments that repeat them."""


class Level(Model):
    """One member of a sweep."""

    value: Scalar | tuple[Scalar, ...]
    experiment: str


class Sweep(Model):
    """Experiments that differ in one factor."""

    vary: str
    fit: tuple[str, ...]
    levels: tuple[Level, ...]


class Suite(Model):
    """A suite with everything filled in: what `plan` and all later stages work from."""

    seed: int
    experiments: dict[str, Settings]
    sweeps: dict[str, Sweep]
    capacity: dict[FolderName, Search] = Field(default={})
    baselines: bool = True
    thresholds: Thresholds = Thresholds()
    hypotheses: dict[str, Hypothesis] = Field(default={})
    published: Published | None
