"""Kinds of values in a suite: durations, percentages, think times and names, and how each is written and checked."""

import re
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    WithJsonSchema,
    model_serializer,
)


class Model(BaseModel):
    """An immutable value, strict about its keys and types. The schema describes a field by its docstring."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


class Sparse(BaseModel):
    """A model whose JSON leaves out the keys in `SPARSE` that have their default values.

    Keys that were added later are sparse: the plans and results of suites without them stay the same.
    """

    SPARSE: ClassVar[frozenset[str]] = frozenset()

    @model_serializer(mode="wrap")
    def _leave_out_defaults(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields = type(self).model_fields
        absent = {fields[key].alias or key for key in self.SPARSE if getattr(self, key) == fields[key].default}
        return {key: value for key, value in serialize(self).items() if key not in absent}


class SparseModel(Sparse, Model):
    """A part of the suite's language with such keys."""


RESERVED_NAMES = frozenset(
    {"all", "plan", "build_commit", "measure", "search", "summarise", "look", "analyse", "report", "gate"}
)
"""Names of the workflow's rules. An experiment of that name would make the Snakemake target ambiguous."""

MAX_THINK_TIME_S = 300.0
"""Seconds. The server keeps idle connections open for longer than this (`keepalive` in server/gunicorn.conf.py)."""

MAX_DURATION_S = 6 * 3600.0
"""Seconds: a guard against `20h` for `20m`."""

MAX_THINK_TIME_MEANS = 10.0
"""Bound on an exponential think time, in units of its mean: one in 22,000 would be longer."""

_UNIT_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")


def parse_duration(text: object) -> float:
    """Convert `20s`, `3m`, `500ms` or `1h30m` to seconds. Raises ValueError for anything else."""
    if not isinstance(text, str) or not re.fullmatch(f"(?:{_DURATION.pattern})+", text):
        raise ValueError("a duration with its unit, such as 500ms, 20s, 3m or 1h30m")
    return sum(float(amount) * _UNIT_SECONDS[unit] for amount, unit in _DURATION.findall(text))


def _not_too_long(seconds: float) -> float:
    if seconds > MAX_DURATION_S:
        raise ValueError(f"at most {format_duration(MAX_DURATION_S)}")
    return seconds


def format_duration(seconds: float) -> str:
    """Write seconds so that `parse_duration` reads the same number back."""
    for unit in ("h", "m"):
        if seconds and seconds % _UNIT_SECONDS[unit] == 0:
            return f"{seconds / _UNIT_SECONDS[unit]:.0f}{unit}"
    return f"{seconds:.9f}".rstrip("0").rstrip(".") + "s"


def parse_percentage(text: object) -> float:
    """Convert `2%` to 0.02. Raises ValueError for anything else."""
    if not isinstance(text, str) or not re.fullmatch(r"\d+(\.\d+)?%", text):
        raise ValueError("a percentage, such as 2%")
    return float(text[:-1]) / 100


def format_percentage(share: float) -> str:
    """Write a share so that `parse_percentage` reads the same number back."""
    return f"{round(share * 100, 9):.9f}".rstrip("0").rstrip(".") + "%"


_RATE_UNITS = {
    **{f"{prefix}bit": factor / 8 for prefix, factor in (("k", 1e3), ("m", 1e6), ("g", 1e9))},
    **{f"{prefix}B/s": factor for prefix, factor in (("k", 1e3), ("M", 1e6), ("G", 1e9))},
}
"""Unit of a data rate → bytes per second; bit without `/s`, as tc(8) writes it."""
_RATE = re.compile(r"(\d+(?:\.\d+)?)(kbit|mbit|gbit|kB/s|MB/s|GB/s)")
MIN_RATE, MAX_RATE = 100.0, 1.25e11
"""Bytes per second: a guard against typing errors; the higher one is a terabit per second."""


def parse_rate(text: object) -> float:
    """Convert `100mbit`, `1gbit` or `20MB/s` to bytes per second. Raises ValueError for anything else."""
    found = _RATE.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError("a data rate with its unit, such as 100mbit, 1gbit or 20MB/s")
    rate = float(found[1]) * _RATE_UNITS[found[2]]
    if not MIN_RATE <= rate <= MAX_RATE:
        raise ValueError("at least 0.1kB/s and at most 1000gbit")
    return rate


def format_rate(bytes_per_s: float) -> str:
    """Write a data rate so that `parse_rate` reads the same number back."""
    for unit in ("gbit", "mbit", "GB/s", "MB/s"):
        amount = bytes_per_s / _RATE_UNITS[unit]
        if amount >= 1 and amount == int(amount):
            return f"{amount:.0f}{unit}"
    return f"{bytes_per_s / _RATE_UNITS['kB/s']:.9f}".rstrip("0").rstrip(".") + "kB/s"


