"""Writing and reading the JSON files of `results/`: by one model each, and refused by name where damaged."""

from pathlib import Path
from typing import TypeVar

import orjson
from pydantic import BaseModel, ValidationError

from loadstone.errors import DamagedError, ResultError
from loadstone.text import dotted

Result = TypeVar("Result", bound=BaseModel)


def to_json(result: BaseModel) -> bytes:
    """Write a model as indented JSON."""
    return orjson.dumps(result.model_dump(mode="json"), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def read_json(model: type[Result], path: Path, hint: str = "") -> Result:
    """Read a file by its model.

    Raises `ResultError` where it is missing, with `hint` to say what helps, and `DamagedError`, naming the key, where
    it is damaged.
    """
    try:
        return model.model_validate_json(path.read_bytes(), strict=True)
    except OSError as error:
        raise ResultError(f"{path}: cannot be read: {error.strerror}{hint}") from None
    except ValidationError as error:
        first = error.errors()[0]
        raise DamagedError(f"{path}: damaged: {dotted(*first['loc']) or 'the file'}: {first['msg']}", path) from None
