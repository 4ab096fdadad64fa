"""Check that a plan read from a file is consistent: later stages look names up and rely on finding them."""

from pathlib import Path

from loadstone.plan.schedule import Plan
from loadstone.suite.check_hypotheses import SuiteContents, check_hypotheses


def find_problem(path: Path, plan: Plan) -> str | None:
    """Describe the first inconsistency of the plan at `path` in one line; None if `make_plan` could have made it."""
    suite = plan.suite
    runs = {(run.experiment, run.repeat): run for run in plan.runs}
    counts, bounds = plan.repeats, {name: settings.repeats for name, settings in plan.experiments.items()}
    fitting = counts.keys() == bounds.keys() and all(b.min <= counts[name] <= b.max for name, b in bounds.items())
    planned = {(name, repeat) for name, count in counts.items() for repeat in range(1, count + 1)}
    if not runs or not fitting or planned != runs.keys() or len(runs) < len(plan.runs):
        return f"{path}: damaged: its runs do not match its experiments"
    for (name, _), run in runs.items():
        if any(getattr(run, key) != value for key, value in plan.experiments[name].conditions):
            return f"{path}: damaged: runs.{name}: its settings are not those of the experiment"
    for name, sweep in suite.sweeps.items():
        if not sweep.levels or not {level.experiment for level in sweep.levels} <= suite.experiments.keys():
            return f"{path}: damaged: sweeps.{name}: it has no levels, or levels that are not experiments"
    rows = set(suite.published.rows.values()) if suite.published else None
    judged = {h.value.published for h in suite.hypotheses.values() if h.value is not None and h.value.published}
    contents = SuiteContents(
        names=suite.experiments,
        experiments=suite.experiments,
        sweeps=suite.sweeps,
        rows=None if rows is None else rows | judged,  # the plan does not hold the table, so any row may exist
    )
    return next(iter(check_hypotheses(path, suite.hypotheses, contents)), None)
