"""Read a suite file: YAML in, a checked `Suite` out, or one line for everything that is wrong with it.

An experiment is its own keys, over those of its sweep or base, over the defaults, over Loadstone's. The merged mapping
is what gets validated, and each complaint names the topmost layer that wrote the offending key.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from loadstone.errors import SuiteError, TableError
from loadstone.published import read_published
from loadstone.suite import Level, Server, Settings, Suite, SuiteFile, Sweep, SweepFile

OVERRIDABLE = ("duration", "warm_up", "repeats", "seed")
"""Keys that can be given on the command line, in place of the defaults'."""

REPLACED_WHOLE = frozenset({"mix"})
"""Mappings that are one value: half of one and half of another would mean neither."""

MOST_MEMBERS = 200
"""Levels of one sweep: a guard against a typing error."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One origin of settings: where it stands in the file, and what it says."""

    path: str
    values: Mapping[str, Any]


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

    experiments: dict[str, Settings] = {}
    for name, layers in layers_of.items():
        try:
            experiments[name] = Settings.model_validate(_merged(layers))
        except ValidationError as error:
            complaints += _explain_all(path, error, layers)
    complaints += _check_published(path, file, set(layers_of))
    if complaints:
        raise SuiteError("\n".join(dict.fromkeys(complaints)))

    sweeps = {
        name: Sweep(vary=sweep.vary, fit=tuple(sweep.fit), levels=tuple(levels_of[name]))
        for name, sweep in file.sweeps.items()
    }
    seed = _seed(overrides.get("seed", file.seed))
    return Suite(seed=seed, experiments=experiments, sweeps=sweeps, published=file.published)


def _read(path: Path) -> SuiteFile:
    try:
        raw = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SuiteError(f"{path}: no such suite") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SuiteError(f"{path}: can't be read: {error}") from None
    except DuplicateKeyError as error:
        problem = str(error.problem).splitlines()[0]
        raise SuiteError(f"{path}: {problem} at line {error.problem_mark.line + 1}: each name may stand once") from None
    except MarkedYAMLError as error:
        line = f" at line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise SuiteError(f"{path}: not YAML: {error.problem or error.context}{line}") from None
    except (YAMLError, ValueError, RecursionError) as error:
        raise SuiteError(f"{path}: not YAML: {_short(str(error))}") from None
    if not isinstance(raw, dict):
        raise SuiteError(f"{path}: {_short(raw)} is not a suite; allowed: a mapping of {', '.join(_keys(SuiteFile))}")
    try:
        file = SuiteFile.model_validate(raw)
    except ValidationError as error:
        layers = [Layer("", raw)]
        raise SuiteError("\n".join(dict.fromkeys(_explain_all(path, error, layers, SuiteFile)))) from None
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
            allowed = ", ".join(file.experiments) or "none, as there are no experiments"
            complaints.append(f"{where}.base: {_short(sweep.base)} is no experiment; allowed: {allowed}")
            continue
        if len(sweep.values) > MOST_MEMBERS:
            complaints.append(f"{where}.values: {len(sweep.values)} values; allowed: at most {MOST_MEMBERS}")
            continue
        below = layers_of[sweep.base] if sweep.base else bottom
        levels_of[name] = []
        for value in sweep.values:
            member = f"{name}={_slug(value)}"
            if member in layers_of:
                complaints.append(f"{where}.values: {_short(value)} stands twice; allowed: each value once")
                continue
            layers_of[member] = [_factor(name, sweep, value), Layer(f"sweeps.{name}", sweep.overrides), *below]
            frozen = tuple(value) if isinstance(value, list) else value
            levels_of[name].append(Level(value=frozen, experiment=member))
    spelt = {name.casefold(): name for name in layers_of}
    complaints += [
        f"{path}: {name}: differs from {spelt[name.casefold()]} only in case; allowed: names that differ"
        for name in layers_of
        if spelt[name.casefold()] != name
    ]
    return layers_of, levels_of, complaints


def _factor(name: str, sweep: SweepFile, value: object) -> Layer:
    part, key = sweep.vary.split(".")
    return Layer(f"sweeps.{name}.values:", {part: {key: value}})


def _slug(value: object) -> str:
    """Write a factor's value as the end of a name: 1, 0.5, list, 1-2."""
    values = value if isinstance(value, list) else [value]
    text = "-".join(f"{v:g}" if isinstance(v, float) else str(v) for v in values)
    return "".join(c if c.isascii() and (c.isalnum() or c in "._-+") else "_" for c in text)[:40] or "empty"


