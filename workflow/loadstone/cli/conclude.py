"""`loadstone conclude`: a campaign's outcome in a terminal."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loadstone.cli.console import describe_parentheses, make_console, make_table
from loadstone.cli.options import Results
from loadstone.errors import ResultError
from loadstone.text import count, each_run, figure, interval, listed, printable, several

if TYPE_CHECKING:
    from loadstone.results.repeats import ExperimentRepeats
    from loadstone.results.verdicts import CampaignVerdicts, ExperimentVerdict
    from loadstone.results.window import Window

WIDTH = 160
"""Columns of the output where it is not a terminal."""

MAX_NAMED = 5
"""Runs or folders that are named."""
MAX_SENTENCES = 12
"""Experiments whose verdicts are put into words."""
UNUSABLE = {
    "too many failures": "too many requests failed",
    "other programs on the machine": "other processes took the CPUs that it waited for",
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
) -> None:
    """Print a campaign's outcome: one line per experiment, then the report's path.

    Example: loadstone conclude --results ~/campaigns/monday/results

    Also states what limited each experiment, lists runs that were measured but not
    used, counts the outcomes of hypotheses, and names folders of runs that the
    suite does not have.

    Exit code: 1 if a result is missing or damaged.
    """
    show_conclusion(results, page or results.absolute().parent / "report" / "index.html")


def show_conclusion(results: Path, page: Path) -> None:
    """Print each experiment's throughput, response time and verdict. Raises `ResultError` if a file cannot be read."""
    from loadstone.plan.baselines import is_baseline
    from loadstone.results.hypotheses import read_hypotheses
    from loadstone.results.repeats import read_repeats
    from loadstone.results.verdicts import read_verdicts

    verdicts = read_verdicts(results / "verdicts.json")
    measured = read_repeats(results / "repeats.json").experiments
    if missing := measured.keys() - verdicts.experiments.keys():
        raise ResultError(f"{results / 'verdicts.json'}: no verdict for {listed(sorted(missing))}")
    console = make_console(WIDTH)
    table = make_table("experiment", "runs", "requests/s", "mean ms", "limited by")
    for name, repeats in measured.items():
        if not is_baseline(name):
            figures = [_figure(repeats, metric) for metric in ("throughput_rps", "mean_ms")]
            table.add_row(printable(name), str(repeats.runs), *figures, printable(_bound(verdicts.experiments[name])))
    console.print()
    console.print(table)
    if note := describe_parentheses([each.runs for name, each in measured.items() if not is_baseline(name)]):
        console.print(note, highlight=False)
    if sentences := list(_sentences(verdicts, [name for name in measured if not is_baseline(name)])):
        rest = [f"and {len(sentences) - MAX_SENTENCES} more, in the report"] * (len(sentences) > MAX_SENTENCES)
        listing = "\n".join(f"  {line}" for line in sentences[:MAX_SENTENCES] + rest)
        console.print(f"\nWhat limited throughput:\n{listing}", highlight=False, soft_wrap=True)
    if reasons := list(_unusable(results, verdicts)):
        rest = [f"and {len(reasons) - MAX_NAMED} more"] * (len(reasons) > MAX_NAMED)
        listing = "\n".join(f"  {line}" for line in reasons[:MAX_NAMED] + rest)
        console.print(f"\n{_count_unusable(verdicts)}:\n{listing}", highlight=False, soft_wrap=True)
    outcomes = [hypothesis.outcome for hypothesis in read_hypotheses(results / "hypotheses.json")]
    if outcomes:
        counted = ", ".join(f"{outcomes.count(outcome)} {outcome}" for outcome in dict.fromkeys(sorted(outcomes)))
        console.print(f"\nHypotheses: {printable(counted)}.", highlight=False)
    if strays := _strays(results):
        more = f" and {len(strays) - MAX_NAMED} more" * (len(strays) > MAX_NAMED)
        named = ", ".join(printable(str(path)) for path in strays[:MAX_NAMED])
        console.print(f"\nNot in the suite, so not used: {named}{more}", highlight=False, soft_wrap=True)
    console.print(f"\nThe report is {page.absolute()}", highlight=False, soft_wrap=True)


def _sentences(verdicts: "CampaignVerdicts", names: list[str]) -> Iterator[str]:
    """State what limited each experiment whose figures can be used, where its runs agree."""
    for name in names:
        if verdicts.experiments[name].verdict.is_sound and (sentence := verdicts.sentence_of(name)):
            yield printable(f"{name}: {sentence}")


def _unusable(results: Path, verdicts: "CampaignVerdicts") -> Iterator[str]:
    """List the runs that are not used, and why."""
    from loadstone.results.window import read_window
    from loadstone.suite.verdict import Verdict

    for run in verdicts.runs:
        name, repeat = run.run
        if not run.verdict.is_sound:
            reason = run.sentence.rstrip(".") or UNUSABLE.get(run.verdict) or run.remark or run.verdict
            if run.verdict == Verdict.INVALID:
                window = read_window(results / "summaries" / name / str(repeat) / "window.json")
                reason = _never_settled(window) if window.settled is False else reason
            yield printable(f"{name}, repeat {repeat}: {reason}")


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


def _strays(results: Path) -> list[Path]:
    """List folders of runs that are not in the plan: of an earlier suite, or copied there."""
    from loadstone.plan.file import read_plan

    if not (results / "plan.json").exists():
        return []
    plan = read_plan(results / "plan.json")
    planned = {(run.experiment, str(run.repeat)) for run in plan.runs}
    # repeats of an earlier time, which looks no longer asked for
    planned |= {(name, str(n)) for name, s in plan.experiments.items() for n in range(1, s.repeats.max + 1)}
    found = sorted(path for path in (results / "runs").glob("*/*") if not path.name.startswith("."))
    return [path for path in found if (path.parent.name, path.name) not in planned]


def _figure(repeats: "ExperimentRepeats", metric: str) -> str:
    """Write a mean with its interval; below four runs, with the runs themselves."""
    found = repeats.intervals.get(metric)
    if found is None or found.value is None:
        return "–"
    beside = interval(found.low, found.high) or each_run(repeats.values.get(metric, ()))
    return f"{figure(found.value)} ({beside})" if beside else figure(found.value)


def _bound(agreed: "ExperimentVerdict") -> str:
    from loadstone.suite.verdict import Verdict

    several_named = agreed.verdict in (Verdict.MIXED, Verdict.DISAGREE) and agreed.parties
    return f"{agreed.verdict}: {' + '.join(agreed.parties)}" if several_named else agreed.verdict
