"""How experiments differ: settings as dotted keys, and the values that most experiments share."""

from collections.abc import Iterator, Mapping

from loadstone.suite.foreign_servers import CommandServer
from loadstone.suite.load_settings import Load
from loadstone.suite.model import Suite
from loadstone.suite.settings import DEFAULT_KIND, Conditions

UNKNOWN_OF_IMPORTS = ("load.spawn_rate", "load.workers", "server.albums", "server.url", "server.allow_remote")
"""Keys that have a value in the settings of an imported log, although it is not known."""
_ABSENT = object()
_UNSET = {
    f"{part}.{key}": model.model_fields[key].default
    for part, model in (("load", Load), ("server", CommandServer))
    for key in model.SPARSE
}
"""Dotted key that few suites have → what it is without them."""


def common_settings(suite: Suite) -> dict[str, object]:
    """Find the most common value of each key, which differences are stated against.

    Each kind of server has its own keys; a key that most experiments lack is left out.
    """
    experiments = [flatten(settings) for settings in suite.experiments.values()]
    keys = dict.fromkeys(key for settings in experiments for key in settings)
    values = {key: [settings.get(key, _ABSENT) for settings in experiments] for key in keys}
    most_common = {key: max(of_key, key=of_key.count) for key, of_key in values.items()}
    return {key: value for key, value in most_common.items() if value is not _ABSENT}


def without_unset(settings: Mapping[str, object]) -> dict[str, object]:
    """Leave out the keys that few suites have, where they are not set."""
    own = settings.get("load.mix", _ABSENT) is None
    unset = _UNSET | {"load.mix": None} if own else _UNSET
    given = {key: value for key, value in settings.items() if value != unset.get(key, _ABSENT)}
    if own and settings.get("server.kind") != DEFAULT_KIND:
        given.pop("server.albums", None)
    return given


def differences(run: Conditions, base: Mapping[str, object]) -> dict[str, object]:
    """Find the keys in which `run` differs from `base`: dotted key → the run's value."""
    return {key: value for key, value in flatten(run).items() if value != base.get(key)}


def flatten(conditions: Conditions) -> dict[str, object]:
    """Flatten conditions: dotted key → value."""
    values = {"duration": conditions.duration, "warm_up": conditions.warm_up}
    parts = {"server": conditions.server, "load": conditions.load}
    found = values | {f"{name}.{key}": value for name, part in parts.items() for key, value in part}
    unknown = UNKNOWN_OF_IMPORTS if conditions.load.imported is not None else ()
    return {key: value for key, value in found.items() if key not in unknown}


def dotted_keys(values: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Give each nested value its dotted key; leave out keys without a value."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield from dotted_keys(value, f"{prefix}{key}.")
        elif value is not None:
            yield prefix + key, value
