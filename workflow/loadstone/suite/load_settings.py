"""The load of an experiment: who sends requests, which ones, and when.

A load has one of three kinds of users: the built-in ones of the album API (`mix`), users that send declared requests
(`requests`), or the users of a locustfile (`locustfile`), which keep Locust's own semantics. The load of an imported
log has none of them: its users were another tool's.
"""

import math
import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic.json_schema import SkipJsonSchema

from loadstone.suite.declared_requests import DeclaredRequest, check_length
from loadstone.suite.locust_options import check_option_name, check_options, check_variable_name, freeze_options
from loadstone.suite.types import MAX_THINK_TIME_MEANS, Exponential, Model, PositiveDuration, SparseModel, ThinkTime
from loadstone.suite.urls import check_url

MAX_ARRIVALS = 100_000
"""Requests/s of an open load: a guard against typing errors."""

MAX_WORKERS = 64
"""Processes of a server, and of a load generator: a guard against typing errors."""

MAX_RAMP_UP_S = 3600.0
"""Seconds from the first user's start to the last user's: a guard against typing errors."""

SILENCE_S = 15.0
"""Seconds beyond the longest wait without any answer after which a server counts as dead, unless the suite says."""

FILE_SILENCE_S = 60.0
"""The same for a locustfile whose own waits are unknown."""

DEFAULT_THINK_TIME = (1.0, 2.0)


class Mix(Model):
    """Weights of a user's tasks: each request is chosen at random in proportion to them."""

    list_albums: int = Field(default=0, ge=0, le=1000)
    """Weight of GET /albums."""
    get_album: int = Field(default=0, ge=0, le=1000)
    """Weight of GET /albums/<id>, for one of the albums that existed before the run."""
    create_album: int = Field(default=0, ge=0, le=1000)
    """Weight of POST /albums."""
    calibration: int = Field(default=0, ge=0, le=1000)
    """Weight of GET /calibration."""

    @model_validator(mode="after")
    def _not_empty(self) -> "Mix":
        if not any(weight for _, weight in self):
            raise ValueError("at least one task needs a weight above 0")
        return self


DEFAULT_MIX = Mix(list_albums=3, get_album=3, create_album=2)


class Arrivals(Model):
    """An open load: requests start at a given rate, whether or not earlier requests have been answered."""

    rate: float = Field(gt=0, le=MAX_ARRIVALS)
    """Requests/s, over all workers together. With a locustfile: tasks/s."""
    kind: Literal["poisson", "constant"] = "poisson"
    """poisson (independent arrivals) or constant (equal intervals)."""


def as_tuple(value: object) -> object:
    """Take a list of YAML as a tuple, and one word as a tuple of one."""
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, list) else value


def _check_pattern(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"a regular expression; this is none: {error}") from None
    return pattern


def _check_class(name: str) -> str:
    if not name.isidentifier():
        raise ValueError("the name of a User class of the locustfile")
    return name


def _classes(value: object) -> object:
    """Take a list of names as a mapping to no weight: the class keeps its own."""
    if isinstance(value, list | tuple):
        return dict.fromkeys(value)
    return value


ImportedFrom = Literal["JMeter", "Gatling", "request log"]
"""What wrote an imported log."""
Texts = Annotated[tuple[str, ...], BeforeValidator(as_tuple), Field(min_length=1)]
Scalar = bool | int | float | str

KINDS = ("mix", "requests", "locustfile")
"""Keys of which a load has one: they say whose requests it sends."""
LOCUSTFILE_KEYS = (
    *("classes", "host", "folder", "env", "env_from", "options", "tags", "exclude_tags", "shape"),
    *("ignore", "files", "python"),
)
"""Keys that only a locustfile can have."""


