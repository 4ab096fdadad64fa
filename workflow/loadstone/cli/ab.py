"""`loadstone ab`: two commits under the same load, and whether the second is slower."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loadstone.cli.console import make_console, make_table
from loadstone.cli.options import Junit, Markdown, Overrides, read_overrides, write_output
from loadstone.errors import ComparisonError, Interrupted, LoadstoneError, SuiteError, SystemFault
from loadstone.text import clock, several, short

if TYPE_CHECKING:
    from loadstone.ab.schedule import AbSchedule
    from loadstone.ab.stage import AbCampaign
    from loadstone.results.ab import AbResult

WIDTH = 150
"""Columns of the output where it is not a terminal."""


def ab(
    a: Annotated[str, typer.Argument(metavar="A", help="The commit to compare with: a hash, a branch or a tag.")],
    b: Annotated[str, typer.Argument(metavar="B", help="The commit in question.")],
    suite: Annotated[Path, typer.Option(metavar="FILE", help="The suite, a YAML file in the service's repository.")],
    budget: Annotated[
        str | None,
        typer.Option(metavar="10m", help="Time for all runs. Default: as many pairs as the suite has repeats."),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="EXPERIMENT", help="Compare this experiment only. You can repeat this option."),
    ] = None,
    margin: Annotated[str, typer.Option(metavar="5%", help="Change up to which nothing is slower or faster.")] = "5%",
    results: Annotated[Path, typer.Option(metavar="DIR", help="Folder for runs, tables and ab.json.")] = Path("ab"),
    markdown: Markdown = None,
    junit: Junit = None,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write a copy of ab.json.")] = None,
    overrides: Overrides = None,
) -> None:
    """Compare two commits of a service under the same load: find out whether the second is slower.

    Example: loadstone ab main HEAD --suite load/suite.yaml --budget 10m

    Checks both commits out, builds them, and runs the suite's experiments in
    turn (A B B A ...). Each experiment gets the ratio B/A with its interval, and
    a finding: fails more, slower, faster, no change, can't tell.

    Exit codes: 0 if nothing is slower or fails more; 1 if an experiment is or
    does; 2 if one cannot be told, or after a mistake or a failure; 130 if it is
    interrupted.
    """
    from loadstone.measure.orphans import adopt_orphans

    adopt_orphans()
    try:
        campaign = _prepare((a, b), suite, read_overrides(overrides), only or [], _share(margin), budget, results)
        _announce(campaign.schedule, campaign, budget)
        with SystemFault.at(results):
            result = campaign.carry_out()
        _show(result)
        _write(result, markdown, junit, json)
    except Interrupted:
        raise
    except LoadstoneError as error:
        raise ComparisonError(str(error)) from None
    if result.exit_code:
        raise typer.Exit(result.exit_code)


def _prepare(
    names: tuple[str, str],
    suite: Path,
    overrides: dict[str, object],
    only: list[str],
    margin: float,
    budget: str | None,
    results: Path,
) -> "AbCampaign":
    """Check everything that can be checked before a run. Raises `SuiteError`."""
    from loadstone.ab.schedule import make_schedule
    from loadstone.ab.sides import select_experiments, server_at
    from loadstone.ab.stage import AbCampaign
    from loadstone.results.ab import AbSide
    from loadstone.suite.load import load_suite
    from loadstone.suite.repository import resolve_commit

    loaded = load_suite(suite, overrides)
    experiments = select_experiments(loaded.experiments, only)
    base = suite.parent
    sides = [AbSide(name=name, commit=resolve_commit(base, name)) for name in names]
    servers = [
        {name: server_at(settings, side.commit, base) for name, settings in experiments.items()} for side in sides
    ]
    return AbCampaign(
        sides={"A": sides[0], "B": sides[1]},
        servers={"A": servers[0], "B": servers[1]},
        schedule=make_schedule(experiments, loaded.seed, None if budget is None else _seconds(budget)),
        thresholds=loaded.thresholds,
        margin=margin,
        base=base,
        folder=results,
        report=_report,
    )


def _share(text: str) -> float:
    from loadstone.suite.types import parse_percentage

    try:
        share = parse_percentage(text)
    except ValueError:
        share = 0.0
    if not 0 < share < 1:
        raise SuiteError(f"--margin: {short(text)} is not allowed; allowed: more than 0% and less than 100%")
    return share


def _seconds(text: str) -> float:
    from loadstone.suite.types import parse_duration

    try:
        seconds = parse_duration(text)
    except ValueError:
        seconds = 0.0
    if seconds <= 0:
        raise SuiteError(f"--budget: {short(text)} is not allowed; allowed: a duration such as 90s, 10m or 1h")
    return seconds


def _report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _announce(schedule: "AbSchedule", campaign: "AbCampaign", budget: str | None) -> None:
    """State what will run, and for how long."""
    a, b = campaign.sides["A"], campaign.sides["B"]
    counts = sorted(set(schedule.pairs.values()))
    pairs = several(counts[0], "pair") if len(counts) == 1 else f"{counts[0]} to {counts[-1]} pairs"
    _report(f"A is {a.label}, B is {b.label}" + ": the same commit, which shows the noise" * (a.commit == b.commit))
    _report(
        f"{several(len(schedule.pairs), 'experiment')}, {pairs} of runs each, {len(schedule.runs)} runs, "
        f"about {clock(schedule.expected_s)} without builds"
    )
    if budget is not None and schedule.expected_s > _seconds(budget):
        _report(f"the budget of {budget} is too short for 2 pairs, the fewest that give an interval; running 2")


def _show(result: "AbResult") -> None:
    from loadstone.ab.wording import HEADINGS, RIGHT, notes, table_rows

    console = make_console(WIDTH)
    table = make_table(*HEADINGS, right=RIGHT)
    for cells in table_rows(result):
        table.add_row(*cells)
    console.print(table)
    console.print()
    for line in (*notes(result), *(f"{e.experiment}: {e.finding}: {e.reason}" for e in result.experiments)):
        console.print(line, soft_wrap=True)
    console.print(result.outcome, soft_wrap=True, style="bold")


def _write(result: "AbResult", markdown: Path | None, junit: Path | None, json: Path | None) -> None:
    from loadstone.ab.for_ci import to_junit, to_markdown
    from loadstone.results.json_file import to_json

    write_output("--markdown", markdown, to_markdown(result))
    write_output("--junit", junit, to_junit(result))
    write_output("--json", json, to_json(result).decode())
