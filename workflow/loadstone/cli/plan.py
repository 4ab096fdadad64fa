"""`loadstone plan`: the runs of a suite before anything is measured."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loadstone.cli.console import describe_parentheses, make_console, make_table
from loadstone.cli.options import Overrides, read_overrides
from loadstone.errors import SystemFault
from loadstone.files import write_text
from loadstone.text import clock, each_run, several

if TYPE_CHECKING:
    from loadstone.plan.schedule import Plan
    from loadstone.results.repeats import CampaignRepeats, ExperimentRepeats

WIDTH = 160
"""Columns of the output where it is not a terminal."""

MAX_NAMED = 3
"""Experiments named next to a baseline that they share."""


def plan(
    suite: Annotated[
        Path | None,
        typer.Argument(
            help="The suite, a YAML file.", show_default="loadstone.yaml, or config/config.yaml if there is none"
        ),
    ] = None,
    overrides: Overrides = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the plan to this file as JSON, and print nothing.")
    ] = None,
    results: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Folder with an earlier campaign's results, from which precision is shown."),
    ] = Path("results"),
    looks: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder with the looks of a campaign: the repeats that they granted count."),
    ] = None,
) -> None:
    """Show a suite's runs in order, how they differ and how long they take; nothing is measured.

    Example: loadstone plan config/smoke.yaml --set repeats=5

    With repeats by need, the runs that are sure are listed, and how many may be
    added is stated. After a campaign, also shows how precise it was and how many
    repeats the wanted precision needs.

    Exit code: 2 if the suite has a mistake; each mistake is one line.
    """
    from loadstone.plan.schedule import make_plan
    from loadstone.results.looks import grants_of, read_looks
    from loadstone.suite.default_suite import OWN_SUITE, find_default_suite
    from loadstone.suite.load import load_suite

    path = suite or find_default_suite() or OWN_SUITE
    laid_out = make_plan(load_suite(path, read_overrides(overrides)))
    if looks is not None:
        laid_out = make_plan(laid_out.suite, grants_of(read_looks(looks, laid_out.digest)))
    if output is not None:
        with SystemFault.at(output):
            write_text(output, laid_out.model_dump_json(indent=1) + "\n")
        return
    show_plan(laid_out)
    if (results / "repeats.json").exists():
        from loadstone.results.repeats import read_repeats

        show_precision(laid_out, read_repeats(results / "repeats.json"))


def show_plan(plan: "Plan") -> None:
    """Print the runs in order, how each differs from the others, and how long it takes."""
    from loadstone.plan.baselines import is_baseline
    from loadstone.suite.differences import common_settings, differences, without_unset

    console = make_console(WIDTH)
    base = common_settings(plan.suite)
    purposes = _describe_baselines(plan)
    table = make_table("#", "experiment", "repeat", "differs in", "expected")
    for number, run in enumerate(plan.runs, start=1):
        difference = purposes.get(run.experiment) or _describe(differences(run, base))
        table.add_row(str(number), run.experiment, str(run.repeat), difference, f"{run.expected_s:.0f} s")
    console.print(table)
    console.print()
    for name, search in plan.suite.capacity.items():
        low, high = search.rates
        console.print(
            f"Search {name}: {search.slo} at {low:g} to {high:g} arrivals/s, within {100 * search.within:g} %, about "
            f"{search.expected_probes} steps of {search.settings.expected_s:.0f} s",
        )
    console.print("Every run, unless it differs: " + _describe(without_unset(base)), soft_wrap=True)
    baselines = sum(is_baseline(name) for name in plan.added)
    counts = {"experiment": len(plan.suite.experiments), "baseline": baselines, "probe": len(plan.added) - baselines}
    parts = ", ".join(several(number, noun) for noun, number in counts.items() if number)
    console.print(
        f"{several(len(plan.runs), 'run')} of {parts}, about {clock(plan.expected_s)} in total, of which "
        f"{100 * plan.window_s / plan.expected_s:.0f} % inside windows; in random order by seed {plan.suite.seed}.",
        soft_wrap=True,
    )
    if plan.rounds:
        from loadstone.plan.schedule import describe_rest

        console.print(describe_rest(plan), soft_wrap=True)


def show_precision(plan: "Plan", repeats: "CampaignRepeats") -> None:
    """Print how precise an earlier campaign was, and how many repeats the wanted precision needs (`repeats.json`)."""
    console = make_console(WIDTH)
    table = make_table("experiment", "runs", "requests/s", "mean ms", "wanted", "repeats needed")
    measured = repeats.experiments
    for name, settings in plan.suite.experiments.items():
        if name in measured:
            found = measured[name]
            figures = [_precision(found, metric) for metric in ("throughput_rps", "mean_ms")]
            table.add_row(name, str(found.runs), *figures, f"±{100 * settings.usual_precision:g} %",
                          _needed(found))  # fmt: skip
    console.print()
    console.print("Precision of the last campaign, with the run as the unit:")
    console.print(table)
    if note := describe_parentheses([found.runs for name, found in measured.items() if name in plan.suite.experiments]):
        console.print(note, highlight=False)


def _needed(repeats: "ExperimentRepeats") -> str:
    if repeats.needed is None:
        return "unknown from one run" if repeats.runs == 1 else "unknown"
    return f"{repeats.needed:,}"


def _precision(repeats: "ExperimentRepeats", metric: str) -> str:
    """Write a mean with its precision and interval; below four runs, with the runs themselves."""
    interval = repeats.intervals.get(metric)
    if interval is None or interval.value is None:
        return "–"
    value, low, high = interval.value, interval.low, interval.high
    if low is None or high is None or not value:
        runs = each_run(repeats.values.get(metric, ()))
        return f"{value:.4g} ({runs})" if runs else f"{value:.4g}"
    return f"{value:.4g} ±{50 * (high - low) / abs(value):.2g} % ({low:.4g} – {high:.4g})"


def _describe_baselines(plan: "Plan") -> dict[str, str]:
    """Describe each baseline: what it measures, and for which experiments."""
    from loadstone.plan.baselines import UNLOADED, ceiling_name, is_baseline, unloaded_names

    served: dict[str, list[str]] = {}
    for name, settings in plan.experiments.items():
        if not is_baseline(name):
            for baseline in filter(None, (*unloaded_names(settings, plan.added), ceiling_name(settings))):
                served.setdefault(baseline, []).append(name)

    def purpose(name: str) -> str:
        if not name.startswith(UNLOADED):
            return "the generator's ceiling: "
        of_class = "".join(f" ({each})" for each in plan.added[name].load.classes or ())
        return f"one user's response time{of_class}: "

    return {
        name: purpose(name)
        + ", ".join(served[name][:MAX_NAMED])
        + f" and {len(served[name]) - MAX_NAMED} more" * (len(served[name]) > MAX_NAMED)
        for name in plan.added
        if is_baseline(name)
    }


def _describe(values: Mapping[str, object]) -> str:
    return "  ".join(f"{key}={_value(key, value)}" for key, value in values.items()) or "–"


def _value(key: str, value: object) -> str:
    from loadstone.suite.describe import describe_value
    from loadstone.suite.types import format_duration

    if key in ("duration", "warm_up") and isinstance(value, float):
        return format_duration(value)
    if value is None or isinstance(value, Mapping):
        return describe_value(value) or "none"
    if isinstance(value, tuple):
        return _several_values(key, value)
    if hasattr(value, "model_dump"):
        return "/".join(str(v) for v in value.model_dump().values())
    return f"{value:g}" if isinstance(value, float) else str(value)


def _several_values(key: str, values: tuple[object, ...]) -> str:
    if key == "load.requests":
        return ", ".join(map(str, values))
    if all(isinstance(word, str) for word in values):
        return shlex.join(map(str, values))
    return "–".join(f"{v:g}" for v in dict.fromkeys(values)) + "s"
