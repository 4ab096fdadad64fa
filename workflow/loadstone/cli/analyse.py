"""`loadstone analyse`: the workflow's stage that puts all runs of a campaign together."""

from pathlib import Path
from typing import Annotated

import typer

from loadstone.cli.options import Damaged, PlanFile, Published


def analyse(
    plan: PlanFile,
    summaries: Annotated[Path, typer.Option(metavar="DIR", help="Folder with the tables of all runs.")],
    summary: Annotated[
        Path, typer.Option(metavar="FILE", help="CSV file to write: one row per experiment, repeat and endpoint.")
    ],
    scaling: Annotated[Path, typer.Option(metavar="FILE", help="JSON file to write: the sweeps and their fits.")],
    verdicts: Annotated[
        Path, typer.Option(metavar="FILE", help="JSON file to write: what limited each run and each experiment.")
    ],
    repeats: Annotated[
        Path, typer.Option(metavar="FILE", help="JSON file to write: how well the repeats of experiments agree.")
    ],
    hypotheses: Annotated[
        Path, typer.Option(metavar="FILE", help="JSON file to write: the outcomes of the suite's hypotheses.")
    ],
    published: Published = None,
    damaged: Damaged = None,
) -> None:
    r"""Analyse all runs together: one table, verdicts, scaling laws, agreement of repeats, hypotheses.

    Example: loadstone analyse --plan plan.json --summaries summaries \
                 --summary summary.csv --scaling scaling.json \
                 --verdicts verdicts.json --repeats repeats.json \
                 --hypotheses hypotheses.json

    Writes these five files, and the SHA256SUMS of those that are in the folder
    of the summary.

    Exit code: 1 if a table is missing or damaged.
    """
    from loadstone.analyse.stage import AnalysisFiles, analyse_campaign
    from loadstone.plan.file import read_plan
    from loadstone.results.quarantine import quarantine_damaged

    with quarantine_damaged(damaged):
        analysis = analyse_campaign(read_plan(plan), summaries, published)
    analysis.write(
        AnalysisFiles(summary=summary, verdicts=verdicts, scaling=scaling, repeats=repeats, hypotheses=hypotheses)
    )
