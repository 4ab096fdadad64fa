"""Read signals: of a run, or measured elsewhere, for `loadstone verdict`."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from loadstone.analyse.signals import Signals
from loadstone.errors import TableError
from loadstone.text import dotted


def read_signals(path: Path) -> Signals:
    """Read a JSON object. Raises `TableError`, a line for each mistake: file, key, what is allowed."""
    try:
        return Signals.model_validate_json(path.read_bytes())
    except OSError as error:
        raise TableError(f"{path}: can't be read: {error.strerror}") from None
    except ValidationError as error:
        raise TableError("\n".join(_line(path, dict(detail)) for detail in error.errors())) from None


def _line(path: Path, detail: dict[str, Any]) -> str:
    place = dotted(*detail["loc"])
    if detail["type"] == "extra_forbidden":
        return f"{path}: {place}: unknown key; allowed: {', '.join(Signals.model_fields)}"
    if detail["type"] == "missing":
        return f"{path}: {place}: missing"
    return ": ".join(part for part in (str(path), place, detail["msg"]) if part)
