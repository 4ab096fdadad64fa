"""Find the plan that the live view shows: a suite's current one, or the plan that the results hold."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from loadstone.errors import LoadstoneError
from loadstone.plan.file import read_plan
from loadstone.plan.schedule import Plan, make_plan
from loadstone.results.looks import grants_of, read_looks
from loadstone.suite.default_suite import find_default_suite
from loadstone.suite.load import load_suite


@dataclass(frozen=True, slots=True)
class ShownPlan:
    """A plan, or why there is none."""

    plan: Plan | None
    source: str
    """The file it comes from; empty if there is none."""
    suite: Path | None
    """The suite's file, if the plan comes from one."""
    problems: tuple[str, ...] = ()
    """What is wrong with the file, one sentence each."""


def find_plan(suite: Path | None, settings: Mapping[str, object], results: Path) -> ShownPlan:
    """Plan `suite`, overridden by `settings`. Without one, take the default suite, or else the results' own plan."""
    path = suite or find_default_suite() or results / "plan.json"
    if suite is None and not path.is_file():
        return ShownPlan(None, "", None)
    try:
        status = path.stat()
        version = status.st_mtime_ns, status.st_size
    except OSError:
        version = 0, 0  # reading the file gives the reason
    return _read(path, tuple(sorted(settings.items())), version)


@lru_cache(maxsize=4)
def _read(path: Path, settings: tuple[tuple[str, object], ...], _: tuple[int, int]) -> ShownPlan:
    """Read a plan or a suite, again only if the file has changed."""
    is_plan = path.suffix == ".json"
    suite = None if is_plan else path
    try:
        plan = read_plan(path) if is_plan else make_plan(load_suite(path, dict(settings)))
    except LoadstoneError as error:
        return ShownPlan(None, str(path), suite, tuple(error.lines))
    return ShownPlan(plan, str(path), suite)


class GrantedRuns:
    """Adds the runs that a campaign's looks have granted to the plan of a suite. Reads looks again if they changed."""

    def __init__(self, results: Path) -> None:
        """`results` is the folder of the campaign's results."""
        self._folder = results / "looks"
        self._key: tuple[int, tuple[tuple[str, int], ...]] | None = None
        self._found: ShownPlan | None = None

    def add_to(self, shown: ShownPlan) -> ShownPlan:
        """Return the plan with the granted runs. The plan of a file, and one without repeats by need, stay as is."""
        if shown.plan is None or shown.suite is None or not shown.plan.rounds:
            return shown
        files = tuple(sorted((path.name, path.stat().st_mtime_ns) for path in self._folder.glob("*.json")))
        key = id(shown.plan), files
        if self._found is None or key != self._key:
            self._key, self._found = key, replace(shown, plan=self._extend(shown.plan))
        return self._found

    def _extend(self, plan: Plan) -> Plan:
        try:
            looks = read_looks(self._folder, plan.digest)
        except LoadstoneError:
            return plan  # the workflow sets a damaged file aside, and looks again
        return make_plan(plan.suite, grants_of(looks)) if looks else plan