class Exponential(Model):
    """An exponentially distributed think time."""

    exponential: float = Field(ge=0)
    """Mean, seconds."""


def _think_time(value: object) -> object:
    if isinstance(value, Exponential):
        return value
    if isinstance(value, dict):
        return _exponential(value)
    numbers = value if isinstance(value, list | tuple) else [value]
    if any(isinstance(number, int) and abs(number) > MAX_THINK_TIME_S for number in numbers):
        raise ValueError(f"at most {MAX_THINK_TIME_S:g} seconds")  # checked here, since it may be too large for a float
    if isinstance(value, int | float) and not isinstance(value, bool):
        return (float(value), float(value))
    if isinstance(value, list | tuple) and len(value) == 2:
        return tuple(float(v) if isinstance(v, int) and not isinstance(v, bool) else v for v in value)
    raise ValueError("seconds, as one number (constant), [low, high] (uniform) or {exponential: mean}")


def _exponential(value: dict[object, object]) -> Exponential:
    mean = value.get("exponential")
    largest = MAX_THINK_TIME_S / MAX_THINK_TIME_MEANS
    is_number = isinstance(mean, int | float) and not isinstance(mean, bool)
    if set(value) != {"exponential"} or not is_number or not 0 <= mean <= largest:  # type: ignore[operator]
        raise ValueError(f"{{exponential: mean}}, with 0 <= mean <= {largest:g} seconds")
    return Exponential(exponential=float(mean))  # type: ignore[arg-type]


def _in_order(think_time: tuple[float, float] | Exponential) -> tuple[float, float] | Exponential:
    if isinstance(think_time, Exponential):
        return think_time
    low, high = think_time
    if not 0 <= low <= high <= MAX_THINK_TIME_S:
        raise ValueError(f"0 <= low <= high <= {MAX_THINK_TIME_S:g} seconds")
    return think_time


def check_name(name: str) -> str:
    """Accept a name that is safe as a folder, a Snakemake wildcard and a command-line target."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
        raise ValueError("1 to 64 letters, digits, '.', '_' or '-', starting with a letter or digit")
    if name in RESERVED_NAMES:
        raise ValueError("any name except those of the workflow's rules: " + ", ".join(sorted(RESERVED_NAMES)))
    return name


def _check_folder(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._=@+-]{0,199}", name):
        raise ValueError("not the name of a folder of results")
    return name


DURATION_SCHEMA: dict[str, JsonValue] = {
    "type": "string",
    "pattern": f"^({_DURATION.pattern})+$",
    "examples": ["500ms", "20s", "3m"],
}
Duration = Annotated[
    float,
    Field(ge=0),
    BeforeValidator(parse_duration),
    AfterValidator(_not_too_long),
    PlainSerializer(format_duration, return_type=str, when_used="json"),
    WithJsonSchema(DURATION_SCHEMA),
]
PRECISION_SCHEMA: dict[str, JsonValue] = {"type": "string", "pattern": r"^\d+(\.\d+)?%$", "examples": ["2%"]}
Precision = Annotated[
    float,
    Field(ge=0.001, le=1),
    BeforeValidator(parse_percentage),
    PlainSerializer(format_percentage, return_type=str, when_used="json"),
    WithJsonSchema(PRECISION_SCHEMA),
]
RATE_SCHEMA: dict[str, JsonValue] = {
    "type": "string",
    "pattern": f"^{_RATE.pattern}$",
    "examples": ["100mbit", "1gbit", "20MB/s"],
}
Rate = Annotated[
    float,
    BeforeValidator(parse_rate),
    PlainSerializer(format_rate, return_type=str, when_used="json"),
    WithJsonSchema(RATE_SCHEMA),
]
"""Bytes per second."""
PositiveDuration = Annotated[Duration, Field(gt=0)]
ThinkTime = Annotated[
    tuple[float, float] | Exponential,
    BeforeValidator(_think_time),
    AfterValidator(_in_order),
    WithJsonSchema(
        {
            "oneOf": [
                {"type": "number", "minimum": 0, "maximum": MAX_THINK_TIME_S},
                {"type": "array", "items": {"type": "number", "minimum": 0}, "minItems": 2, "maxItems": 2},
                {
                    "type": "object",
                    "properties": {"exponential": {"type": "number", "minimum": 0}},
                    "required": ["exponential"],
                    "additionalProperties": False,
                },
            ]
        }
    ),
]
"""Seconds between a response and the user's next request."""
Name = Annotated[str, AfterValidator(check_name)]
FolderName = Annotated[str, AfterValidator(_check_folder)]
"""Name of an experiment, a probe or a baseline: a plain folder name, so that no file of results leads elsewhere."""
