"""Runs that Loadstone adds to a suite, so that verdicts have baselines to compare with.

- The *unloaded* response time R₀ of every distinct server, load and client: one user who pauses between requests, so
  that a server that refuses or delays requests above a rate is not measured at that rate. If a load lists several user
  classes of a locustfile, each has a run of its own: at the same time, their requests would compete for the server.
- The *ceiling* of every load generator: the rate that its workers reach against a server that answers at once. There is
  none for a client of which Loadstone knows nothing.
- The *probes* of an experiment with `probe: true`: see `loadstone.plan.probes`.

Each run's name states what the run depends on. Experiments with the same dependencies share it, and a changed suite
measures only what is new. The `@` in the name distinguishes it from every name in a suite.
"""

import hashlib
from collections.abc import Container, Mapping

from loadstone.plan.probes import sure_probes
from loadstone.suite.load_settings import MAX_WORKERS, Load, Mix
from loadstone.suite.repeats import fixed
from loadstone.suite.settings import GunicornServer, Server, Settings

UNLOADED, CEILING = "unloaded@", "ceiling@"
"""Beginnings of the names of baselines."""

PAUSE_S = 0.02
"""Time between a response and the next request in an unloaded run: fewer than 50 requests/s, whatever the server."""

WARM_UP_S = 0.5
DURATION_S = 1.5
"""Window of an unloaded run. One user makes about 65 requests in this time if a response takes a few milliseconds."""

FILE_WARM_UP_S = 1.0
FILE_DURATION_S = 5.0
"""The same for the users of a locustfile, who may log in first, and whose tasks may be long."""

CEILING_S = 2.5
"""Window of a ceiling run: longer, since a machine at its limit is less steady."""

USERS_PER_WORKER = 32
"""Users that keep one worker of the generator busy in a ceiling run."""

CONSTANT_WORKERS = 2
"""Worker processes of the constant server per worker of the generator. Answering takes less CPU time than asking."""


def baselines_and_probes(experiments: Mapping[str, Settings], *, baselines: bool) -> dict[str, Settings]:
    """Make the settings of the runs added to `experiments`, by name: the sure probes, and the baselines if wanted."""
    added = sure_probes(experiments)
    if baselines:
        for settings in [*experiments.values(), *added.values()]:
            added |= {_name(alone): alone for alone in _unloaded(settings)}
            if ceiling := ceiling_name(settings):
                added[ceiling] = _ceiling(settings)
    return dict(sorted(added.items()))


def unloaded_names(settings: Settings, planned: Container[str] | None = None) -> tuple[str, ...]:
    """Name the runs that measure R₀ for an experiment: one, or one per user class in the order of `load.classes`.

    The names depend on the server, the requests and the client. With `planned`, the names of a plan's runs, those of an
    earlier version are found as well: its user did not pause.
    """
    names = tuple(_name(alone) for alone in _unloaded(settings))
    if planned is None or all(name in planned for name in names):
        return names
    earlier = tuple(_name(alone) for alone in _unloaded(settings, pause_s=0.0))
    return earlier if all(name in planned for name in earlier) else names


def _name(alone: Settings) -> str:
    content = alone.conditions.model_dump_json()
    return UNLOADED + hashlib.sha256(content.encode()).hexdigest()[:8]


def ceiling_name(settings: Settings) -> str | None:
    """Name the run that measures how many requests/s an experiment's load generator can send; None without one."""
    if settings.load.user == "other":
        return None
    return f"{CEILING}{settings.load.user}-{settings.load.workers}"


def is_baseline(name: str) -> bool:
    """Whether the name is that of a baseline: neither an experiment nor a probe."""
    return name.startswith((UNLOADED, CEILING))


def _unloaded(settings: Settings, pause_s: float = PAUSE_S) -> list[Settings]:
    server = settings.server
    if isinstance(server, GunicornServer):
        server = server.model_copy(update={"albums_max": server.albums_max or max(1, server.albums)})
    if settings.load.mix is None:
        classes = settings.load.classes
        of_each = [{name: 1} for name in classes] if classes else [None]
        return [_unloaded_foreign(server, settings.load, each, pause_s) for each in of_each]
    load = Load(user=settings.load.user, users=1, spawn_rate=1, think_time=(pause_s, pause_s), mix=settings.load.mix)
    return [_short(server, load)]


def _unloaded_foreign(server: Server, load: Load, classes: dict[str, int] | None, pause_s: float) -> Settings:
    """Make the unloaded run of a locustfile or of declared requests, with one user."""
    alone = load.model_copy(
        update={
            "users": 1,
            "spawn_rate": 1.0,
            "workers": 1,
            "think_time": (pause_s, pause_s),
            "pacing": None,
            "arrivals": None,
            "classes": classes,
            "shape": "ignore" if load.shape else None,
        }
    )
    if load.locustfile is None:
        return _short(server, alone)
    return _short(server, alone, FILE_DURATION_S, FILE_WARM_UP_S)


def _ceiling(settings: Settings) -> Settings:
    workers = settings.load.workers
    users = USERS_PER_WORKER * workers
    server = GunicornServer(
        app="constant",
        worker_class="gevent",
        threads=1,
        workers=min(MAX_WORKERS, CONSTANT_WORKERS * workers),
        albums=1,
    )
    load = Load(
        user=settings.load.user,
        users=users,
        spawn_rate=users,
        think_time=(0.0, 0.0),
        workers=workers,
        mix=Mix(get_album=1),
    )
    return _short(server, load, CEILING_S)


def _short(server: Server, load: Load, duration: float = DURATION_S, warm_up: float = WARM_UP_S) -> Settings:
    return Settings.model_construct(
        duration=duration, warm_up=warm_up, server=server, load=load, repeats=fixed(1), precision=None, probe=False
    )
