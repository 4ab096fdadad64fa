"""The unloaded response time R₀ of a user's own load: that of each endpoint, weighed as the run requested them.

Users of a locustfile who do not wait request their endpoints in other proportions than users who do: a class with fast
requests sends many more of them. The mean over all requests of the unloaded run would then be that of another load.

Each class of a locustfile has an unloaded run of its own. An endpoint that several classes request has the mean of
theirs, weighed by the weights of the classes in the suite; a class without one counts once.

What a run adds up as `other` are different endpoints in each run, so its unloaded response time is unknown.
"""

from collections.abc import Mapping, Sequence

import pandas as pd

from loadstone.plan.baselines import is_baseline, unloaded_names
from loadstone.plan.probes import Probe, probed_experiment
from loadstone.plan.schedule import Plan
from loadstone.results.signals import Signals
from loadstone.results.tables import OTHER, RunKey
from loadstone.suite.hypotheses import ALL

MIN_COVERED = 0.9
"""Share of a run's requests whose endpoints the unloaded runs have to have requested as well."""


def unloaded_runs(plan: Plan, experiment: str) -> tuple[str, ...]:
    """Name the unloaded runs of an experiment or probe.

    A probe with other slots has those of its experiment: a single user needs one slot only.
    """
    probed = probed_experiment(experiment)
    name = probed[0] if probed and probed[1] == Probe.SLOTS else experiment
    return unloaded_names(plan.experiments[name], plan.added)


def typical_response_s(s: Signals) -> float:
    """Return the mean response time without pauses of the server, where it is known; seconds."""
    return s.response_s if s.typical_response_s is None else s.typical_response_s


def weigh_unloaded(plan: Plan, summary: pd.DataFrame, typical: Mapping[str, float]) -> dict[RunKey, float | None]:
    """Compute R₀ in seconds for each run of a load without a mix; None where too few of its endpoints were measured.

    `summary` is the table of all runs by endpoint. `typical` maps each unloaded run whose figures can be used to its
    typical over its mean response time: pauses of the server are taken off all of its endpoints alike.
    """
    table = summary[summary["endpoint"] != ALL]
    rows = {(str(name), int(str(repeat))): part for (name, repeat), part in table.groupby(["experiment", "repeat"])}
    found: dict[RunKey, float | None] = {}
    for run, part in rows.items():
        settings = plan.experiments[run[0]]
        if is_baseline(run[0]) or settings.load.mix is not None:
            continue
        weights = [weight or 1 for weight in (settings.load.classes or {}).values()] or [1]
        alone = [
            (rows[name, 1].assign(mean_ms=rows[name, 1]["mean_ms"] * typical[name]), weight)
            for name, weight in zip(unloaded_runs(plan, run[0]), weights, strict=True)
            if name in typical and (name, 1) in rows
        ]
        found[run] = _weigh(part, _by_endpoint(alone))
    return found


def _by_endpoint(alone: Sequence[tuple[pd.DataFrame, int]]) -> dict[str, float]:
    """Average the mean response time of each endpoint, in ms, over the classes that requested it, by their weights."""
    sums: dict[str, tuple[float, int]] = {}
    for rows, weight in alone:
        known = rows[rows["mean_ms"].notna() & (rows["endpoint"] != OTHER)]
        for endpoint, mean_ms in zip(known["endpoint"], known["mean_ms"].astype(float), strict=True):
            total, weights = sums.get(str(endpoint), (0.0, 0))
            sums[str(endpoint)] = total + weight * mean_ms, weights + weight
    return {endpoint: total / weights for endpoint, (total, weights) in sums.items()}


def _weigh(run: pd.DataFrame, of_endpoint: dict[str, float]) -> float | None:
    requests, alone = run["requests"].astype(float), run["endpoint"].map(of_endpoint).astype(float)
    known = alone.notna()
    if not requests.sum() or requests[known].sum() < MIN_COVERED * requests.sum():
        return None
    return float((requests * alone)[known].sum() / requests[known].sum()) / 1000
