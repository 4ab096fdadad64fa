"""The plan that a live view shows: of a suite's file as it is now, or of the results' own plan."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from loadstone.errors import LoadstoneError
from loadstone.plan.file import read_plan
from loadstone.plan.schedule import Plan, make_plan
from loadstone.suite.load import load_suite

DEFAULT_SUITE = Path("config/config.yaml")


@dataclass(frozen=True, slots=True)
class Known:
    """A plan, or why there is none."""

    plan: Plan | None
    source: str
    """Where it is from; empty where there is none."""
    suite: Path | None
    """The suite's file, if it is from there."""
    problems: tuple[str, ...] = ()
    """What is wrong with it, a sentence each."""


def known_plan(suite: Path | None, settings: Mapping[str, object], results: Path) -> Known:
    """Lay out the plan of `suite`; where none is given, that of the default one, or of an earlier campaign's file."""
    if suite is None and not DEFAULT_SUITE.is_file():
        path = results / "plan.json"
        if not path.is_file():
            return Known(None, "", None)
    else:
        path = suite or DEFAULT_SUITE
    try:
        known = path.stat()
        identity = known.st_mtime_ns, known.st_size
    except OSError:
        identity = 0, 0  # reading it will say why
    return _read(path, path.suffix == ".json", tuple(sorted(settings.items())), identity)


@lru_cache(maxsize=4)
def _read(path: Path, laid_out: bool, settings: tuple[tuple[str, object], ...], _: tuple[int, int]) -> Known:
    try:
        plan = read_plan(path) if laid_out else make_plan(load_suite(path, dict(settings)))
    except LoadstoneError as error:
        return Known(None, str(path), None if laid_out else path, tuple(error.lines))
    return Known(plan, str(path), None if laid_out else path)
