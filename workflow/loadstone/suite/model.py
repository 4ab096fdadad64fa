"""A suite as typed values: the file as it is written, and the suite that it describes.

`SuiteFile` is the file: its experiments give only the settings that differ from the defaults. `Suite` holds every
experiment in full, as `Settings`; `loadstone.suite.load` makes it. All values are immutable, and unknown keys are
errors.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

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
from loadstone.suite.load_settings import KINDS, MAX_ARRIVALS, Load
from loadstone.suite.repeats import REPEATS_SCHEMA
from loadstone.suite.settings import GunicornServer, Server, Settings
from loadstone.suite.thresholds import Thresholds
from loadstone.suite.types import (
    DURATION_SCHEMA,
    PRECISION_SCHEMA,
    FolderName,
    Model,
    Name,
    PositiveDuration,
    Precision,
    SparseModel,
)

Scalar = bool | int | float | str

MAX_TITLE = 80
"""Characters of a title: more would not fit on the first line of the report."""


def _title(text: str) -> str:
    if not text.strip() or not text.isprintable() or len(text) > MAX_TITLE:
        raise ValueError(f"one line of 1 to {MAX_TITLE} characters, such as Checkout service")
    return text.strip()


Title = Annotated[str, AfterValidator(_title)]


def _sweepable(value: object) -> object:
    values = value if isinstance(value, list) and value else [value]
    if not all(isinstance(v, bool | int | float | str) for v in values):
        raise ValueError("a number, a word, or a list of numbers and words")
    return value


def _rates(value: object) -> object:
    """Accept two rates in ascending order."""
    numbers = (
        [v for v in value if isinstance(v, int | float) and not isinstance(v, bool)] if isinstance(value, list) else []
    )
    if len(numbers) != 2 or not 0 < numbers[0] < numbers[1] <= MAX_ARRIVALS:
        raise ValueError(f"[lowest, highest], with 0 < lowest < highest <= {MAX_ARRIVALS:,}")
    return (float(numbers[0]), float(numbers[1]))


class _SchemaOf:
    """Annotation: describe a mapping in the JSON Schema as a `model` of which some keys are given."""

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
    keys = [f"{name}.{key}" for name, part in parts.items() for key in part.model_fields if key not in ("kind", *KINDS)]
    keys.append("server.commit")  # of a server that a command starts
    if head not in parts or f"{head}.{tail}" not in keys:
        raise ValueError("one of " + ", ".join(keys))
    return path


class SweepFile(Model):
    """A sweep: an experiment in which one key takes several values."""

    base: str | None = None
    """Experiment whose settings the sweep starts from. Default: the suite's defaults."""
    vary: Annotated[str, AfterValidator(_vary)]
    """The factor: a key such as server.workers or load.users."""
    values: list[Annotated[Scalar | list[Scalar], BeforeValidator(_sweepable)]] = Field(min_length=1)
    """The levels of the factor. Each becomes an experiment named <sweep>=<value>."""
    fit: list[Literal["amdahl", "usl", "capped"]] = Field(default=[])
    """Scaling laws to fit to throughput over the factor. A law is fitted only if the measurements justify it."""
    duration: Any = Field(default=None, json_schema_extra=dict(DURATION_SCHEMA))
    """Length of the window, for every level."""
    warm_up: Any = Field(default=None, json_schema_extra=dict(DURATION_SCHEMA))
    """Time between the last user's start and the window, for every level."""
    repeats: Any = Field(default=None, json_schema_extra=dict(REPEATS_SCHEMA))
    """Independent runs of every level: a number, or as many as are needed, as for an experiment."""
    precision: Any = Field(default=None, json_schema_extra=dict(PRECISION_SCHEMA))
    """Wanted precision of every level."""
    probe: Any = Field(default=None, json_schema_extra={"type": "boolean"})
    """Whether to measure every level with twice the users as well."""
    server: SomeServer | None = None
    """Settings of the server that differ from those of the base, for every level."""
    load: SomeLoad | None = None
    """Settings of the load that differ from those of the base, for every level."""

    @model_validator(mode="after")
    def _fittable(self) -> "SweepFile":
        numbers = [v for v in self.values if isinstance(v, int | float) and not isinstance(v, bool) and v > 0]
        if self.fit and len(numbers) < len(self.values):
            raise ValueError("fit: a scaling law needs values that are numbers above 0")
        return self

    @property
    def overrides(self) -> dict[str, Any]:
        """The settings that differ from those of the base, other than the factor."""
        return {key: value for key in Settings.model_fields if (value := getattr(self, key)) is not None}


