"""Probes: an experiment measured again with one thing changed, to find what set its throughput.

An experiment with `probe: true` always has the probe with twice the users. The others are *follow-ups*: a look at the
first runs grants those that its verdict asks for, at most `MAX_FOLLOW_UPS` of them.

A probe's name is that of its experiment, `@`, and what is changed. The `@` distinguishes it from every name in a suite.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from pydantic import ValidationError

from loadstone.suite.foreign_servers import CommandServer
from loadstone.suite.repeats import fixed
from loadstone.suite.settings import Conditions, GunicornServer, Settings
from loadstone.suite.types import Exponential


class Probe(StrEnum):
    """What a probe changes, as its name states it."""

    TWICE = "twice"
    """Twice the users."""
    CLIENT = "client"
    """The other of Locust's two clients, HttpUser or FastHttpUser."""
    SLOTS = "slots"
    """Twice the threads per worker, or twice the workers where there are no threads to add."""
    HALF_THINK = "half-think"
    """Half the think time."""


FOLLOW_UPS = (Probe.CLIENT, Probe.SLOTS, Probe.HALF_THINK)
"""The probes that a look may grant, the most useful first."""

MAX_FOLLOW_UPS = 2
"""The most follow-ups of one experiment that a look grants."""


def probe_name(experiment: str, probe: Probe = Probe.TWICE) -> str:
    """Name a probe of an experiment."""
    return f"{experiment}@{probe}"


def probed_experiment(name: str) -> tuple[str, Probe] | None:
    """Return the experiment and the kind of the probe `name`; None if it is not a probe."""
    experiment, _, kind = name.rpartition("@")
    return (experiment, Probe(kind)) if experiment and kind in set(Probe) else None


def is_follow_up(name: str) -> bool:
    """Whether the name is that of a probe that only a look grants."""
    found = probed_experiment(name)
    return found is not None and found[1] in FOLLOW_UPS


def sure_probes(experiments: Mapping[str, Settings]) -> dict[str, Settings]:
    """Make the settings of the probes that are measured in any case, by name."""
    return {probe_name(name): _with_twice_the_users(each) for name, each in experiments.items() if each.probe}


def follow_ups(experiments: Mapping[str, Settings]) -> dict[str, Settings]:
    """Make the settings of all probes that a look may grant, by name, in the order of the experiments.

    A probe that the server or the load does not allow is left out.
    """
    found: dict[str, Settings] = {}
    for name, settings in experiments.items():
        for probe in FOLLOW_UPS if settings.probe else ():
            if (changed := _CHANGES[probe](settings)) is not None and _is_allowed(changed):
                found[probe_name(name, probe)] = changed
    return found


def follow_ups_of(experiment: str, possible: Mapping[str, Settings]) -> list[Probe]:
    """List the follow-ups of an experiment among the possible ones."""
    return [probe for probe in FOLLOW_UPS if probe_name(experiment, probe) in possible]


def describe_change(probe: Probe, settings: Settings, probed: Settings) -> str:
    """State what a probe with the settings `probed` changes in those of its experiment: `twice the threads`."""
    match probe:
        case Probe.TWICE:
            return "twice the users"
        case Probe.HALF_THINK:
            return "half the think time"
        case Probe.CLIENT:
            return f"{probed.load.user} instead of {settings.load.user}"
        case Probe.SLOTS:
            return "twice the workers" if settings.server.workers != probed.server.workers else "twice the threads"


def _with_twice_the_users(settings: Settings) -> Settings:
    return _changed(settings, load={"users": 2 * settings.load.users, "spawn_rate": 2 * settings.load.spawn_rate})


def _with_half_the_think_time(settings: Settings) -> Settings | None:
    load = settings.load
    if load.scheduled or not load.mean_think_time_s > 0:  # not a number, if a locustfile decides
        return None
    if isinstance(load.think_time, Exponential):
        return _changed(settings, load={"think_time": Exponential(exponential=load.think_time.exponential / 2)})
    low, high = load.think_time or (0.0, 0.0)
    return _changed(settings, load={"think_time": (low / 2, high / 2)})


def _with_twice_the_slots(settings: Settings) -> Settings | None:
    server = settings.server
    if isinstance(server, GunicornServer):
        key = {"gthread": "threads", "sync": "workers"}.get(server.worker_class)
    elif isinstance(server, CommandServer):
        words = (*server.argv, *server.env.values())
        key = next((key for key in ("threads", "workers") if any(f"{{{key}}}" in word for word in words)), None)
    else:
        key = None
    return None if key is None else _changed(settings, server={key: 2 * getattr(server, key)})


def _with_the_other_client(settings: Settings) -> Settings | None:
    if settings.load.locustfile is not None:
        return None
    other = {"HttpUser": "FastHttpUser", "FastHttpUser": "HttpUser"}
    return _changed(settings, load={"user": other[settings.load.user]})


_CHANGES = {
    Probe.CLIENT: _with_the_other_client,
    Probe.SLOTS: _with_twice_the_slots,
    Probe.HALF_THINK: _with_half_the_think_time,
}


def _changed(
    settings: Settings, load: Mapping[str, Any] | None = None, server: Mapping[str, Any] | None = None
) -> Settings:
    """Change settings. A probe has as many repeats as its experiment is sure to have: looks are not about probes."""
    return settings.model_copy(
        update={
            "load": settings.load.model_copy(update=dict(load or {})),
            "server": settings.server.model_copy(update=dict(server or {})),
            "probe": False,
            "repeats": fixed(settings.repeats.min),
        }
    )


def _is_allowed(settings: Settings) -> bool:
    """Whether a suite could have these settings: bounds, and what a store or a worker class allows."""
    try:
        Conditions.model_validate_json(settings.conditions.model_dump_json())
    except ValidationError:
        return False
    return True
