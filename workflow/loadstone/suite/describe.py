"""Settings in words: which requests a load sends, and single values of a user's own loads."""

from collections.abc import Mapping
from pathlib import Path

from loadstone.suite.declared_requests import DeclaredRequest
from loadstone.suite.hypotheses import ENDPOINTS
from loadstone.suite.load_settings import Load
from loadstone.text import named

MAX_NAMED = 6
"""Requests, classes or values that are named."""


def describe_requests(load: Load) -> str:
    """Name the requests of a load with their weights, or the locustfile and the classes that send them."""
    if load.mix is not None:
        return ", ".join(f"{ENDPOINTS.get(task, task)} ×{weight}" for task, weight in load.mix if weight)
    if load.requests is not None:
        return named([_request(each) for each in load.requests], MAX_NAMED)
    parts = [", ".join(Path(name).name for name in load.locustfile or ())]
    if load.classes:
        parts[0] += f": {named(_weights(load.classes), MAX_NAMED)}"
    parts += [
        f"{key.replace('_', ' ')}: {', '.join(tags)}"
        for key in ("tags", "exclude_tags")
        if (tags := getattr(load, key))
    ]
    if load.shape:
        parts.append("its shape is ignored" if load.shape == "ignore" else "its shape sets the number of users")
    return "; ".join(parts)


def describe_value(value: object) -> str | None:
    """Write a value that holds texts, requests or names with values; None for a value of another kind."""
    if isinstance(value, DeclaredRequest):
        return _request(value)
    if isinstance(value, Mapping):
        return (
            named(
                [f"{key}: {_scalar(inner)}" if inner is not None else str(key) for key, inner in value.items()],
                MAX_NAMED,
            )
            or "none"
        )
    if isinstance(value, tuple) and any(isinstance(each, str | DeclaredRequest) for each in value):
        return named([_request(each) if isinstance(each, DeclaredRequest) else str(each) for each in value], MAX_NAMED)
    return None


def _request(request: DeclaredRequest) -> str:
    weight = f" ×{request.weight}" if request.weight != 1 else ""
    return request.endpoint + weight


def _weights(classes: Mapping[str, int | None]) -> list[str]:
    return [name if weight is None else f"{name} ×{weight}" for name, weight in classes.items()]


def _scalar(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
