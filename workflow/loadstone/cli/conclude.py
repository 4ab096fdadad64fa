"""`loadstone conclude`: a campaign's outcome in a terminal."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loadstone.cli.console import make_console
from loadstone.cli.options import Results
from loadstone.errors import ResultError
from loadstone.suite.verdict import Verdict
from loadstone.text import count, listed, named, printable, several

if TYPE_CHECKING:
    from loadstone.analyse.experiment_rows import Outcomes
    from loadstone.plan.schedule import Plan
    from loadstone.results.hypotheses import JudgedHypothesis
    from loadstone.results.verdicts import CampaignVerdicts, RunVerdict
    from loadstone.results.window import Window

WIDTH = 120
"""Columns of the output where it is not a terminal."""

MAX_NAMED = 5
"""Runs, folders or hypotheses that are named."""
UNUSABLE = {
    Verdict.ERRORS: "too many requests failed",
    Verdict.NEIGHBOUR: "other processes took the CPUs that it waited for",
}
"""Verdict → why a run cannot be used, where the run does not state it; the others have a remark."""


def conclude(
    results: Results = Path("results"),
    page: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The campaign's report, whose path is printed.",
            show_default="report/index.html next to the results",
        ),
    ] = None,
    published: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The published table of the suite, to compare with it.")
    ] = None,
) -> None:
    """Print a campaign's outcome: a table, the main results, the report's path.

    Example: loadstone conclude --results ~/campaigns/monday/results

    The table has one line per experiment and at most 25 lines. Also lists runs
    that were measured but not used, counts the outcomes of hypotheses, and
    names folders of runs that the suite does not have.

    Exit code: 1 if a result is missing or damaged.
    """
    show_conclusion(results, page or results.absolute().parent / "report" / "index.html", published)


def show_conclusion(results: Path, page: Path, published: Path | None = None) -> None:
    """Print the table of experiments, the main results and the path of the report.

    `published` is the suite's published table. Raises `ResultError` if a result cannot be read.
    """
    from loadstone.analyse.experiment_rows import experiment_rows
    from loadstone.analyse.headline import conclude as state_results
    from loadstone.cli.outcome_table import write_table

    outcomes = _read_outcomes(results, published)
    console = make_console(WIDTH)
    blocks = [
        [*_origin(outcomes.plan), *state_results(outcomes)],
        list(_unusable(results, outcomes.verdicts)),
        [*_hypotheses(outcomes.hypotheses), *_strays(results, outcomes.plan)],
    ]
    rows = experiment_rows(outcomes)
    console.print("\n".join(["", *write_table(outcomes, rows, console.width)] if rows else []), soft_wrap=True)
    for block in filter(None, blocks):
        console.print("\n".join(["", *map(printable, block)]), soft_wrap=not console.is_terminal)
    console.print(f"\nThe report is {page.absolute()}", soft_wrap=True)


def _read_outcomes(results: Path, published: Path | None) -> "Outcomes":
    from loadstone.analyse.experiment_rows import Outcomes, count_failed
    from loadstone.plan.file import read_plan
    from loadstone.results.hypotheses import read_hypotheses
    from loadstone.results.repeats import read_repeats
    from loadstone.results.search import read_search
    from loadstone.results.summary import read_summary
    from loadstone.results.verdicts import read_verdicts
    from loadstone.suite.published import read_published

    verdicts, repeats = read_verdicts(results / "verdicts.json"), read_repeats(results / "repeats.json")
    plan = read_plan(results / "plan.json")
    if missing := (repeats.experiments.keys() | plan.experiments.keys()) - verdicts.experiments.keys():
        raise ResultError(f"{results / 'verdicts.json'}: no verdict for {listed(sorted(missing))}")
    return Outcomes(
        plan=plan,
        verdicts=verdicts,
        repeats=repeats,
        hypotheses=read_hypotheses(results / "hypotheses.json"),
        searches={name: read_search(results / "searches" / name / "search.json") for name in plan.suite.capacity},
        failed=count_failed(read_summary(results / "summary.csv"), verdicts.counting),
        published=read_published(published) if published is not None and plan.suite.published else {},
    )


def _origin(plan: "Plan") -> Iterator[str]:
    """State that the results were imported, if so."""
    tools = sorted({str(run.load.imported) for run in plan.runs if run.load.imported is not None})
    if tools:
        yield f"Imported ({', '.join(tools)}), not measured by Loadstone: nothing but the requests is known."


def _unusable(results: Path, verdicts: "CampaignVerdicts") -> Iterator[str]:
    """List the runs that are not used, and why."""
    bad = [run for run in verdicts.runs if not run.verdict.is_sound]
    if bad:
        yield f"{_count_unusable(verdicts)}:"
    for run in bad[:MAX_NAMED]:
        yield f"  {run.experiment}, repeat {run.repeat}: {_why_unusable(results, run)}"
    if len(bad) > MAX_NAMED:
        yield f"  and {count(len(bad) - MAX_NAMED)} more: see the report"


def _why_unusable(results: Path, run: "RunVerdict") -> str:
    from loadstone.analyse.headline import SENTENCE_END
    from loadstone.results.window import read_window

    reason = SENTENCE_END.split(run.sentence)[0].rstrip(".") or UNUSABLE.get(run.verdict) or run.remark or run.verdict
    if run.verdict != Verdict.INVALID:
        return reason
    window = read_window(results / "summaries" / run.experiment / str(run.repeat) / "window.json")
    return _never_settled(window) if window.settled is False else reason


def _count_unusable(verdicts: "CampaignVerdicts") -> str:
    """Count the experiments' runs that must not be used as the report does, and baselines separately."""
    from loadstone.plan.baselines import is_baseline

    parts = []
    for thing, baseline in (("run", False), ("baseline", True)):
        of_kind = [run.run for run in verdicts.runs if is_baseline(run.experiment) == baseline]
        if bad := sum(run in verdicts.unsound for run in of_kind):
            parts.append(f"{count(bad)} of {several(len(of_kind), thing)}")
    return f"Measured but not to be used ({', '.join(parts)})"


