"""Read a suite file: YAML in, a checked `Suite` out, or one line for everything that is wrong with it.

An experiment is its own keys, over those of its sweep or base, over the defaults, over Loadstone's. The merged mapping
is what gets validated, and each complaint names the topmost layer that wrote the offending key.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from loadstone.errors import SuiteError, TableError
from loadstone.suite.bounded_yaml import read_yaml
from loadstone.suite.capacity import Search
from loadstone.suite.check_hypotheses import Known, check_hypotheses
from loadstone.suite.explain import Layer, explain_all, keys_of
from loadstone.suite.model import Level, Suite, SuiteFile, Sweep, SweepFile
from loadstone.suite.published import read_published
from loadstone.suite.settings import DEFAULT_KIND, Load, Settings
from loadstone.suite.size_limits import MAX_RUNS, check_size
from loadstone.text import dotted, listed, short

OVERRIDABLE = ("duration", "warm_up", "repeats", "seed")
"""Keys that can be given on the command line, in place of the defaults'."""

REPLACED_WHOLE = frozenset({"mix"})
"""Mappings that are one value: half of one and half of another would mean neither."""

MAX_MEMBERS = 200
"""Levels of one sweep: a guard against a typing error."""


def load_suite(path: Path, overrides: Mapping[str, Any] | None = None) -> Suite:
    """Read the suite at `path`; `overrides` (see `OVERRIDABLE`) replace its defaults.

    Raises `SuiteError`, a line for each mistake.
    """
    overrides = dict(overrides or {})
    if unknown := sorted(set(overrides) - set(OVERRIDABLE)):
        raise SuiteError(
            "\n".join(f"command line: {key}: unknown key; allowed: suite, {', '.join(OVERRIDABLE)}" for key in unknown)
        )
    file = _read(path)
    given = Layer("command line", {key: value for key, value in overrides.items() if key != "seed"})
    layers_of, levels_of, complaints = _layers(path, file, given)
    if len(layers_of) > MAX_RUNS:
        raise SuiteError(f"{path}: {len(layers_of):,} experiments; allowed: at most {MAX_RUNS:,}")

    experiments: dict[str, Settings] = {}
    for name, layers in layers_of.items():
        try:
            experiments[name] = Settings.model_validate(_merged(layers))
        except ValidationError as error:
            complaints += explain_all(path, error, layers)
    searches, wrong = _searches(path, file, layers_of, [given, Layer("defaults", file.defaults)])
    complaints += wrong
    complaints += _check_published(path, file, set(layers_of))
    sweeps = {
        name: Sweep(vary=sweep.vary, fit=tuple(sweep.fit), levels=tuple(levels_of.get(name, ())))
        for name, sweep in file.sweeps.items()
    }
    known = Known(names=layers_of, experiments=experiments, sweeps=sweeps, rows=_published_rows(path, file))
    complaints += check_hypotheses(path, file.hypotheses, known)
    complaints += check_size(path, experiments, searches)
    if complaints:
        raise SuiteError("\n".join(dict.fromkeys(complaints)))

    seed = _seed(overrides.get("seed", file.seed))
    return Suite(
        seed=seed,
        experiments=experiments,
        sweeps=sweeps,
        capacity=searches,
        baselines=file.baselines,
        thresholds=file.thresholds,
        hypotheses=file.hypotheses,
        published=file.published,
    )


def _read(path: Path) -> SuiteFile:
    raw = read_yaml(path)
    if not isinstance(raw, dict):
        raise SuiteError(f"{path}: {short(raw)} is not a suite; allowed: a mapping of {', '.join(keys_of(SuiteFile))}")
    try:
        file = SuiteFile.model_validate(raw)
    except ValidationError as error:
        layers = [Layer("", raw)]
        raise SuiteError("\n".join(dict.fromkeys(explain_all(path, error, layers, SuiteFile)))) from None
    if not file.experiments and not file.sweeps:
        raise SuiteError(f"{path}: nothing to run; allowed: at least one of experiments, sweeps")
    return file


def _layers(
    path: Path, file: SuiteFile, given: Layer
) -> tuple[dict[str, list[Layer]], dict[str, list[Level]], list[str]]:
    """Collect each experiment's layers, the topmost first, and each sweep's members."""
    bottom = [given, Layer("defaults", file.defaults)]
    layers_of = {name: [Layer(f"experiments.{name}", own), *bottom] for name, own in file.experiments.items()}
    levels_of: dict[str, list[Level]] = {}
    complaints: list[str] = []
    for name, sweep in file.sweeps.items():
        where = f"{path}: sweeps.{name}"
        if sweep.base is not None and sweep.base not in file.experiments:
            allowed = listed(file.experiments) or "none, as there are no experiments"
            complaints.append(f"{where}.base: {short(sweep.base)} is no experiment; allowed: {allowed}")
            continue
        if len(sweep.values) > MAX_MEMBERS:
            complaints.append(f"{where}.values: {len(sweep.values)} values; allowed: at most {MAX_MEMBERS}")
            continue
        below = layers_of[sweep.base] if sweep.base else bottom
        kind = _kind([Layer("", sweep.overrides), *below])
        if sweep.vary.startswith("server.") and kind != DEFAULT_KIND:
            complaints.append(
                f"{where}.vary: {sweep.vary} can't be varied: nothing is known of the inside of a server of kind "
                f"{kind}; allowed: keys of load"
            )
            continue
        levels_of[name] = []
        for value in sweep.values:
            member = f"{name}={_slug(value)}"
            if member in layers_of:
                complaints.append(f"{where}.values: {short(value)} stands twice; allowed: each value once")
                continue
            common = [Layer(f"sweeps.{name}", sweep.overrides), *below]
            layers_of[member] = [_factor(name, sweep, value, _merged(common)), *common]
            frozen = tuple(value) if isinstance(value, list) else value
            levels_of[name].append(Level(value=frozen, experiment=member))
    spelt = {name.casefold(): name for name in layers_of}
    complaints += [
        f"{path}: {name}: differs from {spelt[name.casefold()]} only in case; allowed: names that differ"
        for name in layers_of
        if spelt[name.casefold()] != name
    ]
    return layers_of, levels_of, complaints


