"""Show a plan in a terminal."""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from loadstone.plan import Plan, common_ground, differences
from loadstone.values import format_duration

WIDTH_ELSEWHERE = 160
"""Columns to use where the output is no terminal."""


def show_plan(plan: Plan) -> None:
    """Print the runs in order, what sets each apart, and how long it takes."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH_ELSEWHERE)
    base = common_ground(plan.suite)
    table = Table("#", "experiment", "repeat", "differs in", "expected", box=None, header_style="bold")
    for number, run in enumerate(plan.runs, start=1):
        table.add_row(
            str(number), run.experiment, str(run.repeat), _describe(differences(run, base)), f"{run.expected_s:.0f} s"
        )
    console.print(table)
    console.print()
    console.print("Every run, unless it differs: " + _describe(base), highlight=False, soft_wrap=True)
    experiments = len(plan.suite.experiments)
    console.print(
        f"{len(plan.runs)} runs of {experiments} experiments, about {_clock(plan.expected_s)} in all; "
        f"order by seed {plan.suite.seed}.",
        highlight=False,
    )


def _describe(values: Mapping[str, object]) -> str:
    return "  ".join(f"{key}={_value(key, value)}" for key, value in values.items()) or "–"


def _value(key: str, value: object) -> str:
    if key in ("duration", "warm_up") and isinstance(value, float):
        return format_duration(value)
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return "–".join(f"{v:g}" for v in dict.fromkeys(value)) + "s"
    if hasattr(value, "model_dump"):
        return "/".join(str(v) for v in value.model_dump().values())
    return f"{value:g}" if isinstance(value, float) else str(value)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
