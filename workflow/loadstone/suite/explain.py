"""Explain each mistake in a suite in one line: the file, the key, the value, and what is allowed."""

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from loadstone.suite.layers import Layer
from loadstone.suite.settings import Settings, server_kinds
from loadstone.suite.suggest import suggest_key, suggest_value
from loadstone.text import dotted, short

SERVER_KINDS = frozenset(server_kinds())
PLAIN = {
    "too_short": "at least one value",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "tuple_type": "a list",
    "invalid-json-value": "what JSON can hold; put a date in quotes",
}
"""Kind of mistake → what is allowed."""


def explain_all(
    path: Path, error: ValidationError, layers: Sequence[Layer], model: type[BaseModel] = Settings
) -> list[str]:
    """Explain each offending key in one line.

    Pydantic reports a value that fits no member of a union once per member; only the first report is kept.
    """
    details: dict[tuple[str, ...], ErrorDetails] = {}
    for detail in error.errors():
        keys = _without_kinds([str(part) for part in detail["loc"]])
        written = keys if detail["type"] in ("missing", "extra_forbidden") else _written_keys(keys, layers)
        details.setdefault(tuple(written), detail)
    return [_explain(path, detail, layers, model) for detail in details.values()]


def _explain(path: Path, detail: ErrorDetails, layers: Sequence[Layer], model: type[BaseModel] = Settings) -> str:
    """Write one line with the file, the key, the value, and what is allowed."""
    tagged = [str(part) for part in detail["loc"] if str(part) not in ("[key]",)]
    keys, value = _without_kinds(tagged), detail["input"]
    if detail["type"] == "union_tag_invalid":
        keys, value = [*keys, "kind"], value["kind"]
    elif detail["type"] != "missing":
        keys = _written_keys(keys, layers)
    origin = next((layer.place for layer in layers if _has(layer.values, keys)), layers[0].place)
    where = f"{path}: " if origin != "command line" else ""
    place = ".".join(part for part in [origin, dotted(*keys)] if part).replace(":.", ": ")
    allowed = _allowed(detail, tagged, model)
    if detail["type"] == "extra_forbidden":
        meant = suggest_key(keys[-1], allowed.split(", "))
        if meant and (better := suggest_value(meant, value, allowed)):
            meant = f"{meant}: {better}" if ":" not in better else better
        return f"{where}{place}: unknown key; {f'did you mean {meant}? ' if meant else ''}allowed: {allowed}"
    if detail["type"] == "missing":
        return f"{where}{place}: missing; this key is required"
    if detail["type"] == "value_error" and isinstance(detail["input"], BaseModel | dict):
        return f"{where}{place}: {allowed}"
    meant = suggest_value(keys[-1] if keys else "", value, allowed)
    hint = f"; did you mean {meant}?" if meant else ""
    return f"{where}{place}: {short(value)} is not allowed; allowed: {allowed}{hint}"


def _without_kinds(keys: Sequence[str]) -> list[str]:
    """Drop the `kind` that pydantic inserts after the key `server`."""
    pairs = zip(["", *keys], keys, strict=False)
    return [key for before, key in pairs if not (before == "server" and key in SERVER_KINDS)]


def _written_keys(keys: list[str], layers: Sequence[Layer]) -> list[str]:
    """Drop what pydantic appends to a key of the file: the union member that it tried."""
    for length in range(len(keys), 0, -1):
        if any(_has(layer.values, keys[:length]) for layer in layers):
            return keys[:length]
    return keys


def _has(values: object, keys: Sequence[str]) -> bool:
    for key in keys:
        if isinstance(values, Mapping):
            matching = [key] if key in values else [other for other in values if str(other) == key]  # 1, True, None
            if not matching:
                return False
            values = values[matching[0]]
        elif isinstance(values, list) and key.isdigit() and int(key) < len(values):
            values = values[int(key)]
        else:
            return False
    return True


def _allowed(detail: ErrorDetails, keys: Sequence[str], model: type[BaseModel]) -> str:
    context = detail.get("ctx", {})
    match detail["type"]:
        case "extra_forbidden":
            return ", ".join(keys_of(_model_at(model, keys[:-1])))
        case "literal_error" | "union_tag_invalid":
            return str(context.get("expected", context.get("expected_tags"))).replace("'", "")
        case "value_error":
            return str(context["error"])
        case kind if kind in PLAIN:
            return PLAIN[kind]
        case _:
            message = detail["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
            return message[0].lower() + message[1:]


def keys_of(model: type[BaseModel]) -> list[str]:
    """List the keys that a mapping may have."""
    return [field.alias or name for name, field in model.model_fields.items() if name != "imported"]


def _model_at(model: type[BaseModel], keys: Sequence[str]) -> type[BaseModel]:
    """Find the model that describes the mapping at `keys` below `model`."""
    named = False
    for key, following in zip_longest(keys, keys[1:]):
        field = None if named else model.model_fields.get(key)
        named = field is not None and get_origin(field.annotation) is dict
        if field is None:
            continue  # a name, such as that of an experiment
        models = [c for c in _parts_of(field.annotation) if isinstance(c, type) and issubclass(c, BaseModel)]
        of_kind = [c for c in models if "kind" in c.model_fields and c.model_fields["kind"].default == following]
        model = next(iter(of_kind or models), model)
    return model


def _parts_of(annotation: object) -> list[object]:
    """List a type and the types that it is made of."""
    return [annotation, *(part for argument in get_args(annotation) for part in _parts_of(argument))]
