"""The layers of an experiment's settings, and how they are merged.

An experiment's own keys lie over those of its sweep or base, these over the suite's defaults, and these over
Loadstone's defaults. Options on the command line replace the suite's defaults.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loadstone.suite.load_settings import KINDS, Load
from loadstone.suite.model import Level, SuiteFile, SweepFile
from loadstone.suite.settings import DEFAULT_KIND
from loadstone.text import listed, short

REPLACED_WHOLE = frozenset({"mix", "classes"})
"""Keys whose mappings are not merged: parts of two mixes would make a third that no one asked for."""

MAX_LEVELS = 200
"""Levels of one sweep: a guard against typing errors."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One source of settings: its place in the file, and the values that it sets."""

    place: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayeredExperiments:
    """The experiments of a suite file before their settings are checked."""

    layers: dict[str, list[Layer]]
    """Experiment → its layers, the topmost first."""
    levels: dict[str, list[Level]]
    """Sweep → its levels."""
    complaints: list[str]
    """One line per mistake."""


def collect_layers(path: Path, file: SuiteFile, bottom: Sequence[Layer]) -> LayeredExperiments:
    """Collect the layers of every experiment over `bottom`, the layers that all experiments share."""
    layers = {name: [Layer(f"experiments.{name}", own), *bottom] for name, own in file.experiments.items()}
    levels: dict[str, list[Level]] = {}
    complaints: list[str] = []
    for name, sweep in file.sweeps.items():
        where = f"{path}: sweeps.{name}"
        if sweep.base is not None and sweep.base not in file.experiments:
            allowed = listed(file.experiments) or "none, since there are no experiments"
            complaints.append(f"{where}.base: {short(sweep.base)} is not an experiment; allowed: {allowed}")
            continue
        if len(sweep.values) > MAX_LEVELS:
            complaints.append(f"{where}.values: {len(sweep.values)} values; allowed: at most {MAX_LEVELS}")
            continue
        below = layers[sweep.base] if sweep.base else bottom
        common = [Layer(f"sweeps.{name}", sweep.overrides), *below]
        kind = _server_kind(common)
        allowed = "keys of load" + ", server.workers, server.threads" * (kind == "command")
        if sweep.vary.startswith("server.") and kind != DEFAULT_KIND and sweep.vary not in allowed:
            complaints.append(
                f"{where}.vary: {sweep.vary} cannot be varied: Loadstone does not configure a server of kind {kind}; "
                f"allowed: {allowed}"
            )
            continue
        placeholder = "{" + sweep.vary.removeprefix("server.") + "}"
        if sweep.vary.startswith("server.") and kind == "command" and placeholder not in _command_text(common):
            complaints.append(
                f"{where}.vary: {sweep.vary} would change nothing; write {placeholder} into the server's argv or env"
            )
            continue
        levels[name] = []
        for value in sweep.values:
            experiment = f"{name}={_slug(value)}"
            if experiment in layers:
                complaints.append(f"{where}.values: {short(value)} is listed twice; allowed: each value once")
                continue
            layers[experiment] = [_level_layer(name, sweep, value, merge_layers(common)), *common]
            frozen = tuple(value) if isinstance(value, list) else value
            levels[name].append(Level(value=frozen, experiment=experiment))
    spellings = {name.casefold(): name for name in layers}
    complaints += [
        f"{path}: {name}: differs from {spellings[name.casefold()]} only in case; allowed: names that differ otherwise"
        for name in layers
        if spellings[name.casefold()] != name
    ]
    return LayeredExperiments(layers=layers, levels=levels, complaints=complaints)


def merge_layers(layers: Sequence[Layer]) -> dict[str, Any]:
    """Merge layers, the topmost first, into one mapping."""
    merged: dict[str, Any] = {}
    for layer in reversed(layers):
        merged = _merge(merged, layer.values)
    return merged


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Merge `above` over `below`, mapping by mapping. A mapping of another `kind` replaces: it has other keys."""
    merged = dict(below)
    if any(above.get(kind) is not None for kind in KINDS):
        merged = {key: value for key, value in below.items() if key not in KINDS}  # a load has one kind of users
    for key, value in above.items():
        old = merged.get(key)
        if isinstance(value, dict) and isinstance(old, dict) and key not in REPLACED_WHOLE:
            same_kind = value.get("kind", old.get("kind")) == old.get("kind", value.get("kind"))
            merged[key] = _merge(old, value) if same_kind else value
        else:
            merged[key] = value
    return merged


def _server_kind(layers: Sequence[Layer]) -> object:
    server = merge_layers(layers).get("server")
    return server.get("kind", DEFAULT_KIND) if isinstance(server, dict) else DEFAULT_KIND


def _command_text(layers: Sequence[Layer]) -> str:
    """Return all that a server's command is given, as one text."""
    server = merge_layers(layers)["server"]
    return f"{server.get('argv')} {server.get('env')}"


def _level_layer(name: str, sweep: SweepFile, value: object, below: Mapping[str, Any]) -> Layer:
    """Make the layer that sets the factor; a low number of users lowers the spawn rate too."""
    part, key = sweep.vary.split(".")
    values = {key: value}
    if sweep.vary == "load.users" and isinstance(value, int):
        load = below.get("load")
        rate = load.get("spawn_rate") if isinstance(load, dict) else None
        if (rate if isinstance(rate, int | float) else Load.model_fields["spawn_rate"].default) > value:
            values["spawn_rate"] = value  # the rate may not exceed the users: start all of them in one second
    return Layer(f"sweeps.{name}.values:", {part: values})


def _slug(value: object) -> str:
    """Write a level's value as the end of a name: 1, 0.5, list, 1-2."""
    values = value if isinstance(value, list) else [value]
    text = "-".join(f"{v:g}" if isinstance(v, float) else str(v) for v in values)
    return "".join(c if c.isascii() and (c.isalnum() or c in "._-+") else "_" for c in text)[:40] or "empty"
