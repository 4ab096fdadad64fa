"""How many repeats an experiment has: a number, or as many as its questions need within bounds."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, JsonValue, PlainSerializer, ValidationError, WithJsonSchema

from loadstone.suite.types import Model

MAX_REPEATS = 100
MIN_BY_NEED = 2
"""Fewest repeats after which results can be looked at: one run has no interval."""
FORM = f"{{min: 3, max: 10, until: decided}} with {MIN_BY_NEED} <= min <= max <= {MAX_REPEATS}"


class Repeats(Model):
    """Number of repeats: `min` at least, and more where results so far leave a question of the suite open."""

    min: int = Field(default=3, ge=1, le=MAX_REPEATS)
    """Repeats that are measured in any case."""
    max: int = Field(default=10, ge=1, le=MAX_REPEATS)
    """Repeats after which no more are measured, whatever is open."""
    until: Literal["decided"] = "decided"
    """When no more are measured: as soon as the experiment's hypotheses are decided, its scaling laws have their
    repeats, and its precision is reached, if one is asked for."""

    @property
    def by_need(self) -> bool:
        """Whether the number depends on results."""
        return self.max > self.min

    @property
    def looks(self) -> int:
        """How many times the experiment's results may be judged: after `min` repeats, and after each further one."""
        return self.max - self.min + 1


def fixed(number: int) -> Repeats:
    """Make a number of repeats that depends on nothing."""
    return Repeats(min=number, max=number)


def _read(value: Any) -> Any:
    if isinstance(value, Repeats):
        return value
    is_mapping = isinstance(value, dict)
    try:
        if is_mapping:
            repeats = Repeats.model_validate(value)
            if MIN_BY_NEED <= repeats.min <= repeats.max:
                return repeats
        elif isinstance(value, int) and not isinstance(value, bool):
            return fixed(value)
    except ValidationError:
        pass
    raise ValueError(f"not allowed; allowed: {FORM}" if is_mapping else f"1 to {MAX_REPEATS}, or {FORM}")


def _write(repeats: Repeats) -> int | dict[str, Any]:
    return repeats.model_dump() if repeats.by_need else repeats.min


REPEATS_SCHEMA: dict[str, JsonValue] = {
    "oneOf": [
        {"type": "integer", "minimum": 1, "maximum": MAX_REPEATS},
        {
            "type": "object",
            "properties": {
                "min": {"type": "integer", "minimum": MIN_BY_NEED, "maximum": MAX_REPEATS, "default": 3},
                "max": {"type": "integer", "minimum": MIN_BY_NEED, "maximum": MAX_REPEATS, "default": 10},
                "until": {"const": "decided", "default": "decided"},
            },
            "additionalProperties": False,
        },
    ]
}
NumberOfRepeats = Annotated[
    Repeats, BeforeValidator(_read), PlainSerializer(_write, when_used="json"), WithJsonSchema(REPEATS_SCHEMA)
]
"""A number, or bounds between which the results decide."""
