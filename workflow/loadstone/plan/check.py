"""Whether a plan that was read fits itself: the stages after measuring look names up and rely on finding them."""

from pathlib import Path

from loadstone.plan.schedule import Plan
from loadstone.suite.check_hypotheses import Known, check_hypotheses


def problem_of(path: Path, plan: Plan) -> str | None:
    """Say in a line what doesn't fit in the plan at `path`; None for one that `make_plan` laid out."""
    suite = plan.suite
    planned = {(name, repeat) for name, s in plan.experiments.items() for repeat in range(1, s.repeats + 1)}
    runs = {(run.experiment, run.repeat): run for run in plan.runs}
    if not runs or planned != runs.keys() or len(runs) < len(plan.runs):
        return f"{path}: damaged: the runs aren't those of its experiments"
    for (name, _), run in runs.items():
        if any(getattr(run, key) != value for key, value in plan.experiments[name].conditions):
            return f"{path}: damaged: runs.{name}: not as the experiment says"
    for name, sweep in suite.sweeps.items():
        if not sweep.levels or not {level.experiment for level in sweep.levels} <= suite.experiments.keys():
            return f"{path}: damaged: sweeps.{name}: no levels, or not those of the suite"
    rows = set(suite.published.rows.values()) if suite.published else None
    told = {h.value.published for h in suite.hypotheses.values() if h.value is not None and h.value.published}
    known = Known(
        names=suite.experiments,
        experiments=suite.experiments,
        sweeps=suite.sweeps,
        rows=None if rows is None else rows | told,  # what the table has is told by the table
    )
    return next(iter(check_hypotheses(path, suite.hypotheses, known)), None)
