"""The settings of an experiment: the server, the load, and the lengths of time.

Every key has a default, so that a suite gives only the settings that differ. All values are immutable, and unknown keys
are errors.
"""

from typing import Annotated, Any, ClassVar, Literal, get_args
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from loadstone.suite.foreign_servers import CommandServer, ExternalServer
from loadstone.suite.load_settings import MAX_WORKERS, Load, Mix
from loadstone.suite.repeats import NumberOfRepeats, fixed
from loadstone.suite.types import Duration, Model, PositiveDuration, Precision, Rate, SparseModel
from loadstone.suite.urls import is_loopback

SHARED_STORES = frozenset({"sqlite"})
"""Stores that all worker processes of a server share. The other stores are in the memory of one process."""

OVERHEAD_S = 0.2
"""Expected wall-clock seconds of a run beyond its ramp-up, warm-up and window, as measured in a campaign. From start to
end it is 1.2 s, but Locust starts the users of the ramp-up's last second at its begin. A locustfile of one's own takes
about two seconds more."""

USUAL_PRECISION = 0.02
"""Precision that reports measure repeats against where a suite asks for none."""

StoreName = Literal["list", "dict", "sqlite", "cached"]


class Calibration(Model):
    """The route GET /calibration: requests of known demand, against which measurements can be checked."""

    parallel: Duration = 0.02
    """Mean of an exponentially distributed sleep that any number of requests spend at the same time."""
    serial: Duration = 0.0
    """Mean of an exponentially distributed sleep under a lock that all threads and worker processes share; 0s: no
    lock."""
    failures: float = Field(default=0.0, ge=0, le=1)
    """Share of requests that are answered with status 500, from 0 to 1."""


class GunicornServer(SparseModel):
    """The album API of `server/` under gunicorn."""

    SPARSE: ClassVar[frozenset[str]] = frozenset({"link"})

    kind: Literal["gunicorn"] = "gunicorn"
    """Loadstone starts gunicorn before each run, and stops it afterwards."""
    app: Literal["albums", "constant"] = "albums"
    """Application to serve: albums (the album API) or constant (the same response to every request, at the lowest
    possible cost, to find out how many requests a load generator can send)."""
    store: StoreName = "list"
    """Where the albums are kept: list (linear search), dict (hash map with a lock), sqlite (indexed, shared by all
    worker processes) or cached (a list whose serialised form is kept)."""
    worker_class: Literal["sync", "gthread", "gevent"] = "gthread"
    """gunicorn's worker class. sync closes the connection after each response."""
    workers: int = Field(default=1, ge=1, le=MAX_WORKERS)
    """Worker processes. More than one needs store: sqlite."""
    threads: int = Field(default=4, ge=1, le=256)
    """Threads of each gthread worker; 1 for the other worker classes."""
    albums: int = Field(default=3, ge=0, le=1_000_000)
    """Albums in the store before the run. The first three are the published ones."""
    albums_max: int | None = Field(default=None, ge=1, le=2_000_000)
    """Bound on the number of albums: once it is reached, each new album removes the oldest posted one. The initial
    albums and the newest posted one always stay, so that any bound up to `albums` means a constant size. Default: no
    bound."""
    calibration: Calibration | None = None
    """Adds the route GET /calibration. Default: no such route."""
    port: int | None = Field(default=None, ge=1024, le=65535)
    """Port on 127.0.0.1. Default: a free port."""
    link: Rate | None = None
    """Speed of the network between the load generator and the server, such as 100mbit, 1gbit or 20MB/s, with which a
    verdict can state that the network is full. Default: none."""

    @model_validator(mode="after")
    def _consistent(self) -> "GunicornServer":
        if self.workers > 1 and self.store not in SHARED_STORES and self.app == "albums":
            raise ValueError(
                f"store: {self.store} is kept in the memory of one process, so {self.workers} workers would serve "
                f"{self.workers} different collections; allowed with more than one worker: "
                + ", ".join(sorted(SHARED_STORES))
            )
        if self.worker_class != "gthread" and self.threads != 1:
            raise ValueError(
                f"threads: {self.threads} needs worker_class: gthread; allowed with {self.worker_class}: 1"
            )
        if self.calibration and self.calibration.serial and self.worker_class == "gevent":
            raise ValueError(
                "calibration.serial: needs worker_class: sync or gthread; waiting for the lock would stop gevent"
            )
        return self


Server = Annotated[GunicornServer | CommandServer | ExternalServer, Field(discriminator="kind")]
"""The system under test; `kind` states which of the three it is."""
DEFAULT_KIND = "gunicorn"


