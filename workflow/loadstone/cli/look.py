"""`loadstone look`: the workflow's stage that decides which experiments get another repeat."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from loadstone.cli.options import Damaged, Overrides, Published, read_overrides
from loadstone.errors import ResultError, SystemFault


def look(
    suite: Annotated[Path, typer.Argument(help="The suite, a YAML file.")],
    number: Annotated[int, typer.Option("--round", min=1, metavar="N", help="Round that the look comes before.")],
    looks: Annotated[Path, typer.Option(metavar="DIR", help="Folder with the looks before the earlier rounds.")],
    summaries: Annotated[Path, typer.Option(metavar="DIR", help="Folder with the tables of all runs so far.")],
    output: Annotated[Path, typer.Option(metavar="FILE", help="JSON file to write: what is granted, and why.")],
    overrides: Overrides = None,
    published: Published = None,
    damaged: Damaged = None,
) -> None:
    r"""Look at the results so far, and decide which experiments get another repeat.

    Example: loadstone look config/config.yaml --round 1 --looks results/looks \
                 --summaries results/summaries --output results/looks/1.json

    An experiment with repeats by need gets one if a hypothesis about it is
    open, if a law of its sweep has few repeats, or if its precision is not
    reached; but not beyond repeats.max or the suite's budget.

    Exit code: 1 if a table is missing or damaged.
    """
    from loadstone.files import write_bytes
    from loadstone.looks.stage import take_look
    from loadstone.plan.schedule import make_plan
    from loadstone.results.json_file import to_json
    from loadstone.results.looks import read_looks
    from loadstone.results.quarantine import quarantine_damaged
    from loadstone.suite.load import load_suite

    read = load_suite(suite, read_overrides(overrides))
    with quarantine_damaged(damaged):
        earlier = read_looks(looks, make_plan(read).digest)[: number - 1]
        if len(earlier) < number - 1:
            raise ResultError(f"{looks}: has no look before round {len(earlier) + 1} of this suite: run snakemake")
        taken = take_look(read, earlier, summaries, published)
    with SystemFault.at(output):
        write_bytes(output, to_json(taken))
    print(taken.sentence, file=sys.stderr)
