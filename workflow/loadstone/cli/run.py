"""`loadstone run`: a whole campaign from one command."""

import json
import re
from pathlib import Path
from typing import Annotated

import typer

from loadstone.cli.options import Overrides, read_overrides
from loadstone.errors import LoadstoneError, SuiteError, UndecidedError
from loadstone.suite.default_suite import OWN_SUITE, find_default_suite

PAGE = Path("report/index.html")
PLAIN = re.compile(r"[A-Za-z_./][\w./=@+-]*")
"""Values that Snakemake reads as the text they are; others need quotes."""


def run(
    suite: Annotated[
        str | None,
        typer.Argument(
            metavar="[SUITE]",
            help="The suite, a YAML file.",
            show_default="loadstone.yaml, or config/config.yaml if there is none",
        ),
    ] = None,
    targets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TARGET]...",
            help="Experiments, sweeps or capacity searches to run, or gate. Default: everything, with the report.",
        ),
    ] = None,
    overrides: Overrides = None,
    cores: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="CPU cores for the stages after measuring. Default: all.")
    ] = None,
) -> None:
    """Run a suite in the current folder, and write its report: only what is missing or changed.

    Example: loadstone run loadstone.yaml --set repeats=5

    Writes results/ and report/index.html. A campaign that was interrupted goes
    on where it stopped. Each failed run is reported at once; the others go on.

    Exit codes: 0 success; 1 a run failed, or a gate is refuted (target gate);
    2 a mistake in the suite or the command line, or gates that a busy machine
    could have refuted; 130 interrupted.
    """
    from loadstone.cli.conclude import show_conclusion
    from loadstone.drive.campaign import RESULTS, run_campaign
    from loadstone.drive.child import now
    from loadstone.drive.display import open_display
    from loadstone.drive.lines import write_intent
    from loadstone.drive.targets import expand_targets, select_runs
    from loadstone.lifecycle.campaign_lock import describe_running
    from loadstone.plan.schedule import make_plan
    from loadstone.results.campaign_folder import refuse_imported
    from loadstone.suite.load import load_suite

    path, names = find_suite(suite, targets or [])
    values = read_overrides(overrides)
    plan = make_plan(load_suite(path, values))
    wanted = expand_targets(plan, names)
    if (conflict := describe_running(Path(".snakemake"))) is not None:
        raise LoadstoneError(conflict)
    refuse_imported(RESULTS)
    part = select_runs(plan, wanted)
    display = open_display()
    display.report(write_intent(str(path), part))
    arguments = [f"--cores={cores}"] if cores else []
    arguments += ["--config", f"suite={_quoted(str(path))}", *(f"{key}={value}" for key, value in values.items())]
    began = now()
    run_campaign(path, part, [*arguments, "--", *wanted], display)
    if not wanted or (PAGE.exists() and PAGE.stat().st_mtime >= began):
        table = plan.suite.published
        show_conclusion(RESULTS, PAGE, path.parent / table.table if table else None)
    else:
        print(f"\nDone: {', '.join(names)}. `loadstone run {path}` writes the report.")
    if "gate" in wanted:
        _refuse_undecided_gates()


def _refuse_undecided_gates() -> None:
    """Raise `UndecidedError` if gates are refuted and the machine was busy. The workflow has printed which ones."""
    from loadstone.cli.gate import check_gates
    from loadstone.drive.campaign import RESULTS

    try:
        check_gates(RESULTS / "hypotheses.json")
    except UndecidedError:
        raise UndecidedError("the gates cannot be told: the machine was busy; measure again when it is quiet") from None


def find_suite(suite: str | None, targets: list[str]) -> tuple[Path, list[str]]:
    """Separate the suite from the targets: without a file to begin with, the default suite is taken.

    Raises `SuiteError` if there is no suite.
    """
    if suite is not None and (Path(suite).is_file() or Path(suite).suffix in (".yaml", ".yml")):
        return Path(suite), targets
    if (path := find_default_suite()) is not None:
        return path, [*([suite] if suite is not None else []), *targets]
    if suite is not None:
        raise SuiteError(f"{suite}: no such suite; `loadstone init` writes one")
    raise SuiteError(f"{OWN_SUITE}: no such suite in {Path.cwd()}; `loadstone init` writes one")


def _quoted(text: str) -> str:
    return text if PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)
