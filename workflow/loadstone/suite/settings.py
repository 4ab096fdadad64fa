"""What a run's numbers depend on, as far as a suite decides it: the server, the load, the times.

Every key has a default, so that a suite writes down only what differs. All values are immutable, and unknown keys are
errors.
"""

import math
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, model_validator

from loadstone.suite.foreign_servers import CommandServer, ExternalServer
from loadstone.suite.types import (
    MAX_THINK_TIME_MEANS,
    Duration,
    Exponential,
    Model,
    PositiveDuration,
    Precision,
    ThinkTime,
)

SHARED_STORES = frozenset({"sqlite"})
"""Stores that all worker processes of one server see. The others live in one process's memory."""


MAX_ARRIVALS = 100_000
"""Requests a second: a guard against a typing error."""

MAX_WORKERS = 64
"""Processes of a server, and of a load generator, likewise."""

MAX_RAMP_UP_S = 3600.0
"""Seconds, likewise."""

OVERHEAD_S = 3.2
"""Seconds that a run takes beyond ramp-up, warm-up and window, as far as can be told beforehand."""

StoreName = Literal["list", "dict", "sqlite", "cached"]


class Calibration(Model):
    """The route GET /calibration: a known demand, to check the instrument by."""

    parallel: Duration = 0.02
    """Mean of an exponential sleep that any number of requests spend at the same time."""
    serial: Duration = 0.0
    """Mean of an exponential sleep under a lock that all threads and worker processes share; 0s: no lock."""
    failures: float = Field(default=0.0, ge=0, le=1)
    """Share of requests that are answered with status 500."""


class GunicornServer(Model):
    """The album API of `server/` under gunicorn."""

    kind: Literal["gunicorn"] = "gunicorn"
    """Who starts the system under test."""
    app: Literal["albums", "constant"] = "albums"
    """What it serves: the album API, or one constant answer to every request: the least that a server can do, for
    finding out how much a load generator can send."""
    store: StoreName = "list"
    """Where albums are kept: list (linear search), dict (hash map with a lock), sqlite (indexed, shared by all worker
    processes) or cached (a list whose serialised form is kept)."""
    worker_class: Literal["sync", "gthread", "gevent"] = "gthread"
    """gunicorn's worker class. sync closes the connection after each response."""
    workers: int = Field(default=1, ge=1, le=MAX_WORKERS)
    """Worker processes."""
    threads: int = Field(default=4, ge=1, le=256)
    """Threads of each gthread worker."""
    albums: int = Field(default=3, ge=0, le=1_000_000)
    """Albums in the store before the run; the first three are the published ones."""
    albums_max: int | None = Field(default=None, ge=1, le=2_000_000)
    """Bound on the store: past it each new album pushes the oldest posted one out. The starting albums and the newest
    posted one always stay, so that any bound up to `albums` means a constant size. No bound where absent."""
    calibration: Calibration | None = None
    """The route GET /calibration; without it there is none."""
    port: int | None = Field(default=None, ge=1024, le=65535)
    """Port on 127.0.0.1; a free one is taken where absent."""

    @model_validator(mode="after")
    def _consistent(self) -> "GunicornServer":
        if self.workers > 1 and self.store not in SHARED_STORES and self.app == "albums":
            raise ValueError(
                f"store: {self.store} lives in one process's memory, so {self.workers} workers would hold "
                f"{self.workers} different collections; allowed with more than one worker: "
                + ", ".join(sorted(SHARED_STORES))
            )
        if self.worker_class != "gthread" and self.threads != 1:
            raise ValueError(f"threads: {self.threads} needs worker_class: gthread; {self.worker_class} takes 1")
        if self.calibration and self.calibration.serial and self.worker_class == "gevent":
            raise ValueError("calibration.serial: needs worker_class: sync or gthread; waiting for a lock stops gevent")
        return self


Server = Annotated[GunicornServer | CommandServer | ExternalServer, Field(discriminator="kind")]
"""What can be under test, told apart by `kind`."""
DEFAULT_KIND = "gunicorn"


class Mix(Model):
    """Weights of the tasks a user chooses from."""

    list_albums: int = Field(default=0, ge=0, le=1000)
    """GET /albums"""
    get_album: int = Field(default=0, ge=0, le=1000)
    """GET /albums/<id>, one of the albums that were there before the run"""
    create_album: int = Field(default=0, ge=0, le=1000)
    """POST /albums"""
    calibration: int = Field(default=0, ge=0, le=1000)
    """GET /calibration"""

    @model_validator(mode="after")
    def _not_empty(self) -> "Mix":
        if not any(weight for _, weight in self):
            raise ValueError("at least one task needs a weight above 0")
        return self


class Arrivals(Model):
    """An open load: requests begin at a rate, whatever becomes of those before."""

    rate: float = Field(gt=0, le=MAX_ARRIVALS)
    """Requests a second, over all workers."""
    kind: Literal["poisson", "constant"] = "poisson"
    """Independent arrivals, or equal distances."""


