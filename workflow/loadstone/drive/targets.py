"""What `loadstone run` is asked to make: experiments, sweeps, capacity searches, or a stage of the workflow."""

import difflib
from collections.abc import Iterable, Sequence

from loadstone.errors import SuiteError
from loadstone.plan.schedule import Plan
from loadstone.text import listed, short

STAGES = ("all", "report", "analyse", "gate", "plan")
"""Targets of the workflow itself."""


def expand_targets(plan: Plan, targets: Iterable[str]) -> list[str]:
    """Return the workflow's targets: a sweep stands for its levels, a path for itself.

    Raises `SuiteError` for a name that the suite does not have.
    """
    suite = plan.suite
    names = [*suite.experiments, *suite.sweeps, *suite.capacity, *STAGES]
    expanded: list[str] = []
    for target in targets:
        if target in suite.sweeps and target not in suite.experiments:
            expanded += [level.experiment for level in suite.sweeps[target].levels]
        elif target in names or "/" in target:
            expanded.append(target)
        else:
            allowed = difflib.get_close_matches(target, names) or names
            raise SuiteError(f"command line: {short(target)} is not a target of this suite; allowed: {listed(allowed)}")
    return list(dict.fromkeys(expanded))


def select_runs(plan: Plan, targets: Sequence[str]) -> Plan:
    """Return the part of a plan that the targets measure; the whole plan if that cannot be known from their names."""
    names = {*plan.suite.experiments, *plan.suite.capacity}
    if not targets or not names.issuperset(targets):
        return plan
    capacity = {name: search for name, search in plan.suite.capacity.items() if name in targets}
    runs = tuple(run for run in plan.runs if run.experiment in targets)
    return plan.model_copy(update={"runs": runs, "suite": plan.suite.model_copy(update={"capacity": capacity})})
