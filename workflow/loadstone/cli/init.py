"""`loadstone init`: a first suite in the current folder."""

import sys
from pathlib import Path
from typing import Annotated

import typer


def init(
    locustfile: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A locustfile of your own, for the suite to run. It is read, not imported."),
    ] = None,
    openapi: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="An OpenAPI 3 description, in JSON or YAML, from which to write locustfile.py."
        ),
    ] = None,
    url: Annotated[
        str | None, typer.Option(metavar="URL", help="Address of a service that is already running.")
    ] = None,
) -> None:
    """Write a commented suite, loadstone.yaml, to the current folder.

    Example: loadstone init --openapi openapi.json --url http://127.0.0.1:8000

    Without options, the suite measures the album API that comes with Loadstone,
    in about two minutes. Files that exist are left as they are.

    Exit code: 2 if a file exists already, or if what is given cannot be used.
    """
    from loadstone.init.write import SUITE, Wishes, write_suite
    from loadstone.plan.schedule import make_plan
    from loadstone.suite.load import load_suite
    from loadstone.text import clock, several

    written = write_suite(Wishes(locustfile, openapi, url))
    plan = make_plan(load_suite(SUITE))
    for warning in written.warnings:
        print(f"loadstone: {warning}", file=sys.stderr)
    print(f"Wrote {' and '.join(map(str, written.files))}: {several(len(plan.runs), 'run')}, "
          f"about {clock(plan.expected_s)}.")  # fmt: skip
    for remark in written.remarks:
        print(f"{remark}.")
    builtin = locustfile is None and openapi is None and url is None
    print("Next: loadstone run" if builtin else f"Next: read {SUITE}, where YOURS marks your own values; loadstone run")
