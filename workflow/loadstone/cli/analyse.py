"""`loadstone analyse`: the workflow's step that puts all runs of a campaign together."""

from pathlib import Path
from typing import Annotated

import typer

from loadstone.cli.options import Damaged, PlanFile, Published
from loadstone.errors import SystemFault
from loadstone.files import replacing, write_bytes


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
    import dataclasses

    import orjson

    from loadstone.analyse.campaign import load_measured
    from loadstone.analyse.hypotheses import judge_hypotheses
    from loadstone.analyse.repeats import repeats_json
    from loadstone.analyse.sweeps import analyse_sweeps
    from loadstone.analyse.verdicts import against_baselines, judge_campaign, unsound
    from loadstone.plan.file import read_plan
    from loadstone.results.integrity import write_sums
    from loadstone.results.quarantine import quarantine_damaged
    from loadstone.results.tables import gather
    from loadstone.suite.published import read_rows

    with quarantine_damaged(damaged):
        known = read_plan(plan)
        measured = load_measured(known, summaries)
    signals = against_baselines(known, measured.signals)
    judged = judge_campaign(known, signals)
    measured = dataclasses.replace(measured, unsound=unsound(judged))
    bound = {name: found["verdict"] for name, found in judged["experiments"].items()}
    precision = {name: settings.precision for name, settings in known.experiments.items()}
    results: dict[Path, object] = {
        verdicts: judged,
        scaling: analyse_sweeps(measured, signals, bound),
        repeats: repeats_json(measured.figures(list(known.experiments)), precision, known.suite.thresholds),
        hypotheses: judge_hypotheses(measured, gather(known, summaries, "processes"), judged, read_rows(published)),
    }
    with SystemFault.at(summary.parent):
        with replacing(summary) as new:
            measured.summary.to_csv(new, index=False)
        for path, found in results.items():
            write_bytes(path, orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        write_sums(summary.parent, [path.name for path in (summary, *results) if path.parent == summary.parent])
