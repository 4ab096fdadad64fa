"""`loadstone search`: the workflow's stage that searches one capacity."""

from pathlib import Path
from typing import Annotated

import typer

from loadstone.cli.options import Base, Builds, read_option


def search(
    search: Annotated[str, typer.Option(metavar="JSON", help="The search with all its settings, as in plan.json.")],
    name: Annotated[str, typer.Option(help="The search's name in the suite.")],
    seed: Annotated[int, typer.Option(help="The suite's seed, from which each step's random numbers follow.")],
    into: Annotated[Path, typer.Option(metavar="DIR", help="Folder for search.json and for one folder per step.")],
    log: Annotated[Path, typer.Option(metavar="FILE", help="File for the log.")],
    failed: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder for the requests and logs of steps that fail, for diagnosis.")
    ],
    base: Base = Path(),
    builds: Builds = Path("results/builds"),
) -> None:
    r"""Find the highest arrival rate that meets an objective: measure, judge, choose the next rate.

    Example: loadstone search --name most --seed 1 \
                 --search "$(jq -c .suite.capacity.most results/plan.json)" \
                 --into one-search --log one-search.log --failed failed-steps

    Writes search.json and one folder per step, and prints the answer.

    Exit codes: 1 if a step fails, 130 if the search is interrupted.
    """
    from loadstone.analyse.bottleneck import judge
    from loadstone.measure.orphans import adopt_orphans
    from loadstone.search.stage import search_capacity
    from loadstone.suite.capacity import Search

    adopt_orphans()
    settings = read_option(Search, "--search", search)
    print(search_capacity(settings, name, seed, into, log, failed, base, builds=builds, judge=judge).sentence)
