"""How experiments differ from each other: settings as dotted keys, and what most experiments share."""

from collections.abc import Mapping

from loadstone.suite.model import Suite
from loadstone.suite.settings import Conditions

ABSENT = object()


def common_ground(suite: Suite) -> dict[str, object]:
    """Find for every key the value that most experiments share: what differences are told against.

    Servers of other kinds have other keys; one that most don't have is no common ground.
    """
    known = [flat(settings) for settings in suite.experiments.values()]
    keys = dict.fromkeys(key for values in known for key in values)
    shared = {key: [values.get(key, ABSENT) for values in known] for key in keys}
    common = {key: max(found, key=found.count) for key, found in shared.items()}
    return {key: value for key, value in common.items() if value is not ABSENT}


def differences(run: Conditions, base: Mapping[str, object]) -> dict[str, object]:
    """Tell in which keys `run` differs from `base`, as dotted keys and the run's values."""
    return {key: value for key, value in flat(run).items() if value != base.get(key)}


def flat(conditions: Conditions) -> dict[str, object]:
    """Write conditions as dotted keys and values."""
    values = {"duration": conditions.duration, "warm_up": conditions.warm_up}
    parts = {"server": conditions.server, "load": conditions.load}
    return values | {f"{name}.{key}": value for name, part in parts.items() for key, value in part}
