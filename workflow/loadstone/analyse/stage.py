"""The stage `analyse`: from the tables of all runs to a campaign's verdicts, sweeps, repeats and hypotheses."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from loadstone.analyse.campaign import MeasuredCampaign, load_measured
from loadstone.analyse.effort import measure_effort
from loadstone.analyse.hypotheses import judge_hypotheses
from loadstone.analyse.repeats import analyse_repeats
from loadstone.analyse.sweeps import analyse_sweeps
from loadstone.analyse.verdicts import against_baselines, judge_campaign
from loadstone.errors import SystemFault
from loadstone.figures.read import read_rows_if_valid
from loadstone.files import replacing, write_bytes
from loadstone.plan.schedule import Plan
from loadstone.results.hypotheses import JudgedHypotheses
from loadstone.results.integrity import write_sums
from loadstone.results.json_file import to_json
from loadstone.results.repeats import CampaignRepeats
from loadstone.results.scaling import CampaignScaling
from loadstone.results.tables import read_run_tables
from loadstone.results.verdicts import CampaignVerdicts
from loadstone.theory.stopping import first_stage_of


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisFiles:
    """Where to write an analysis."""

    summary: Path
    verdicts: Path
    scaling: Path
    repeats: Path
    hypotheses: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """All results that follow from the runs of a campaign together."""

    summary: pd.DataFrame
    """Experiment × repeat × endpoint."""
    verdicts: CampaignVerdicts
    scaling: CampaignScaling
    repeats: CampaignRepeats
    hypotheses: JudgedHypotheses

    def write(self, files: AnalysisFiles) -> None:
        """Write all files, each complete or not at all, and their checksums next to the summary table.

        Raises `SystemFault` where the system refuses to write.
        """
        results = {
            files.verdicts: self.verdicts,
            files.scaling: self.scaling,
            files.repeats: self.repeats,
            files.hypotheses: self.hypotheses,
        }
        folder = files.summary.parent
        with SystemFault.at(folder):
            with replacing(files.summary) as new:
                self.summary.to_csv(new, index=False)
            for path, result in results.items():
                write_bytes(path, to_json(result))
            write_sums(folder, [path.name for path in (files.summary, *results) if path.parent == folder])


def analyse_campaign(plan: Plan, summaries: Path, published: Path | None) -> Analysis:
    """Analyse the runs of a plan from their tables in `summaries`.

    `published` is the table that hypotheses about published rows refer to. Raises `ResultError` where a table is
    missing, `DamagedError` where one is damaged.
    """
    return analyse_measured(load_measured(plan, summaries), summaries, published)


def analyse_measured(measured: MeasuredCampaign, summaries: Path, published: Path | None) -> Analysis:
    """Analyse runs whose tables are read already. Raises as `analyse_campaign`."""
    plan = measured.plan
    signals = against_baselines(plan, measured.signals, measured.summary)
    verdicts = judge_campaign(plan, signals)
    measured = dataclasses.replace(measured, counting=verdicts.counting)
    precision = {name: settings.usual_precision for name, settings in plan.experiments.items()}
    first_stages = {
        name: first_stage_of(settings.repeats.min)
        for name, settings in plan.experiments.items()
        if settings.precision is not None and settings.repeats.by_need
    }
    figures = measured.figures(list(plan.experiments))
    repeats = analyse_repeats(figures, precision, plan.suite.thresholds, first_stages)
    imported = any(run.load.imported is not None for run in plan.runs)  # then no campaign took the time between runs
    effort = None if imported else measure_effort(measured)
    return Analysis(
        summary=measured.summary,
        verdicts=verdicts,
        scaling=analyse_sweeps(measured, signals, verdicts),
        repeats=repeats.model_copy(update={"effort": effort}),
        hypotheses=judge_hypotheses(
            measured, read_run_tables(plan, summaries, "processes"), verdicts, read_rows_if_valid(published)
        ),
    )