def _refuse_other_host(load: Load, server: GunicornServer | CommandServer | ExternalServer) -> None:
    """Raise ValueError if the load goes to a machine that neither the server nor `allow_hosts` names."""
    if load.host is None:
        return
    host = urlsplit(load.host).hostname or ""
    if "@" in load.host:
        raise ValueError("load.host: a user name or password would appear in every result; allowed: http://HOST:PORT")
    named = (getattr(server, "host", ""), *(load.allow_hosts or ()))
    if not is_loopback(host) and host not in named:
        raise ValueError(
            f"load.host: {host} is not this machine; if its owner agrees to the load, list it in load.allow_hosts"
        )


class Conditions(Model):
    """Everything that a run's figures depend on, as far as the suite determines it."""

    duration: PositiveDuration = 20.0
    """Length of the window, the part of a run that counts. Ramp-up and warm-up come before it."""
    warm_up: Duration = 3.0
    """Time between the last user's start and the window."""
    server: Server = GunicornServer()
    """The system under test."""
    load: Load = Load()
    """The load on it."""

    @model_validator(mode="before")
    @classmethod
    def _fill_in_kind(cls, values: Any) -> Any:
        """Fill in a missing `kind`: a suite need not give the most common one."""
        server = values.get("server") if isinstance(values, dict) else None
        return values | {"server": {"kind": DEFAULT_KIND, **server}} if isinstance(server, dict) else values

    @property
    def expected_s(self) -> float:
        """Wall-clock seconds of one run."""
        return OVERHEAD_S + self.load.ramp_up_s + self.warm_up + self.duration

    @model_validator(mode="after")
    def _answerable(self) -> "Conditions":
        _refuse_other_host(self.load, self.server)
        mix = self.load.mix
        if mix is None:
            return self
        if mix.get_album and not self.server.albums:
            raise ValueError("server.albums: 0 leaves load.mix.get_album nothing to request; allowed: 1 or more")
        gunicorn = self.server if isinstance(self.server, GunicornServer) else None
        if mix.calibration and not (gunicorn and gunicorn.calibration):
            raise ValueError("load.mix.calibration: needs server.kind: gunicorn with server.calibration")
        if gunicorn and gunicorn.app == "constant" and mix != Mix(get_album=mix.get_album):
            raise ValueError("load.mix: server.app: constant only answers get_album; allowed: get_album alone")
        return self


class Settings(Conditions):
    """All settings of one experiment."""

    repeats: NumberOfRepeats = Field(default=fixed(3), json_schema_extra={"default": 3})
    """Independent runs of the experiment: a number, or {min: 3, max: 10, until: decided}, with more than min only where
    results leave a question open."""
    precision: Precision | None = None
    """Wanted half width of the 95 % intervals of throughput and mean response time, relative to their values. Repeats
    by need go on until it is reached. After a first campaign, `loadstone plan` reports how many repeats it needs, and
    without a value how many ±2 % needs."""
    probe: bool = False
    """Whether to measure the experiment with twice the users as well, and then with up to two other changes that its
    verdict asks for: twice the slots, half the think time, or the other client. The change of throughput shows what set
    it."""

    @model_validator(mode="after")
    def _probeable(self) -> "Settings":
        if self.probe and self.load.shape == "follow":
            raise ValueError("probe: needs one number of users, but load.shape: follow changes it; allowed: ignore")
        limit = next(m.le for m in Load.model_fields["users"].metadata if hasattr(m, "le"))
        if self.probe and 2 * self.load.users > limit:
            raise ValueError(
                f"probe: needs twice load.users: {self.load.users}, more than {limit:,}; "
                f"allowed: load.users of at most {limit // 2:,}"
            )
        return self

    @property
    def usual_precision(self) -> float:
        """The wanted precision, or the usual one where none is asked for."""
        return USUAL_PRECISION if self.precision is None else self.precision

    @property
    def conditions(self) -> Conditions:
        """The settings of each of its runs."""
        return Conditions.model_construct(**{key: getattr(self, key) for key in Conditions.model_fields})


def task_names() -> tuple[str, ...]:
    """Return the names of the tasks in a mix."""
    return tuple(Mix.model_fields)


def store_names() -> tuple[str, ...]:
    """Return the names of the stores."""
    return get_args(StoreName)


def server_kinds() -> tuple[str, ...]:
    """Return the kinds of server that can be under test."""
    return tuple(model.model_fields["kind"].default for model in get_args(get_args(Server)[0]))
