"""`loadstone build`: the workflow's stage that checks out and builds one commit."""

from pathlib import Path
from typing import Annotated

import typer

from loadstone.cli.options import Base, read_option


def build(
    checkout: Annotated[str, typer.Option(metavar="JSON", help="The full hash of the commit, and its build words.")],
    into: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the checkout and for its marker file.")],
    log: Annotated[Path, typer.Option(metavar="FILE", help="File for the output of git and of the build.")],
    base: Base = Path(),
) -> None:
    r"""Check out a commit of the suite's repository and build it, for the runs whose server it is.

    Example: loadstone build --into results/builds --log build.log \
                 --checkout '{"commit": "<full hash>", "build": ["make", "app"]}'

    Makes a worktree of the repository, and a marker file next to it when the
    build is complete. A build that fails leaves neither.

    Exit codes: 1 if the build fails, 130 if it is interrupted.
    """
    from loadstone.measure.build import build_checkout
    from loadstone.measure.orphans import adopt_orphans
    from loadstone.plan.checkouts import Checkout

    adopt_orphans()
    build_checkout(read_option(Checkout, "--checkout", checkout), base, into, log)
