"""The system under test: what a run loads, whoever starts it. Each kind of server in a suite has its module."""

from loadstone.measure.target.command import CommandTarget
from loadstone.measure.target.external import ExternalTarget
from loadstone.measure.target.gunicorn import GunicornTarget
from loadstone.measure.target.protocol import Target
from loadstone.measure.workspace import Workspace
from loadstone.suite.foreign_servers import CommandServer
from loadstone.suite.load_settings import Load
from loadstone.suite.settings import GunicornServer, Server

__all__ = ["Target", "open_target"]


def open_target(server: Server, load: Load, workspace: Workspace) -> Target:
    """Start the system under test, or find the one that runs already. What is asked of it depends on the load.

    Raises `ServerError`.
    """
    if isinstance(server, GunicornServer):
        return GunicornTarget(server, load, workspace)
    if isinstance(server, CommandServer):
        return CommandTarget(server, load, workspace)
    return ExternalTarget(server, load, workspace.stop)
