"""The trial of the verdicts: servers with a known limit, measured and judged, and the verdicts compared with the truth.

    python -m benchmarks.trial --half judged

Each case takes about 15 seconds, a half about nine minutes. Rules are chosen on the parameters of one half and judged
on those of the other. The bars: on a quiet machine at least 75 % of the verdicts are right, at most 5 % are wrong, and
none names the server falsely; next to a busy neighbour at most 5 % are wrong, and the verdict *other programs on the
machine* is right.
"""

import contextlib
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.trials.case import Case, Half
from benchmarks.trials.cases import CASES
from benchmarks.trials.grading import Grade, accuses_server, grade
from benchmarks.trials.matrix import Outcome, draw, part_up, write_into_page
from benchmarks.trials.measuring import Bench, Judged
from loadstone.errors import Interrupted, LoadstoneError

app = typer.Typer(add_completion=False)


class Halves(StrEnum):
    """What `--half` takes."""

    CHOSEN = "chosen"
    JUDGED = "judged"
    BOTH = "both"


@app.command()
def main(
    half: Annotated[Halves, typer.Option(help="Parameters that rules are chosen on, those kept aside, or both.")] = (
        Halves.JUDGED
    ),
    neighbour: Annotated[
        bool, typer.Option("--neighbour", help="Measure next to processes that use 60 % of all CPUs, in bursts.")
    ] = False,
    only: Annotated[str, typer.Option(metavar="PATTERN", help="Only cases whose name this pattern finds.")] = "",
    keep: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Keep runs, tables and outcomes.json in this folder.")
    ] = None,
    rejudge: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Judge the signals of a kept folder again; nothing is measured."),
    ] = None,
    summarise: Annotated[
        bool, typer.Option("--summarise", help="With --rejudge: also compute the signals again from the samples.")
    ] = False,
    page: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the matrix into this page in Markdown, and charts next to it."),
    ] = None,
    list_cases: Annotated[bool, typer.Option("--list", help="List the cases, and end.")] = False,
) -> None:
    """Measure servers with a known limit, and compare the verdicts with the truth.

    Prints one line per case, then the matrix and the totals.

    Exit codes: 1 if a bar is missed, 2 for a mistake in the options, 130 if it is interrupted.
    """
    cases = _choose(only)
    if list_cases:
        for case in cases:
            print(f"{case.name:24}  right: {_names(case.right)}; half right: {_names(case.half_right) or 'none'}")
        return
    if summarise and rejudge is None:
        raise typer.BadParameter("needs --rejudge FOLDER", param_hint="--summarise")
    if rejudge is not None and not any((rejudge / part).is_dir() for part in ("quiet", "neighbour")):
        raise typer.BadParameter(f"{rejudge}: no trial was kept here (--keep FOLDER)", param_hint="--rejudge")
    halves = list(Half) if half == Halves.BOTH else [Half(half)]
    outcomes = []
    with _folder(rejudge or keep) as folder:
        bench = Bench(folder=folder / ("neighbour" if neighbour else "quiet"), neighbour=neighbour)
        try:
            for number, (each, case) in enumerate(((each, case) for each in halves for case in cases), start=1):
                if rejudge is None or bench.has(case, each):
                    outcomes.append(_try(bench, case, each, measured=rejudge is not None, again=summarise))
                    print(f"{number:3}/{len(halves) * len(cases)}  {outcomes[-1].line()}", flush=True)
        except (Interrupted, KeyboardInterrupt):
            print("trial: interrupted", file=sys.stderr)
            raise typer.Exit(130) from None
        if not outcomes:
            raise typer.BadParameter("no case of this half was kept there", param_hint="--rejudge")
        _write(folder, outcomes)
    parts = part_up(outcomes)
    if page is not None:
        write_into_page(parts, page)
        draw(parts, page.parent, html=False)
    if keep or rejudge:
        draw(parts, folder)
    for part in parts:
        print("\n\n".join(filter(None, ("", part.title, part.table(), part.sentence(), part.advice()))))
    misses = [f"MISS   {part.title}: {miss}" for part in parts for miss in part.misses]
    if misses:
        print("\n" + "\n".join(misses))
        raise typer.Exit(1)


def _choose(pattern: str) -> list[Case]:
    try:
        found = [case for case in CASES if re.search(pattern, case.name)]
    except re.error as error:
        raise typer.BadParameter(f"{pattern}: {error}", param_hint="--only") from None
    if not found:
        names = ", ".join(case.name for case in CASES)
        raise typer.BadParameter(f"{pattern}: no such case; allowed: a pattern for any of {names}", param_hint="--only")
    return found


@contextlib.contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="trial-") as name:
        yield Path(name)


def _try(bench: Bench, case: Case, half: Half, *, measured: bool, again: bool) -> Outcome:
    """Measure and judge a case, or judge it again; a run that breaks is an outcome too."""
    try:
        if again:
            bench.summarise_again(case, half)
        judged = bench.judge(case, half) if measured else bench.measure(case, half)
    except Interrupted:
        raise
    except LoadstoneError as error:
        return _outcome(bench, case, half, None, " ".join(error.lines))
    return _outcome(bench, case, half, judged, _sentence(judged))


def _outcome(bench: Bench, case: Case, half: Half, judged: Judged | None, sentence: str) -> Outcome:
    setup, run = case.setup(half), judged.run if judged else None
    return Outcome(
        case=case.name,
        half=half,
        neighbour=bench.neighbour,
        truth=case.truth,
        right=tuple(sorted(case.right)),
        half_right=tuple(sorted(case.half_right)),
        at_once=setup.at_once,
        verdict=run.verdict if run else "–",
        parties=run.parties if run else (),
        grade=grade(case, setup, judged.run, judged.signals, neighbour=bench.neighbour) if judged else Grade.BROKEN,
        accuses_server=run is not None and accuses_server(case, run),
        sentence=sentence,
        proceeding=run.proceeding.model_dump(mode="json") if run and run.proceeding else None,
        signals=judged.signals.model_dump(mode="json") if judged else None,
        judgement=run.model_dump(mode="json") if run else None,
    )


def _sentence(judged: Judged) -> str:
    return judged.run.sentence or judged.run.remark or f"nearest: {judged.run.runner_up}"


def _write(folder: Path, outcomes: list[Outcome]) -> None:
    """Write outcomes.json. Earlier outcomes of other cases stay in it."""
    path = folder / "outcomes.json"
    earlier = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    new = [asdict(outcome) for outcome in outcomes]
    fresh = {(each["case"], each["half"], each["neighbour"]) for each in new}
    kept = [each for each in earlier if (each["case"], each["half"], each["neighbour"]) not in fresh]
    path.write_text(json.dumps(kept + new, indent=1), encoding="utf-8")


def _names(verdicts: frozenset[str]) -> str:
    return ", ".join(sorted(verdicts))


if __name__ == "__main__":
    app()
