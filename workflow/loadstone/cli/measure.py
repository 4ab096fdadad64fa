"""`loadstone measure`: the workflow's stage that measures one run."""

from pathlib import Path
from typing import Annotated

import typer

from loadstone.cli.options import Base, Builds, read_option


def measure(
    run: Annotated[str, typer.Option(metavar="JSON", help="The run with all its settings, as in plan.json.")],
    into: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder for the result. It appears complete or not at all.")
    ],
    log: Annotated[Path, typer.Option(metavar="FILE", help="File for the log.")],
    failed: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder for the requests and logs of a run that fails, for diagnosis.")
    ],
    base: Base = Path(),
    builds: Builds = Path("results/builds"),
) -> None:
    r"""Measure one run: start the server, apply the load, record every request, stop.

    Example: loadstone measure --run "$(jq -c '.runs[0]' results/plan.json)" \
                 --into one-run --log one-run.log --failed failed-run

    Writes requests.parquet, processes.parquet, threads.parquet, sockets.parquet,
    run.json, Locust's own CSV files and the logs.

    Exit codes: 1 if the run fails, 130 if it is interrupted.
    """
    import gc

    gc.disable()  # what is imported is no garbage
    from loadstone.measure.orphans import adopt_orphans
    from loadstone.measure.run import measure as measure_run
    from loadstone.plan.schedule import Run

    gc.enable()
    adopt_orphans()
    measure_run(read_option(Run, "--run", run), into, log, failed, base, builds=builds)
    gc.freeze()  # otherwise the interpreter searches all modules for garbage before it ends
