"""What a campaign came to, in a terminal: a line an experiment, and where the page is."""

from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from loadstone.cli.plan import WIDTH_ELSEWHERE
from loadstone.errors import ResultError
from loadstone.plan.baselines import is_baseline
from loadstone.plan.file import read_plan
from loadstone.results.bounded import Bounded
from loadstone.results.hypotheses import read_hypotheses
from loadstone.results.repeats import read_repeats
from loadstone.results.verdicts import CampaignVerdicts, ExperimentVerdict, read_verdicts
from loadstone.results.window import Window, read_window
from loadstone.suite.thresholds import DEFAULTS
from loadstone.suite.verdict import Verdict
from loadstone.text import count, figure, listed, printable

MAX_NAMED = 5
"""Runs or folders that are named."""


def show_conclusion(results: Path, page: Path) -> None:
    """Print each experiment's throughput, response time and verdict. Raises `ResultError` where they can't be read."""
    verdicts = read_verdicts(results / "verdicts.json")
    measured = read_repeats(results / "repeats.json").experiments
    if missing := measured.keys() - verdicts.experiments.keys():
        raise ResultError(f"{results / 'verdicts.json'}: nothing of {listed(sorted(missing))}")
    console = Console(markup=False, emoji=False)
    if not console.is_terminal:
        console = Console(markup=False, emoji=False, width=WIDTH_ELSEWHERE)
    table = Table("experiment", "runs", "requests/s", "mean ms", "bound by", box=None, header_style="bold")
    for name, found in measured.items():
        if not is_baseline(name):
            figures = [_figure(found.intervals.get(metric)) for metric in ("throughput_rps", "mean_ms")]
            table.add_row(printable(name), str(found.runs), *figures, printable(_bound(verdicts.experiments[name])))
    console.print()
    console.print(table)
    if reasons := list(_unusable(results, verdicts)):
        rest = [f"and {len(reasons) - MAX_NAMED} more"] * (len(reasons) > MAX_NAMED)
        listing = "\n".join(f"  {line}" for line in reasons[:MAX_NAMED] + rest)
        console.print(f"\nMeasured, and not used:\n{listing}", highlight=False, soft_wrap=True)
    outcomes = [hypothesis.outcome for hypothesis in read_hypotheses(results / "hypotheses.json")]
    if outcomes:
        counted = ", ".join(f"{outcomes.count(outcome)} {outcome}" for outcome in dict.fromkeys(sorted(outcomes)))
        console.print(f"\nHypotheses: {printable(counted)}.", highlight=False)
    if strays := _strays(results):
        more = f" and {len(strays) - MAX_NAMED} more" * (len(strays) > MAX_NAMED)
        named = ", ".join(printable(str(path)) for path in strays[:MAX_NAMED])
        console.print(f"\nNot in the suite, and not used: {named}{more}", highlight=False, soft_wrap=True)
    console.print(f"\nThe report is {page.absolute()}", highlight=False, soft_wrap=True)


def _unusable(results: Path, verdicts: CampaignVerdicts) -> Iterator[str]:
    """Say which runs are of no use, and why."""
    for run in verdicts.runs:
        name, repeat = run.run
        if not run.verdict.is_sound:
            reason = "too many requests failed"
            if run.verdict == Verdict.INVALID:
                window = read_window(results / "summaries" / name / str(repeat) / "window.json")
                reason = _never_settled(window) if window.settled is False else run.remark or Verdict.INVALID
            yield printable(f"{name}, repeat {repeat}: {reason}")


def _never_settled(window: Window) -> str:
    reason = window.remark or "the run never settled"
    if window.albums and window.growth > DEFAULTS.notable_growth:
        before, after = (count(albums) for albums in window.albums)
        reason += f", while the store grew from {before} to {after} albums (albums_max would bound it)"
    return reason


def _strays(results: Path) -> list[Path]:
    """List folders of runs that the plan doesn't have: of an earlier suite, or somebody's."""
    if not (results / "plan.json").exists():
        return []
    planned = {(run.experiment, str(run.repeat)) for run in read_plan(results / "plan.json").runs}
    found = sorted(path for path in (results / "runs").glob("*/*") if not path.name.startswith("."))
    return [path for path in found if (path.parent.name, path.name) not in planned]


def _figure(interval: Bounded | None) -> str:
    if interval is None or interval.value is None:
        return "–"
    if interval.low is None or interval.high is None:
        return figure(interval.value)
    return f"{figure(interval.value)} ± {figure((interval.high - interval.low) / 2)}"


def _bound(agreed: ExperimentVerdict) -> str:
    parties = " + ".join(agreed.parties)
    return f"mixed: {parties}" if agreed.verdict == Verdict.MIXED and parties else agreed.verdict
