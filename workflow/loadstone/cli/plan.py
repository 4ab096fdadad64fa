"""Show a plan in a terminal."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from loadstone.plan.baselines import UNLOADED, ceiling_name, is_baseline, unloaded_name
from loadstone.plan.schedule import Plan
from loadstone.results.analysed import read_result
from loadstone.suite.differences import common_settings, differences
from loadstone.suite.types import format_duration

WIDTH_ELSEWHERE = 160
"""Columns to use where the output is no terminal."""

MAX_NAMED = 3
"""Experiments named beside a baseline that they share."""


def show_plan(plan: Plan) -> None:
    """Print the runs in order, what sets each apart, and how long it takes."""
    console = Console(markup=False, emoji=False)
    if not console.is_terminal:
        console = Console(markup=False, emoji=False, width=WIDTH_ELSEWHERE)
    base = common_settings(plan.suite)
    purposes = _purposes(plan)
    table = Table("#", "experiment", "repeat", "differs in", "expected", box=None, header_style="bold")
    for number, run in enumerate(plan.runs, start=1):
        what = purposes.get(run.experiment) or _describe(differences(run, base))
        table.add_row(str(number), run.experiment, str(run.repeat), what, f"{run.expected_s:.0f} s")
    console.print(table)
    console.print()
    for name, search in plan.suite.capacity.items():
        low, high = search.rates
        console.print(
            f"Search {name}: {search.slo} at {low:g} to {high:g} arrivals/s, to {100 * search.within:g} %, about "
            f"{search.expected_probes} probes of {search.settings.expected_s:.0f} s",
            highlight=False,
        )
    console.print("Every run, unless it differs: " + _describe(base), highlight=False, soft_wrap=True)
    experiments = len(plan.suite.experiments)
    baselines = sum(is_baseline(name) for name in plan.added)
    probes = len(plan.added) - baselines
    and_more = f", {baselines} baselines" * (baselines > 0) + f", {probes} probes" * (probes > 0)
    console.print(
        f"{len(plan.runs)} runs of {experiments} experiments{and_more}, about {_clock(plan.expected_s)} in all; "
        f"order by seed {plan.suite.seed}.",
        highlight=False,
    )


def read_repeats(path: Path) -> dict[str, Any] | None:
    """Read `repeats.json`; None where there is none yet. Raises `ResultError` where it is damaged."""
    found: dict[str, Any] | None = read_result(path, kind="repeats.json") if path.exists() else None
    return found


def show_precision(plan: Plan, repeats: Mapping[str, Any]) -> None:
    """Print how precise an earlier campaign was, and how many repeats the wanted precision takes (`repeats.json`)."""
    console = Console(markup=False, emoji=False)
    if not console.is_terminal:
        console = Console(markup=False, emoji=False, width=WIDTH_ELSEWHERE)
    table = Table("experiment", "runs", "requests/s", "mean ms", "wanted", "repeats for it", box=None)
    measured = repeats["experiments"]
    for name, settings in plan.suite.experiments.items():
        if name in measured:
            found = measured[name]
            figures = [_precision(found["intervals"].get(metric)) for metric in ("throughput_rps", "mean_ms")]
            needed = found["needed"]
            table.add_row(name, str(found["runs"]), *figures, f"±{100 * settings.precision:g} %",
                          "more than one run tells" if needed is None else f"{needed:,}")  # fmt: skip
    console.print()
    console.print("Precision of the last campaign here (95 % intervals, the run as the unit):", highlight=False)
    console.print(table)


def _precision(interval: Mapping[str, float | None] | None) -> str:
    if interval is None or interval["value"] is None:
        return "–"
    value, low, high = interval["value"], interval["low"], interval["high"]
    if low is None or high is None or not value:
        return f"{value:.4g}"
    return f"{value:.4g} ±{50 * (high - low) / abs(value):.2g} %"


def _purposes(plan: Plan) -> dict[str, str]:
    """Say of each baseline what it is, and for which experiments."""
    served: dict[str, list[str]] = {}
    for name, settings in plan.experiments.items():
        if not is_baseline(name):
            served.setdefault(unloaded_name(settings), []).append(name)
            served.setdefault(ceiling_name(settings), []).append(name)
    return {
        name: ("one user's response: " if name.startswith(UNLOADED) else "what the generator can send: ")
        + ", ".join(served[name][:MAX_NAMED])
        + f" and {len(served[name]) - MAX_NAMED} more" * (len(served[name]) > MAX_NAMED)
        for name in plan.added
        if is_baseline(name)
    }


def _describe(values: Mapping[str, object]) -> str:
    return "  ".join(f"{key}={_value(key, value)}" for key, value in values.items()) or "–"


def _value(key: str, value: object) -> str:
    if key in ("duration", "warm_up") and isinstance(value, float):
        return format_duration(value)
    if value is None:
        return "none"
    if isinstance(value, tuple) and all(isinstance(word, str) for word in value):
        return shlex.join(value)
    if isinstance(value, tuple):
        return "–".join(f"{v:g}" for v in dict.fromkeys(value)) + "s"
    if hasattr(value, "model_dump"):
        return "/".join(str(v) for v in value.model_dump().values())
    return f"{value:g}" if isinstance(value, float) else str(value)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
