"""The arguments of `loadstone compare`; the command line takes the command from here."""

from pathlib import Path
from typing import Annotated

import typer


def compare(
    before: Annotated[Path, typer.Argument(help="Folder of a campaign: the one that holds results/, or that itself.")],
    after: Annotated[Path, typer.Argument(help="Folder of another campaign.")],
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page that needs no network, too.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            metavar="regression:5%|verdict",
            help="Exit with 1 where a metric got worse by more than that for certain, or where a verdict changed; can "
            "be given again.",
        ),
    ] = None,
) -> None:
    """Compare two campaigns: what became faster or slower beyond the noise of repeats, and what else changed."""
    from loadstone.cli.compare import compare_folders

    compare_folders(before, after, html=html, json=json, fail_on=fail_on or ())
