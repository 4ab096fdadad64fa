"""The arguments of `loadstone figures`; the command line takes the command from here."""

from pathlib import Path
from typing import Annotated

import typer

from loadstone.errors import SystemFault


def figures(
    plan: Annotated[Path, typer.Option(help="plan.json.")] = Path("results/plan.json"),
    results: Annotated[Path, typer.Option(help="Folder with the results.")] = Path("results"),
    published: Annotated[Path | None, typer.Option(help="CSV of published figures.")] = None,
    into: Annotated[Path, typer.Option(help="Folder for the files.")] = Path("report/figures"),
) -> None:
    """Write every chart of the report as SVG and PNG, and its tables as CSV."""
    from loadstone.plan.file import read_plan
    from loadstone.report.campaign import load_campaign
    from loadstone.report.export import export

    count = 0
    with SystemFault.at(into):
        for path in export(load_campaign(read_plan(plan), results, published), into):
            count += 1
            print(path)
    print(f"{count} files in {into}")
