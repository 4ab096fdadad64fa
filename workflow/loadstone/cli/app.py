"""The command line: registers every command in its group, in the order of a day of work."""

from collections.abc import Callable
from typing import Annotated

import typer

from loadstone import __version__
from loadstone.cli.ab import ab
from loadstone.cli.analyse import analyse
from loadstone.cli.audit import audit
from loadstone.cli.build import build
from loadstone.cli.calibrate import calibrate
from loadstone.cli.compare import compare
from loadstone.cli.conclude import conclude
from loadstone.cli.doctor import doctor
from loadstone.cli.figures import figures
from loadstone.cli.fit import fit
from loadstone.cli.gate import gate
from loadstone.cli.import_logs import import_logs
from loadstone.cli.init import init
from loadstone.cli.look import look
from loadstone.cli.measure import measure
from loadstone.cli.plan import plan
from loadstone.cli.report import report
from loadstone.cli.run import run
from loadstone.cli.schema import schema
from loadstone.cli.search import search
from loadstone.cli.serve import serve
from loadstone.cli.summarise import summarise
from loadstone.cli.verdict import verdict

GROUPS: dict[str, tuple[Callable[..., None], ...]] = {
    "Measure a service": (init, run),
    "Try a suite": (doctor, plan, schema),
    "Watch a campaign": (serve,),
    "Understand results": (conclude, ab, compare, figures, audit, import_logs, verdict, fit, calibrate, gate),
    "Stages that the workflow runs": (build, measure, search, summarise, look, analyse, report),
}

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def loadstone(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    """Rerun a suite of load experiments and learn how fast a server is, how it scales and what stops it.

    `loadstone init` writes a first suite, and `loadstone run` measures it and
    writes its report. The other commands try a suite first, watch it run, and
    explain its results.

    Each command has its own help: loadstone plan --help

    Exit codes: 0 success; 1 a run, a result or a gate fails; 2 a mistake in the
    suite, a table or the command line; 130 interrupted. Each error is one line.
    """
    if version:
        typer.echo(f"loadstone {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(2)


for group, commands in GROUPS.items():
    for command in commands:
        app.command(rich_help_panel=group)(command)
