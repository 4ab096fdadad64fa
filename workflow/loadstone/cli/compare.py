"""`loadstone compare`: two campaigns, before and after."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loadstone.cli.console import make_console, print_json
from loadstone.cli.options import Json, Junit, Markdown, write_output
from loadstone.errors import GateError, SuiteError, UndecidedError

if TYPE_CHECKING:
    from loadstone.compare.model import CampaignComparison

WIDTH = 100
"""Columns of the output where it is not a terminal."""


def compare(
    before: Annotated[Path, typer.Argument(help="Folder of a campaign: its results folder, or the folder around it.")],
    after: Annotated[Path, typer.Argument(help="Folder of the campaign to compare with it.")],
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write the comparison as an HTML page that works offline.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="List every experiment, not only what changed.")] = False,
    json: Json = False,
    markdown: Markdown = None,
    junit: Junit = None,
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            metavar="regression:5%|verdict",
            help="Exit with 1 if an experiment is slower, with this percentage as margin, or if a verdict changed. "
            "You can repeat this option.",
        ),
    ] = None,
) -> None:
    """Compare two campaigns: what became faster or slower beyond the noise of repeats, and what else changed.

    Example: loadstone compare monday friday --html compared.html
             loadstone compare monday friday --fail-on regression:5%

    Findings are slower, faster, no change and can't tell. An experiment is slower
    if the interval of a ratio excludes 1 and the ratio lies beyond the margin,
    which is 5 % unless --fail-on gives another. Intervals are wide enough for all
    of them to hold together with 95 %. If a busy machine could explain a
    difference, the finding is can't tell. Experiments are matched by name.

    Exit codes: 0 without --fail-on, or if it finds nothing; 1 if --fail-on finds
    something, or if results cannot be read; 2 if an experiment is slower by its
    figures and the machine could be the reason, or if the command line is wrong.
    """
    compare_folders(
        before,
        after,
        html=html,
        everything=everything,
        json=json,
        markdown=markdown,
        junit=junit,
        fail_on=fail_on or (),
    )


def compare_folders(
    before: Path,
    after: Path,
    *,
    html: Path | None = None,
    everything: bool = False,
    json: bool = False,
    markdown: Path | None = None,
    junit: Path | None = None,
    fail_on: Sequence[str] = (),
) -> None:
    """Compare two campaigns, write the files that are asked for, and print the comparison.

    Raises `SuiteError` for a wrong command line, `ResultError` if results cannot be read, and `GateError`, with one
    line per experiment and kind, for changes that `fail_on` names. Raises `UndecidedError` if there are none, and an
    experiment is slower by its figures for which the machine could be the reason.
    """
    from loadstone.compare.fail_on import list_cautions, list_failures, list_undecided, parse_fail_on
    from loadstone.compare.for_ci import to_junit, to_markdown
    from loadstone.compare.judge import compare_campaigns
    from loadstone.compare.layout import comparison_json
    from loadstone.compare.read_campaign import read_campaign
    from loadstone.compare.terminal import show_comparison
    from loadstone.results.campaign_folder import find_results

    rules, old, new = parse_fail_on(fail_on), find_results(before), find_results(after)
    comparison = compare_campaigns(read_campaign(old), read_campaign(new), rules.margin)
    if not comparison.experiments:
        raise SuiteError(f"{old} and {new} have no experiment in common: nothing to compare")
    failures, undecided = list_failures(comparison, rules), list_undecided(comparison, rules)
    cautions, folders = list_cautions(comparison), (str(before), str(after))
    if html is not None:
        _write_page(comparison, folders, html, everything=everything)
    write_output("--markdown", markdown, to_markdown(comparison, folders, everything=everything))
    write_output("--junit", junit, to_junit(comparison))
    # where a regression fails, what could hide one goes to the log next to it, and not to both places
    to_log = rules.regression is not None
    if json:
        print_json(comparison_json(comparison, failures, undecided))
    else:
        notes = [] if to_log else cautions
        show_comparison(make_console(WIDTH), comparison, folders, notes, everything=everything)
    if to_log:
        print(*(f"loadstone: {caution}\n" for caution in cautions), sep="", end="", file=sys.stderr)
    if failures:
        raise GateError("\n".join((*failures, *undecided)))
    if undecided:
        raise UndecidedError("\n".join(undecided))


def _write_page(comparison: "CampaignComparison", folders: tuple[str, str], path: Path, *, everything: bool) -> None:
    from loadstone.compare.page import render_comparison

    write_output("--html", path, render_comparison(comparison, folders, everything=everything))
