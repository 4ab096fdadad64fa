"""`loadstone summarise`: the workflow's stage that reduces one run to small tables."""

from pathlib import Path
from typing import Annotated

import typer

from loadstone.cli.options import Damaged, read_option


def summarise(
    requests: Annotated[Path, typer.Option(metavar="FILE", help="The run's requests.parquet.")],
    processes: Annotated[Path, typer.Option(metavar="FILE", help="The run's processes.parquet.")],
    record: Annotated[Path, typer.Option(metavar="FILE", help="The run's run.json.")],
    into: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the tables.")],
    run: Annotated[
        str | None,
        typer.Option(metavar="JSON", help="The run as planned. If run.json records another run, it is damaged."),
    ] = None,
    damaged: Damaged = None,
    threads: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The run's threads.parquet. Without it, signals are missing.")
    ] = None,
    sockets: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The run's sockets.parquet. Without it, signals are missing.")
    ] = None,
) -> None:
    r"""Summarise one run: the tables, the window and the signals that verdicts need.

    Example: loadstone summarise --requests requests.parquet \
                 --processes processes.parquet --threads threads.parquet \
                 --sockets sockets.parquet --record run.json --into tables

    Writes endpoints.csv, latency.csv, course.csv, heat.csv, processes.csv,
    timeline.csv, window.json, signals.json and SHA256SUMS.

    Exit code: 1 if a file of the run is missing or damaged.
    """
    from loadstone.plan.schedule import Run
    from loadstone.results.quarantine import quarantine_damaged
    from loadstone.results.run_record import read_record
    from loadstone.summarise.stage import summarise_run

    with quarantine_damaged(damaged):
        run_record = read_record(record, None if run is None else read_option(Run, "--run", run))
        summary = summarise_run(run_record, requests, processes, threads, sockets)
    summary.write(into)