class Load(Model):
    """What Locust does to the server.

    Closed, unless `pacing` or `arrivals` is given: each user waits for a response, thinks, and asks again.
    """

    user: Literal["HttpUser", "FastHttpUser"] = "HttpUser"
    """Locust's client: HttpUser (python-requests) or FastHttpUser (geventhttpclient)."""
    users: int = Field(default=50, ge=1, le=20_000)
    """Concurrent users, once all are spawned; with `arrivals`, the most requests that can be under way at once."""
    spawn_rate: float = Field(default=10.0, gt=0)
    """Users started a second; at most all of them in one second."""
    think_time: ThinkTime = (1.0, 2.0)
    """Seconds between a response and the user's next request: one number, [low, high] for uniform, or {exponential:
    mean}."""
    pacing: PositiveDuration | None = None
    """Time from a user's request to the same user's next, whatever the response took: replaces think_time."""
    arrivals: Arrivals | None = None
    """An open load: replaces think_time."""
    workers: int = Field(default=1, ge=1, le=MAX_WORKERS)
    """Locust worker processes."""
    mix: Mix = Mix(list_albums=3, get_album=3, create_album=2)
    """Weights of the tasks; given as a whole, never merged key by key."""

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
            raise ValueError("pacing: can't be given beside arrivals: one is a closed load, the other an open one")
        return self

    @property
    def scheduled(self) -> bool:
        """Whether requests have a time at which they are to begin, so that they can begin late."""
        return self.pacing is not None or self.arrivals is not None

    @property
    def ramp_up_s(self) -> float:
        """Seconds from the first user to the last."""
        return self.users / self.spawn_rate

    @property
    def mean_think_time_s(self) -> float:
        """Configured mean think time in seconds."""
        return self.think_time.exponential if isinstance(self.think_time, Exponential) else sum(self.think_time) / 2

    @property
    def longest_wait_s(self) -> float:
        """Longest time in seconds that a user waits of its own will."""
        if self.arrivals is not None:
            return MAX_THINK_TIME_MEANS * self.users / self.arrivals.rate
        if self.pacing is not None:
            return self.pacing
        if isinstance(self.think_time, Exponential):
            return MAX_THINK_TIME_MEANS * self.think_time.exponential
        return self.think_time[1]


class Conditions(Model):
    """All that a run's numbers depend on, as far as the suite decides it."""

    duration: PositiveDuration = 20.0
    """Length of the window: ramp-up and warm-up come on top."""
    warm_up: Duration = 3.0
    """Time between the last user's start and the window."""
    server: Server = GunicornServer()
    load: Load = Load()

    @model_validator(mode="before")
    @classmethod
    def _of_a_kind(cls, values: Any) -> Any:
        """Fill a missing `kind` in: a suite need not write the most usual one."""
        server = values.get("server") if isinstance(values, dict) else None
        return values | {"server": {"kind": DEFAULT_KIND, **server}} if isinstance(server, dict) else values

    @property
    def expected_s(self) -> float:
        """Wall-clock seconds that one run of it takes."""
        return OVERHEAD_S + self.load.ramp_up_s + self.warm_up + self.duration

    @model_validator(mode="after")
    def _askable(self) -> "Conditions":
        if self.load.mix.get_album and not self.server.albums:
            raise ValueError("server.albums: 0 leaves load.mix.get_album nothing to ask for; allowed: 1 or more")
        started = self.server if isinstance(self.server, GunicornServer) else None
        if self.load.mix.calibration and not (started and started.calibration):
            raise ValueError("load.mix.calibration: needs server.calibration, of server.kind: gunicorn")
        if started and started.app == "constant" and self.load.mix != Mix(get_album=self.load.mix.get_album):
            raise ValueError("load.mix: server.app: constant answers like GET /albums/<id>; allowed: get_album alone")
        return self


class Settings(Conditions):
    """One experiment in full."""

    repeats: int = Field(default=3, ge=1, le=100)
    """Independent runs."""
    precision: Precision = 0.02
    """Wanted half width of the 95 % intervals of throughput and mean response time, relative to them: how many repeats
    it takes is told by `loadstone plan` after a first campaign."""
    probe: bool = False
    """Whether to run it with twice the users too: how throughput answers tells think time from a capacity reached."""

    @model_validator(mode="after")
    def _probeable(self) -> "Settings":
        most = next(m.le for m in Load.model_fields["users"].metadata if hasattr(m, "le"))
        if self.probe and 2 * self.load.users > most:
            raise ValueError(f"probe: twice load.users: {self.load.users} would be more than {most}")
        return self

    @property
    def conditions(self) -> Conditions:
        """The settings of each of its runs."""
        return Conditions.model_construct(**{key: getattr(self, key) for key in Conditions.model_fields})


def task_names() -> tuple[str, ...]:
    """Tasks that a mix can weigh."""
    return tuple(Mix.model_fields)


def store_names() -> tuple[str, ...]:
    """Stores that a server can be given."""
    return get_args(StoreName)


def server_kinds() -> tuple[str, ...]:
    """Kinds of server that can be under test."""
    return tuple(model.model_fields["kind"].default for model in get_args(get_args(Server)[0]))
