"""`loadstone report`: the workflow's stage that writes the page."""

from pathlib import Path
from typing import Annotated

import typer

from loadstone.cli.options import Damaged, PlanFile, Published, Results
from loadstone.errors import SystemFault
from loadstone.files import write_text


def report(
    plan: PlanFile,
    results: Results,
    output: Annotated[Path, typer.Option(metavar="FILE", help="HTML file to write.")],
    published: Published = None,
    damaged: Damaged = None,
) -> None:
    r"""Write the report of a campaign: one HTML file that works offline.

    Example: loadstone report --plan results/plan.json --results results \
                 --output report/index.html

    Exit code: 1 if a result is missing or damaged.
    """
    from loadstone.plan.file import read_plan
    from loadstone.report.campaign import load_campaign
    from loadstone.report.page import render
    from loadstone.results.quarantine import quarantine_damaged

    with quarantine_damaged(damaged):
        campaign = load_campaign(read_plan(plan), results, published)
    page = render(campaign)
    with SystemFault.at(output):
        output.parent.mkdir(parents=True, exist_ok=True)
        write_text(output, page)
