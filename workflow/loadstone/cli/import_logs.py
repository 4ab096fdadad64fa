"""`loadstone import`: the logs of other load tools as a campaign's folder."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from loadstone.cli.options import ThinkTime, read_figure_options
from loadstone.errors import Interrupted, TableError
from loadstone.text import printable, short


def import_logs(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILES", help="Logs of single requests, of JMeter, Gatling or Locust.", show_default=False
        ),
    ],
    into: Annotated[Path, typer.Option(metavar="DIR", help="The campaign's folder, new or empty.")],
    name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Experiment whose repeats all files are. Default: one experiment per file."),
    ] = None,
    sweep: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The files differ in their number of users: make them the levels of a sweep, to which a scaling law "
            "can be fitted.",
        ),
    ] = None,
    users: Annotated[
        str | None, typer.Option("--users", metavar="N", help="Number of users of logs that do not state it.")
    ] = None,
    think_time: ThinkTime = None,
) -> None:
    r"""Import single requests that another tool logged: a campaign for fit, compare and report.

    Example: loadstone import before.jtl --into before
             loadstone import 10.jtl 20.jtl 40.jtl --into all --sweep threads

    Reads a JMeter log (.jtl as CSV), a Gatling log (simulation.log as text, up
    to Gatling 3.10), and a CSV file with a row per request, as a listener of
    Locust writes it: timestamp, name, response_time, success. Then:

             loadstone fit all/results/summary.csv --x level --y throughput_rps
             loadstone compare before after
             loadstone report --plan before/results/plan.json \
                 --results before/results --output before/report/index.html

    The window, percentiles and intervals are computed as for Loadstone's own
    runs, from the time in which all users ran. What a log cannot show stays
    unknown: the server's CPU, the load generator's CPU, threads, connections,
    baselines. A verdict can therefore name users' pauses, failures or an uneven
    rhythm; otherwise it is "no clear limit".

    Rows that cannot be read are counted; a log with more than 1 % of them is
    refused. Results are marked as imported, and no suite is measured in the
    folder.

    Exit codes: 2 if a log or an option cannot be used; 130 if it is interrupted.
    """
    from loadstone.imports.campaign import Wishes
    from loadstone.imports.campaign import import_logs as import_all
    from loadstone.imports.run import Stated

    think = read_figure_options(think_time).think
    stated = Stated(users=_users(users), think_time=None if think is None else (think.low, think.high))
    try:
        with closing(import_all(Wishes(files=files, into=into, stated=stated, name=name, sweep=sweep))) as lines:
            for line in lines:
                print(printable(line))
    except KeyboardInterrupt:
        raise Interrupted(f"interrupted; nothing was written to {into}") from None
    results, page = into / "results", into / "report" / "index.html"
    print(f"Next: loadstone report --plan {results}/plan.json --results {results} --output {page}")


import_logs.__name__ = "import"  # the command's name, which is a word of Python


def _users(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and int(text[:9]) > 0 and len(text) < 6):
        raise TableError(f"--users: {short(text)} is not allowed; allowed: a whole number above 0, such as 50")
    return int(text)
