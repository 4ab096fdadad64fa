"""The unloaded response time R₀ of a user's own load: that of each endpoint, weighed as the run requested them.

Users of a locustfile who do not wait request their endpoints in other proportions than users who do: a class with fast
requests sends many more of them. The mean over all requests of the unloaded run would then be that of another load.

What a run adds up as `other` are different endpoints in each run, so its unloaded response time is unknown.
"""

import pandas as pd

from loadstone.plan.baselines import is_baseline, unloaded_name
from loadstone.plan.schedule import Plan
from loadstone.results.tables import OTHER, RunKey
from loadstone.suite.hypotheses import ALL

MIN_COVERED = 0.9
"""Share of a run's requests whose endpoints the unloaded run has to have requested as well."""


def weigh_unloaded(plan: Plan, summary: pd.DataFrame) -> dict[RunKey, float | None]:
    """Compute R₀ in seconds for each run of a load without a mix; None where too few of its endpoints were measured.

    `summary` is the table of all runs by endpoint.
    """
    table = summary[summary["endpoint"] != ALL]
    rows = {(str(name), int(str(repeat))): part for (name, repeat), part in table.groupby(["experiment", "repeat"])}
    return {
        run: _weigh(part, rows.get((unloaded_name(plan.experiments[run[0]]), 1)))
        for run, part in rows.items()
        if not is_baseline(run[0]) and plan.experiments[run[0]].load.mix is None
    }


def _weigh(run: pd.DataFrame, unloaded: pd.DataFrame | None) -> float | None:
    if unloaded is None:
        return None
    of_endpoint = dict(zip(unloaded["endpoint"], unloaded["mean_ms"], strict=True))
    requests, alone = run["requests"].astype(float), run["endpoint"].map(of_endpoint).astype(float)
    known = alone.notna() & (run["endpoint"] != OTHER)
    if not requests.sum() or requests[known].sum() < MIN_COVERED * requests.sum():
        return None
    return float((requests * alone)[known].sum() / requests[known].sum()) / 1000
