"""What a suite can say, as typed values.

`Settings` is one experiment in full: every key has a default, so a suite writes down only what differs. `SuiteFile` is
the file as people write it (its experiments hold only some keys of `Settings`); `Suite` is what it means once the
defaults are merged in (`loadstone.suitefile` does that). All values are immutable, and unknown keys are errors.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from loadstone.values import DURATION_SCHEMA, Duration, Name, PositiveDuration, ThinkTime

SHARED_STORES = frozenset({"sqlite"})
"""Stores that all worker processes of one server see. The others live in one process's memory."""


class Model(BaseModel):
    """Immutable, and strict about keys and types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)


StoreName = Literal["list", "dict", "sqlite", "cached"]
Scalar = bool | int | float | str


def _sweepable(value: object) -> object:
    values = value if isinstance(value, list) and value else [value]
    if not all(isinstance(v, bool | int | float | str) for v in values):
        raise ValueError("a number, a word, or a list of those")
    return value


class GunicornServer(Model):
    """The album API of `server/` under gunicorn."""

    kind: Literal["gunicorn"] = "gunicorn"
    """Who starts the system under test."""
    store: StoreName = "list"
    """Where albums are kept: list (linear search), dict (hash map with a lock), sqlite (indexed, shared by all worker
    processes) or cached (a list whose serialised form is kept)."""
    worker_class: Literal["sync", "gthread", "gevent"] = "gthread"
    """gunicorn's worker class. sync closes the connection after each response."""
    workers: int = Field(default=1, ge=1, le=64)
    """Worker processes."""
    threads: int = Field(default=4, ge=1, le=256)
    """Threads of each gthread worker."""
    albums: int = Field(default=3, ge=0, le=1_000_000)
    """Albums in the store before the run; the first three are the published ones."""
    albums_max: int | None = Field(default=None, ge=1, le=2_000_000)
    """Bound on the store: past it each new album pushes the oldest posted one out. The starting albums and the newest
    posted one always stay, so that any bound up to `albums` means a constant size. No bound where absent."""
    port: int | None = Field(default=None, ge=1024, le=65535)
    """Port on 127.0.0.1; a free one is taken where absent."""

    @model_validator(mode="after")
    def _consistent(self) -> "GunicornServer":
        if self.workers > 1 and self.store not in SHARED_STORES:
            raise ValueError(
                f"store: {self.store} lives in one process's memory, so {self.workers} workers would hold "
                f"{self.workers} different collections; allowed with more than one worker: "
                + ", ".join(sorted(SHARED_STORES))
            )
        if self.worker_class != "gthread" and self.threads != 1:
            raise ValueError(f"threads: {self.threads} needs worker_class: gthread; {self.worker_class} takes 1")
        return self


Server = GunicornServer
"""What can be under test, told apart by `kind`: a further kind joins as `Annotated[A | B, Field(discriminator="kind")]`
(`loadstone.suitefile` fills a missing `kind` in, so a suite need not write it)."""


class Mix(Model):
    """Weights of the tasks a user chooses from."""

    list_albums: int = Field(default=0, ge=0, le=1000)
    """GET /albums"""
    get_album: int = Field(default=0, ge=0, le=1000)
    """GET /albums/<id>, one of the albums that were there before the run"""
    create_album: int = Field(default=0, ge=0, le=1000)
    """POST /albums"""

    @model_validator(mode="after")
    def _not_empty(self) -> "Mix":
        if self.list_albums + self.get_album + self.create_album == 0:
            raise ValueError("at least one task needs a weight above 0")
        return self


class Load(Model):
    """What Locust does to the server."""

    user: Literal["HttpUser", "FastHttpUser"] = "HttpUser"
    """Locust's client: HttpUser (python-requests) or FastHttpUser (geventhttpclient)."""
    users: int = Field(default=50, ge=1, le=20_000)
    """Concurrent users, once all are spawned."""
    spawn_rate: float = Field(default=10.0, gt=0)
    """Users started a second; at most all of them in one second."""
    think_time: ThinkTime = (1.0, 2.0)
    """Seconds between a response and the user's next request: one number, or [low, high] for uniform."""
    workers: int = Field(default=1, ge=1, le=64)
    """Locust worker processes."""
    mix: Mix = Mix(list_albums=3, get_album=3, create_album=2)
    """Weights of the tasks; given as a whole, never merged key by key."""

    @model_validator(mode="after")
    def _spawnable(self) -> "Load":
        if self.spawn_rate > self.users:
            raise ValueError(f"spawn_rate: {self.spawn_rate:g} must be at most users: {self.users}")
        return self

    @property
    def ramp_up_s(self) -> float:
        """Seconds from the first user to the last."""
        return self.users / self.spawn_rate

    @property
    def mean_think_time_s(self) -> float:
        """Configured mean think time in seconds."""
        return sum(self.think_time) / 2


class Conditions(Model):
    """All that a run's numbers depend on, as far as the suite decides it."""

    duration: PositiveDuration = 20.0
    """Length of the window: ramp-up and warm-up come on top."""
    warm_up: Duration = 3.0
    """Time between the last user's start and the window."""
    server: Server = GunicornServer()
    load: Load = Load()

    @model_validator(mode="after")
    def _askable(self) -> "Conditions":
        if self.load.mix.get_album and not self.server.albums:
            raise ValueError("server.albums: 0 leaves load.mix.get_album nothing to ask for; allowed: 1 or more")
        return self


class Settings(Conditions):
    """One experiment in full."""

    repeats: int = Field(default=3, ge=1, le=100)
    """Independent runs."""

    @property
    def conditions(self) -> Conditions:
        """The settings of each of its runs."""
        return Conditions.model_construct(**{key: getattr(self, key) for key in Conditions.model_fields})


class _SchemaOf:
    """Annotation: describe a mapping in the JSON Schema as a (partly filled) `model`."""

    def __init__(self, model: type[BaseModel]) -> None:
        self.model = model

    def __get_pydantic_json_schema__(self, _: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(self.model.__pydantic_core_schema__)


SomeSettings = Annotated[dict[str, Any], _SchemaOf(Settings)]
SomeServer = Annotated[dict[str, Any], _SchemaOf(GunicornServer)]
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
    fit: list[Literal["amdahl"]] = []
    """Scaling laws to fit to throughput over the factor."""
    duration: Any = Field(default=None, json_schema_extra=dict(DURATION_SCHEMA))
    warm_up: Any = Field(default=None, json_schema_extra=dict(DURATION_SCHEMA))
    repeats: Any = Field(default=None, json_schema_extra={"type": "integer", "minimum": 1})
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


class Published(Model):
    """Figures that somebody else published, to be set beside ours."""

    table: str
    """CSV file, found beside the suite."""
    rows: dict[str, str]
    """Experiment → the value of the table's `row` column."""


class SuiteFile(Model):
    """A Loadstone suite: experiments on a server under load."""

    seed: int = Field(default=1, ge=0, le=2**32 - 1)
    """Fixes the order of runs and what every user asks for."""
    defaults: SomeSettings = {}
    """Settings of every experiment that doesn't say otherwise."""
    experiments: dict[Name, SomeSettings] = {}
    """Name → what differs from the defaults."""
    sweeps: dict[Name, SweepFile] = {}
    """Name → one factor and its levels."""
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
    published: Published | None


def task_names() -> tuple[str, ...]:
    """Tasks that a mix can weigh."""
    return tuple(Mix.model_fields)


def store_names() -> tuple[str, ...]:
    """Stores that a server can be given."""
    return get_args(StoreName)
