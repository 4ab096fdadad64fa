"""Runs that Loadstone adds to a suite by itself, so that verdicts have something to measure against.

The *unloaded* response time R₀ of every distinct server, mix and client: one user, who never waits. The *ceiling* of
every load generator: what so many workers of a user class send to a server that answers at once. A *probe* of an
experiment that asks for one: the same with twice the users. Each has a name that says what it depends on, so that
experiments share it and a changed suite measures only what is new; `@` keeps it apart from any name in a suite.
"""

import hashlib
from collections.abc import Mapping

from loadstone.suite.settings import MAX_WORKERS, GunicornServer, Load, Mix, Server, Settings

UNLOADED, CEILING, TWICE = "unloaded@", "ceiling@", "@twice"

WARM_UP_S = 0.5
DURATION_S = 1.5
"""One user makes hundreds of requests in that time."""

CEILING_S = 2.5
"""Longer, since a machine at its limit is never quite steady."""

USERS_PER_WORKER = 32
"""Users that keep one generator worker busy, whatever it waits for."""

CONSTANT_WORKERS = 2
"""Worker processes of the constant server for each of the generator's: answering costs less than asking."""


def added_settings(experiments: Mapping[str, Settings], *, baselines: bool) -> dict[str, Settings]:
    """Lay out what is added to `experiments`: name → settings."""
    added = {twice_name(name): _twice(settings) for name, settings in experiments.items() if settings.probe}
    if baselines:
        for settings in [*experiments.values(), *added.values()]:
            added[unloaded_name(settings)] = _unloaded(settings)
            added[ceiling_name(settings)] = _ceiling(settings)
    return dict(sorted(added.items()))


def unloaded_name(settings: Settings) -> str:
    """Name the run that measures R₀ for an experiment: all that differs there is how many ask."""
    content = _unloaded(settings).conditions.model_dump_json()
    return UNLOADED + hashlib.sha256(content.encode()).hexdigest()[:8]


def ceiling_name(settings: Settings) -> str:
    """Name the run that measures how much an experiment's load generator can send."""
    return f"{CEILING}{settings.load.user}-{settings.load.workers}"


def twice_name(experiment: str) -> str:
    """Name the run of an experiment with twice the users."""
    return experiment + TWICE


def is_baseline(name: str) -> bool:
    """Whether a run is there for others to be compared with: neither an experiment nor its probe."""
    return name.startswith((UNLOADED, CEILING))


def _unloaded(settings: Settings) -> Settings:
    server = settings.server
    if isinstance(server, GunicornServer):
        server = server.model_copy(update={"albums_max": server.albums_max or max(1, server.albums)})
    load = Load(user=settings.load.user, users=1, spawn_rate=1, think_time=(0.0, 0.0), mix=settings.load.mix)
    return _short(server, load)


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


def _short(server: Server, load: Load, duration: float = DURATION_S) -> Settings:
    return Settings.model_construct(
        duration=duration, warm_up=WARM_UP_S, server=server, load=load, repeats=1, precision=0.02, probe=False
    )


def _twice(settings: Settings) -> Settings:
    load = settings.load
    more = {"users": 2 * load.users, "spawn_rate": 2 * load.spawn_rate}
    return settings.model_copy(update={"load": load.model_copy(update=more), "probe": False})