class CapacityFile(Model):
    """A search for a capacity: the highest arrival rate at which the server meets an objective."""

    base: str | None = None
    """Experiment whose settings the search starts from. Default: the suite's defaults."""
    slo: Slo
    """The objective, such as `p95 < 50ms`: a bound on mean, p50, p90, p95, p99 or p99.9. Response times count from the
    intended start of the request."""
    rates: Annotated[tuple[float, float], BeforeValidator(_rates)] = (10.0, 10_000.0)
    """Lowest and highest arrival rate to try, requests/s. The search starts at the lowest and doubles the rate."""
    within: Precision = 0.05
    """The search ends when the bracket of the capacity is at most this wide, relative to its lower end."""
    duration: Any = Field(default=None, json_schema_extra=dict(DURATION_SCHEMA))
    """Length of the window of each probe."""
    warm_up: Any = Field(default=None, json_schema_extra=dict(DURATION_SCHEMA))
    """Time between the last user's start and the window, in each probe."""
    server: SomeServer | None = None
    """Settings of the server that differ from those of the base."""
    load: SomeLoad | None = None
    """Settings of the load that differ from those of the base. The load is open; the search sets its rate."""

    @property
    def overrides(self) -> dict[str, Any]:
        """The settings that differ from those of the base: the load is open, with Poisson arrivals by default."""
        changed = {key: value for key in Settings.model_fields if (value := getattr(self, key, None)) is not None}
        load = dict(changed.get("load") or {})
        arrivals = load.get("arrivals")
        given = arrivals if isinstance(arrivals, dict) else {}
        return changed | {"load": load | {"arrivals": {"rate": self.rates[0], **given}, "pacing": None}}


def _check_table_path(path: str) -> str:
    parts = path.split("/")
    if not path.isprintable() or "\\" in path or any(part in ("", ".", "..") for part in parts):
        raise ValueError("the path of a file in the suite's folder or below it, such as published.csv")
    return path


class Published(Model):
    """Published figures that are shown next to the measured ones."""

    table: Annotated[str, AfterValidator(_check_table_path)]
    """CSV file with the published figures, in the suite's folder or below it."""
    rows: dict[str, str]
    """Experiment → the row of the table that it repeats: the value in the column `row`."""


class SuiteFile(Model):
    """A Loadstone suite: experiments on a server under load."""

    title: Title | None = None
    """What is tested, for the head of the report: Checkout service. Default: the name of the suite's file."""
    seed: int = Field(default=1, ge=0, le=2**32 - 1)
    """Determines the order of runs, and what every user requests."""
    budget: PositiveDuration | None = None
    """Wall-clock time of a whole campaign, which bounds the repeats by need. The repeats that are measured in any case
    have to fit. Default: no bound."""
    defaults: SomeSettings = Field(default={})
    """Settings of every experiment that does not give its own."""
    experiments: dict[Name, SomeSettings] = Field(default={})
    """Name of an experiment → its settings that differ from the defaults."""
    sweeps: dict[Name, SweepFile] = Field(default={})
    """Name of a sweep → the factor that it varies, and the levels."""
    capacity: dict[Name, CapacityFile] = Field(default={})
    """Name of a search → the objective whose highest arrival rate it finds."""
    baselines: bool = True
    """Whether to add baselines: short runs that measure the unloaded response time of every distinct server and mix,
    and the highest rate that every load generator can send. Without them, verdicts have less evidence."""
    thresholds: Thresholds = Thresholds()
    """Limits in the rules of the verdict."""
    hypotheses: dict[Name, Hypothesis] = Field(default={})
    """Name of a hypothesis → its sentence, and the test that decides it."""
    published: Published | None = None
    """Published figures, and the experiments that repeat them."""


class Level(Model):
    """One level of a sweep."""

    value: Scalar | tuple[Scalar, ...]
    """Value of the factor."""
    experiment: str
    """Name of the experiment at this level."""


class Sweep(Model):
    """Experiments that differ in one factor."""

    vary: str
    """The factor, as a dotted key."""
    fit: tuple[str, ...]
    """Scaling laws to fit."""
    levels: tuple[Level, ...]


class Suite(SparseModel):
    """A suite with every setting filled in: the input of `plan` and all later stages."""

    SPARSE: ClassVar[frozenset[str]] = frozenset({"title", "budget"})

    title: str | None = None
    """What is tested, for the head of the report; None if neither the suite nor its file's name states it."""
    seed: int
    budget: PositiveDuration | None = None
    experiments: dict[str, Settings]
    sweeps: dict[str, Sweep]
    capacity: dict[FolderName, Search] = Field(default={})
    baselines: bool = True
    thresholds: Thresholds = Thresholds()
    hypotheses: dict[str, Hypothesis] = Field(default={})
    published: Published | None
