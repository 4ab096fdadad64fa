"""Reading plan.json: a plan that was written as JSON, and that has to fit itself."""

from pathlib import Path

from pydantic import ValidationError

from loadstone.errors import DamagedError, ResultError
from loadstone.plan.check import problem_of
from loadstone.plan.schedule import Plan


def read_plan(path: Path) -> Plan:
    """Read a plan that was written as JSON. Raises `ResultError` where it can't be, or doesn't fit itself."""
    try:
        plan = Plan.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ResultError(f"{path}: can't be read: {error.strerror}") from None
    except ValidationError as error:
        message = f"{path}: damaged, or of another version of Loadstone: {error.errors()[0]['msg']}"
        raise DamagedError(message, path) from None
    if problem := problem_of(path, plan):
        raise DamagedError(problem, path)
    return plan