def _never_settled(window: "Window") -> str:
    from loadstone.suite.thresholds import DEFAULTS

    reason = window.remark or "the run never settled"
    if window.albums and window.growth > DEFAULTS.notable_growth:
        before, after = (count(albums) for albums in window.albums)
        reason += f", while the store grew from {before} to {after} albums (set albums_max to bound it)"
    return reason


def _hypotheses(judged: "Sequence[JudgedHypothesis]") -> Iterator[str]:
    """Count the outcomes of hypotheses, and name the refuted ones, gates first."""
    from loadstone.results.hypotheses import Outcome

    if not judged:
        return
    refuted = [each for each in sorted(judged, key=lambda each: not each.gate) if each.outcome == Outcome.REFUTED]
    names = named([f"{each.id}, a gate" if each.gate else each.id for each in refuted], MAX_NAMED)
    counts = {outcome: sum(each.outcome == outcome for each in judged) for outcome in Outcome}
    parts = [f"{number} {outcome}" for outcome, number in counts.items() if number and outcome != Outcome.REFUTED]
    parts = [*([f"{len(refuted)} refuted ({names})"] if refuted else []), *parts]
    yield f"Hypotheses: {', '.join(parts)}."


def _strays(results: Path, plan: "Plan") -> Iterator[str]:
    """Name folders of runs that are not in the plan: of an earlier suite, or copied there."""
    planned = {(run.experiment, str(run.repeat)) for run in plan.runs}
    # repeats of an earlier time, which looks no longer asked for
    planned |= {(name, str(n)) for name, s in plan.experiments.items() for n in range(1, s.repeats.max + 1)}
    found = sorted(path for path in (results / "runs").glob("*/*") if not path.name.startswith("."))
    strays = [str(path) for path in found if (path.parent.name, path.name) not in planned]
    if strays:
        yield f"Not in the suite, so not used: {named(strays, MAX_NAMED)}"