class Load(SparseModel):
    """The load that Locust puts on the server.

    The load is closed unless `pacing` or `arrivals` is given: each user sends a request, waits for the response,
    thinks, and sends the next request.
    """

    SPARSE: ClassVar[frozenset[str]] = frozenset(
        {"requests", "locustfile", *LOCUSTFILE_KEYS, "allow_hosts", "group", "silence", "stop_timeout", "imported"}
    )

    user: Literal["HttpUser", "FastHttpUser", "other"] = "HttpUser"
    """Locust's client: HttpUser (python-requests) or FastHttpUser (geventhttpclient). With a locustfile, its classes
    determine the client, and Loadstone reads it from the file; other: neither of the two, or unknown."""
    users: int = Field(default=50, ge=1, le=20_000)
    """Concurrent users, once all have started. With `arrivals`: the highest number of requests at the same time."""
    spawn_rate: float = Field(default=10.0, gt=0)
    """Users started per second; at most all of them in one second."""
    think_time: ThinkTime | None = None
    """Seconds between a response and the user's next request: one number, [low, high] for a uniform distribution, or
    {exponential: mean}. Default: [1, 2]. With a locustfile: replaces the waits of the file; default: the file's own."""
    pacing: PositiveDuration | None = None
    """Time from the start of a user's request to the start of the same user's next one, however long the response
    takes. Replaces think_time."""
    arrivals: Arrivals | None = None
    """Makes the load open. Replaces think_time."""
    workers: int = Field(default=1, ge=1, le=MAX_WORKERS)
    """Locust worker processes."""
    mix: Mix | None = None
    """Weights of the tasks of the album API's users. A mix replaces the default mix as a whole; it is not merged key by
    key. Default: {list_albums: 3, get_album: 3, create_album: 2}."""
    requests: (
        Annotated[
            tuple[DeclaredRequest, ...], BeforeValidator(as_tuple), Field(min_length=1), AfterValidator(check_length)
        ]
        | None
    ) = None
    """Requests to send in place of the album API's, each with its weight; no Python is needed."""
    locustfile: Texts | None = None
    """A locustfile of your own, or several, relative to the suite's folder. Its users run unchanged."""
    classes: (
        Annotated[
            dict[Annotated[str, AfterValidator(_check_class)], Annotated[int, Field(ge=1, le=10_000)] | None],
            BeforeValidator(_classes),
            Field(min_length=1),
        ]
        | None
    ) = None
    """User classes of the locustfile to run: a list of names, or name → weight. Default: all, with their own weights.
    """
    host: Annotated[str, AfterValidator(check_url)] | None = None
    """Base URL for the users, in place of the server's. Another machine has to be listed in allow_hosts. A host that a
    User class sets by itself stays."""
    folder: str | None = None
    """Folder in which Locust runs, relative to the suite's folder, which is the default."""
    env: dict[Annotated[str, AfterValidator(check_variable_name)], str] = Field(default={})
    """Environment variables for Locust, added to those of the campaign. Results show them: keep secrets in env_from."""
    env_from: Texts | None = None
    """Files with NAME=VALUE lines, one variable per line, relative to the suite's folder. Their values appear in no
    result."""
    options: Annotated[
        dict[Annotated[str, AfterValidator(check_option_name)], Scalar | tuple[Scalar, ...]],
        BeforeValidator(freeze_options),
        AfterValidator(check_options),
    ] = Field(default={})
    """Command-line options that the locustfile declares: name → value, list of values, or true for a flag. $NAME stands
    for a variable of the environment or of env_from; results do not show its value."""
    tags: Texts | None = None
    """Run only tasks with one of these tags."""
    exclude_tags: Texts | None = None
    """Leave out tasks with one of these tags."""
    shape: Literal["ignore", "follow"] | None = None
    """What to do with a LoadTestShape in the locustfile: ignore (users and spawn_rate apply) or follow (the number of
    users changes, and each plateau has its own verdict). Without this key, a file with a shape is refused."""
    group: dict[Annotated[str, AfterValidator(_check_pattern)], str] = Field(default={})
    """Regular expression → name: requests whose whole name matches are one endpoint, such as {"/cart/add/.*":
    /cart/add}."""
    ignore: Texts | None = None
    """Types or names of request events that are not requests, such as events that wrap others."""
    files: Texts | None = None
    """Further files that the locustfile reads, relative to the suite's folder; a change reruns its experiments."""
    python: str | None = None
    """Python interpreter of another environment that has Locust and what the locustfile imports. Default: Loadstone's
    own."""
    allow_hosts: Texts | None = None
    """Hosts besides the server's to which users may connect, if their owners agree to the load."""
    silence: PositiveDuration | None = None
    """Time without any answer after which the server counts as dead. Default: 15s more than the longest wait; 60s for
    a locustfile with its own waits."""
    stop_timeout: PositiveDuration = 30.0
    """Time that requests and tasks have to finish after the window."""
    imported: SkipJsonSchema[ImportedFrom | None] = None
    """The tool that sent the requests. Only `loadstone import` writes it; no suite can have it."""

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, values: Any) -> Any:
        """Fill in the mix and think time of users that are Loadstone's own."""
        if not isinstance(values, dict) or any(values.get(key) is not None for key in ("locustfile", "imported")):
            return values
        filled = dict(values)
        if filled.get("requests") is None and filled.get("mix") is None:
            filled["mix"] = DEFAULT_MIX
        if filled.get("think_time") is None:
            filled["think_time"] = list(DEFAULT_THINK_TIME)
        return filled

    @model_validator(mode="after")
    def _one_kind(self) -> "Load":
        kinds = [key for key in KINDS if getattr(self, key) is not None]
        if len(kinds) > 1:
            raise ValueError(f"{' and '.join(kinds)} are both given; allowed: one of {', '.join(KINDS)}")
        foreign = [key for key in LOCUSTFILE_KEYS if getattr(self, key)]
        if foreign and self.locustfile is None:
            raise ValueError(f"{foreign[0]}: needs locustfile")
        if self.allow_hosts and self.mix is not None:
            raise ValueError("allow_hosts: needs locustfile or requests; the users of a mix follow no redirects")
        if self.user == "other" and self.locustfile is None and self.imported is None:
            raise ValueError("user: other needs locustfile; allowed: HttpUser, FastHttpUser")
        if self.shape == "follow" and self.scheduled:
            raise ValueError("shape: follow cannot be combined with pacing or arrivals; allowed: ignore")
        return self

    @model_validator(mode="after")
    def _spawnable(self) -> "Load":
        if self.spawn_rate > self.users:
            raise ValueError(f"spawn_rate: {self.spawn_rate:g} must be at most users: {self.users}")
        if self.ramp_up_s > MAX_RAMP_UP_S:
            slowest = math.ceil(1000 * self.users / MAX_RAMP_UP_S) / 1000
            raise ValueError(
                f"spawn_rate: {self.spawn_rate:g} takes more than an hour for users: {self.users}; "
                f"allowed: at least {slowest:g}"
            )
        if self.pacing and self.arrivals:
            raise ValueError("pacing: cannot be combined with arrivals; allowed: one of the two")
        return self

    @property
    def scheduled(self) -> bool:
        """Whether requests have an intended start, so that they can start late."""
        return self.pacing is not None or self.arrivals is not None

    @property
    def replaces_waits(self) -> bool:
        """Whether the suite decides when users send requests; otherwise a locustfile does."""
        return self.scheduled or self.think_time is not None

    @property
    def ramp_up_s(self) -> float:
        """Seconds from the first user's start to the last user's."""
        return self.users / self.spawn_rate

    @property
    def mean_think_time_s(self) -> float:
        """Configured mean think time in seconds; NaN if a locustfile decides."""
        if self.think_time is None:
            return math.nan
        return self.think_time.exponential if isinstance(self.think_time, Exponential) else sum(self.think_time) / 2

    @property
    def silence_s(self) -> float:
        """Seconds without any answer after which the server counts as dead."""
        if self.silence is not None:
            return self.silence
        return SILENCE_S + self._longest_wait_s if self.replaces_waits else FILE_SILENCE_S

    @property
    def _longest_wait_s(self) -> float:
        """Longest time between two requests of a user that the load itself asks for, seconds."""
        if self.arrivals is not None:
            return MAX_THINK_TIME_MEANS * self.users / self.arrivals.rate
        if self.pacing is not None:
            return self.pacing
        if isinstance(self.think_time, Exponential):
            return MAX_THINK_TIME_MEANS * self.think_time.exponential
        return (self.think_time or DEFAULT_THINK_TIME)[1]