def _searches(
    path: Path, file: SuiteFile, layers_of: Mapping[str, list[Layer]], bottom: list[Layer]
) -> tuple[dict[str, Search], list[str]]:
    """Fill in the searches for a capacity."""
    found: dict[str, Search] = {}
    complaints: list[str] = []
    for name, search in file.capacity.items():
        if name in layers_of:
            complaints.append(f"{path}: capacity.{name}: an experiment has that name; allowed: names that differ")
        if search.base is not None and search.base not in layers_of:
            allowed = listed(layers_of) or "none"
            complaints.append(
                f"{path}: capacity.{name}.base: {short(search.base)} is no experiment; allowed: {allowed}"
            )
            continue
        layers = [Layer(f"capacity.{name}", search.overrides), *(layers_of[search.base] if search.base else bottom)]
        try:
            settings = Settings.model_validate(_merged(layers))
        except ValidationError as error:
            complaints += explain_all(path, error, layers)
            continue
        found[name] = Search(settings=settings, slo=search.slo, rates=search.rates, within=search.within)
    return found, complaints


def _factor(name: str, sweep: SweepFile, value: object, below: Mapping[str, Any]) -> Layer:
    part, key = sweep.vary.split(".")
    values = {key: value}
    if sweep.vary == "load.users" and isinstance(value, int):
        load = below.get("load")
        rate = load.get("spawn_rate") if isinstance(load, dict) else None
        if (rate if isinstance(rate, int | float) else Load.model_fields["spawn_rate"].default) > value:
            values["spawn_rate"] = value  # all at once, where there are fewer users than the rate of the others
    return Layer(f"sweeps.{name}.values:", {part: values})


def _slug(value: object) -> str:
    """Write a factor's value as the end of a name: 1, 0.5, list, 1-2."""
    values = value if isinstance(value, list) else [value]
    text = "-".join(f"{v:g}" if isinstance(v, float) else str(v) for v in values)
    return "".join(c if c.isascii() and (c.isalnum() or c in "._-+") else "_" for c in text)[:40] or "empty"


def _merged(layers: Sequence[Layer]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for layer in reversed(layers):
        result = _merge(result, layer.values)
    return result


def _kind(layers: Sequence[Layer]) -> object:
    server = _merged(layers).get("server")
    return server.get("kind", DEFAULT_KIND) if isinstance(server, dict) else DEFAULT_KIND


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Put `above` over `below`, mapping by mapping. Another `kind` replaces a mapping: its keys are other keys."""
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        if isinstance(value, dict) and isinstance(old, dict) and key not in REPLACED_WHOLE:
            same_kind = value.get("kind", old.get("kind")) == old.get("kind", value.get("kind"))
            result[key] = _merge(old, value) if same_kind else value
        else:
            result[key] = value
    return result


def _seed(value: object) -> int:
    try:
        return SuiteFile.model_validate({"seed": value}).seed
    except ValidationError:
        raise SuiteError(f"command line: seed: {short(value)} is not allowed; allowed: 0 to 4294967295") from None


def _check_published(path: Path, file: SuiteFile, names: set[str]) -> list[str]:
    if file.published is None:
        return []
    complaints = [
        f"{path}: published.rows.{dotted(name)}: no such experiment; allowed: {listed(sorted(names))}"
        for name in file.published.rows
        if name not in names
    ]
    table = path.parent / file.published.table
    if not table.is_file():
        return [*complaints, f"{path}: published.table: {short(file.published.table)}: no such file beside the suite"]
    try:
        rows = read_published(table)
    except TableError as error:
        return [*complaints, str(error)]
    complaints += [
        f"{path}: published.rows.{dotted(name)}: {short(row)} is no row of {table}; allowed: {listed(sorted(rows))}"
        for name, row in file.published.rows.items()
        if row not in rows
    ]
    return complaints


def _published_rows(path: Path, file: SuiteFile) -> list[str] | None:
    """Name the rows of the published table, none where it can't be read; None where the suite names no table."""
    if file.published is None:
        return None
    try:
        return list(read_published(path.parent / file.published.table))
    except TableError:
        return []
