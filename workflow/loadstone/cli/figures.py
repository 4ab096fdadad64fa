"""`loadstone figures`: the charts and tables of a report as files."""

from pathlib import Path
from typing import Annotated

import typer

from loadstone.cli.options import Published, Results
from loadstone.errors import SystemFault


def figures(
    plan: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The campaign's plan.json.", show_default="plan.json in the results"),
    ] = None,
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
        campaign = load_campaign(read_plan(plan or results / "plan.json"), results, published)
        for path in export(campaign, into):
            count += 1
            print(path)
    print(f"{count} files in {into}")
