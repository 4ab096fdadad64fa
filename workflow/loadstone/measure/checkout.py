"""Where a campaign keeps its checkouts of commits, and which of them a server runs in."""

from pathlib import Path

from loadstone.errors import ServerError
from loadstone.measure.workspace import Workspace
from loadstone.plan.checkouts import Checkout, checkout_of
from loadstone.suite.foreign_servers import CommandServer

BUILDS = Path("results/builds")
"""Folder of a campaign's checkouts, from the campaign's folder."""


def marker_of(builds: Path, checkout: Checkout) -> Path:
    """Return the file that shows that a checkout is complete."""
    return builds / f"{checkout.name}.json"


def checkout_folder_of(builds: Path, checkout: Checkout) -> Path:
    """Return the folder of a checkout."""
    return builds / checkout.name


def checkout_folder(workspace: Workspace, server: CommandServer) -> Path:
    """Return the folder from which a server's `cwd` starts: its commit's checkout, or the suite's folder.

    Raises `ServerError` if the checkout is missing.
    """
    checkout = checkout_of(server)
    if checkout is None:
        return workspace.base
    folder, marker = checkout_folder_of(workspace.builds, checkout), marker_of(workspace.builds, checkout)
    if not marker.is_file() or not folder.is_dir():
        raise ServerError(
            f"{folder}: the checkout of commit {checkout.commit[:12]} is missing: remove {marker} if it is there, and "
            "start again"
        )
    return folder
