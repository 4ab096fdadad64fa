"""`loadstone serve`: a campaign in the browser while it runs."""

from pathlib import Path
from typing import Annotated

import typer

from loadstone.cli.options import Overrides, read_overrides

DEFAULT_PORT = 8650
"""Below the ports that servers under test are given."""


def serve(
    suite: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The campaign's suite.",
            show_default="loadstone.yaml or config/config.yaml; if there is neither, the plan in the results",
        ),
    ] = None,
    overrides: Overrides = None,
    results: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder with the campaign's results. It need not exist yet.")
    ] = Path("results"),
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 chooses a free one.")
    ] = DEFAULT_PORT,
) -> None:
    """Show a campaign in your browser while it runs.

    Example: loadstone serve --suite config/mine.yaml --set duration=5s

    Prints the page's address. Only this machine can open it, and it changes
    nothing. Give the same --set options as the campaign has. End with Ctrl-C.
    """
    try:
        from loadstone.live.server import serve as serve_view

        serve_view(suite, read_overrides(overrides), results, port)
    except KeyboardInterrupt:
        pass
