"""`loadstone figures`: the charts and tables of a report as files."""

from pathlib import Path
from typing import Annotated

import typer

from loadstone.cli.options import PlanFile, Published, Results
from loadstone.errors import SystemFault


def figures(
    plan: PlanFile = Path("results/plan.json"),
    results: Results = Path("results"),
    published: Published = None,
    into: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the files.")] = Path("report/figures"),
) -> None:
    """Write every chart of the report as SVG and PNG, and its tables as CSV, for papers and slides.

    Example: loadstone figures --into talk/figures

    Prints the path of each file, then their number.

    Exit code: 1 if a result is missing or damaged.
    """
    from loadstone.plan.file import read_plan
    from loadstone.report.campaign import load_campaign
    from loadstone.report.export import export

    count = 0
    with SystemFault.at(into):
        for path in export(load_campaign(read_plan(plan), results, published), into):
            count += 1
            print(path)
    print(f"{count} files in {into}")