def _merged(layers: Sequence[Layer]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for layer in reversed(layers):
        result = _merge(result, layer.values)
    server = result.get("server", {})
    if isinstance(server, dict):
        result["server"] = {"kind": Server.model_fields["kind"].default, **server}
    return result


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
        raise SuiteError(f"command line: seed: {_short(value)} is not allowed; allowed: 0 to 4294967295") from None


def _check_published(path: Path, file: SuiteFile, names: set[str]) -> list[str]:
    if file.published is None:
        return []
    complaints = [
        f"{path}: published.rows.{name}: no such experiment; allowed: {', '.join(sorted(names))}"
        for name in file.published.rows
        if name not in names
    ]
    table = path.parent / file.published.table
    if not table.is_file():
        return [*complaints, f"{path}: published.table: {_short(file.published.table)}: no such file beside the suite"]
    try:
        rows = read_published(table)
    except TableError as error:
        return [*complaints, str(error)]
    complaints += [
        f"{path}: published.rows.{name}: {_short(row)} is no row of {table}; allowed: {', '.join(sorted(rows))}"
        for name, row in file.published.rows.items()
        if row not in rows
    ]
    return complaints


def _explain_all(
    path: Path, error: ValidationError, layers: Sequence[Layer], model: type[BaseModel] = Settings
) -> list[str]:
    """One line for each offending key: of a value that fits no member of a union, pydantic complains once a member."""
    details: dict[tuple[str, ...], ErrorDetails] = {}
    for detail in error.errors():
        keys = [str(part) for part in detail["loc"]]
        known = keys if detail["type"] in ("missing", "extra_forbidden") else _known_prefix(keys, layers)
        details.setdefault(tuple(known), detail)
    return [_explain(path, detail, layers, model) for detail in details.values()]


def _explain(path: Path, detail: ErrorDetails, layers: Sequence[Layer], model: type[BaseModel] = Settings) -> str:
    """Say in one line which file, which key, which value, and what is allowed."""
    keys = [str(part) for part in detail["loc"] if str(part) not in ("[key]",)]
    if detail["type"] != "missing":
        keys = _known_prefix(keys, layers)
    origin = next((layer.path for layer in layers if _has(layer.values, keys)), layers[0].path)
    where = f"{path}: " if origin != "command line" else ""
    place = ".".join(part for part in [origin, *keys] if part).replace(":.", ": ")
    allowed = _allowed(detail, keys, model)
    if detail["type"] == "extra_forbidden":
        return f"{where}{place}: unknown key; allowed: {allowed}"
    if detail["type"] == "missing":
        return f"{where}{place}: missing; allowed: a value"
    if detail["type"] == "value_error" and isinstance(detail["input"], BaseModel | dict):
        return f"{where}{place}: {allowed}"
    return f"{where}{place}: {_short(detail['input'])} is not allowed; allowed: {allowed}"


def _known_prefix(keys: list[str], layers: Sequence[Layer]) -> list[str]:
    """Drop what pydantic appends to a key that stands in the file (the member of a union it tried)."""
    for length in range(len(keys), 0, -1):
        if any(_has(layer.values, keys[:length]) for layer in layers):
            return keys[:length]
    return keys


def _has(values: object, keys: Sequence[str]) -> bool:
    for key in keys:
        if isinstance(values, Mapping):
            found = {str(k): v for k, v in values.items()}
            if key not in found:
                return False
            values = found[key]
        elif isinstance(values, list) and key.isdigit() and int(key) < len(values):
            values = values[int(key)]
        else:
            return False
    return True


def _allowed(detail: ErrorDetails, keys: Sequence[str], model: type[BaseModel]) -> str:
    context = detail.get("ctx", {})
    match detail["type"]:
        case "extra_forbidden":
            return ", ".join(_keys(_model_at(model, keys[:-1])))
        case "literal_error":
            return str(context["expected"]).replace("'", "")
        case "value_error":
            return str(context["error"])
        case "too_short":
            return "at least one value"
        case "dict_type" | "model_type" | "model_attributes_type":
            return "a mapping"
        case _:
            message = detail["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
            return message[0].lower() + message[1:]


def _keys(model: type[BaseModel]) -> list[str]:
    return list(model.model_fields)


def _model_at(model: type[BaseModel], keys: Sequence[str]) -> type[BaseModel]:
    """Find the model that describes the mapping at `keys` below `model`."""
    for key in keys:
        field = model.model_fields.get(key)
        if field is None:
            continue  # a name, as in experiments.<name>
        candidates = [field.annotation, *get_args(field.annotation)]
        model = next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), model)
    return model


def _short(value: object) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:57] + "..."
