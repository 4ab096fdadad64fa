"""`loadstone compare`: two campaigns, before and after."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loadstone.cli.console import make_console, print_json
from loadstone.cli.options import Json
from loadstone.errors import GateError, SuiteError

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
    json: Json = False,
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            metavar="regression:5%|verdict",
            help="Exit with 1 if a metric certainly got worse by more than this percentage, or if a verdict changed. "
            "You can repeat this option.",
        ),
    ] = None,
) -> None:
    """Compare two campaigns: what became faster or slower beyond the noise of repeats, and what else changed.

    Example: loadstone compare monday friday --html compared.html
             loadstone compare monday friday --fail-on regression:5%

    A metric changed if its whole 95 % interval lies beyond the margin, which is
    5 % unless --fail-on gives another. Experiments are matched by name.

    Exit codes: 1 if --fail-on finds something or results cannot be read; 2 if
    the command line is wrong.
    """
    compare_folders(before, after, html=html, json=json, fail_on=fail_on or ())


def compare_folders(
    before: Path, after: Path, *, html: Path | None = None, json: bool = False, fail_on: Sequence[str] = ()
) -> None:
    """Compare two campaigns, write the page if there is to be one, and print the comparison.

    Raises `SuiteError` for a wrong command line, `ResultError` if results cannot be read, and `GateError`, with one
    line per experiment and kind, for changes that `fail_on` names.
    """
    from loadstone.compare.fail_on import list_cautions, list_failures, parse_fail_on
    from loadstone.compare.judge import compare_campaigns
    from loadstone.compare.layout import comparison_json
    from loadstone.compare.read_campaign import read_campaign
    from loadstone.compare.terminal import show_comparison
    from loadstone.results.campaign_folder import find_results

    rules, old, new = parse_fail_on(fail_on), find_results(before), find_results(after)
    comparison = compare_campaigns(read_campaign(old), read_campaign(new), rules.margin)
    if not comparison.experiments:
        raise SuiteError(f"{old} and {new} have no experiment in common: nothing to compare")
    failures, cautions = list_failures(comparison, rules), list_cautions(comparison)
    if html is not None:
        _write_page(comparison, (str(before), str(after)), html)
    # where a regression fails, what could hide one goes to the log next to it, and not to both places
    to_log = rules.regression is not None
    if json:
        print_json(comparison_json(comparison, failures))
    else:
        show_comparison(make_console(WIDTH), comparison, (str(before), str(after)), [] if to_log else cautions)
    if to_log:
        print(*(f"loadstone: {caution}\n" for caution in cautions), sep="", end="", file=sys.stderr)
    if failures:
        raise GateError("\n".join(failures))


def _write_page(comparison: "CampaignComparison", folders: tuple[str, str], path: Path) -> None:
    from loadstone.compare.page import render_comparison

    page = render_comparison(comparison, folders)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise SuiteError(f"--html: {path}: cannot be written: {error.strerror}") from None
