"""What a run puts under load, whoever starts it: one protocol, and the choice between those who fulfil it."""

from pathlib import Path
from typing import Protocol

from loadstone.measure.commanded import CommandUnderTest
from loadstone.measure.external import ExternalUnderTest
from loadstone.measure.guard import Guard
from loadstone.measure.processes import StopRequest
from loadstone.measure.server import GunicornUnderTest
from loadstone.suite.foreign_servers import CommandServer
from loadstone.suite.settings import GunicornServer, Mix, Server


class Target(Protocol):
    """A system under test. What can't be known of it is None, and then missing from the result."""

    url: str
    started: float
    """When it was started, or first asked; unix seconds."""

    @property
    def command(self) -> list[str] | None:
        """The command line that started it."""

    def wait_ready(self) -> float:
        """Wait until it answers; return that moment. Raises `ServerError`."""

    def check_alive(self) -> None:
        """Raise `ServerError` if it is known to have ended."""

    def preflight(self, mix: Mix) -> None:
        """Ask each endpoint of the mix, and leave no trace. Raises `ServerError` where an answer is not the API's."""

    def albums(self) -> int | None:
        """Ask how many albums it holds."""

    @property
    def most_albums(self) -> float | None:
        """The bound on its store."""

    def roles(self) -> list[tuple[str, int]]:
        """List its processes, as (role, pid)."""

    def restarts(self) -> list[float] | None:
        """Tell when workers came up beyond those that it began with, unix seconds."""

    def stop(self) -> int | None:
        """Stop it in order, if we started it; return the exit code."""

    def kill(self) -> None:
        """End it at once, if we started it."""

    def answered(self) -> int | None:
        """After the stop: requests that it says it answered, ours not counted."""


def open_target(server: Server, scratch: Path, logs: Path, guard: Guard, stop: StopRequest) -> Target:
    """Start the system under test, or find out where it is. Raises `ServerError`."""
    if isinstance(server, GunicornServer):
        return GunicornUnderTest(server, scratch, logs, guard, stop)
    if isinstance(server, CommandServer):
        return CommandUnderTest(server, logs, guard, stop)
    return ExternalUnderTest(server, stop)
