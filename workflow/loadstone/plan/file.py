"""Read `plan.json`: a plan that was written as JSON, and that has to be consistent."""

from pathlib import Path

from pydantic import ValidationError

from loadstone.errors import DamagedError, ResultError
from loadstone.plan.check import find_problem
from loadstone.plan.schedule import Plan


def read_plan(path: Path) -> Plan:
    """Read a plan that was written as JSON.

    Raises `ResultError` if the file cannot be read, `DamagedError` if it is not a plan or not a consistent one.
    """
    try:
        plan = Plan.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ResultError(f"{path}: cannot be read: {error.strerror}") from None
    except ValidationError as error:
        message = f"{path}: damaged, or written by another version of Loadstone: {error.errors()[0]['msg']}"
        raise DamagedError(message, path) from None
    if problem := find_problem(path, plan):
        raise DamagedError(problem, path)
    return plan
