"""`loadstone serve`."""

from pathlib import Path
from typing import Annotated

import typer

from loadstone.cli.options import Settings, overrides

DEFAULT_PORT = 8650
"""Below the ports that servers under test are given."""


def serve(
    suite: Annotated[
        Path | None,
        typer.Option(help="The suite.", show_default="config/config.yaml; where there is none, the results' own plan"),
    ] = None,
    settings: Settings = None,
    results: Annotated[Path, typer.Option(help="Results of the campaign, whether or not it has begun.")] = Path(
        "results"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0: any that is free.")] = DEFAULT_PORT,
) -> None:
    """Show a campaign in a browser while it runs: to this machine only, for reading only. Ctrl-C ends it."""
    try:
        from loadstone.live.server import serve as serve_view

        serve_view(suite, overrides(settings), results, port)
    except KeyboardInterrupt:
        pass
