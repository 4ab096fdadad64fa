"""The protocol that every system under test fulfils."""

from typing import Protocol


class Target(Protocol):
    """A system under test. A figure that Loadstone cannot know is None, and is then missing from the result."""

    url: str
    """Where users send requests."""
    started: float
    """When it was started, or first asked; unix seconds."""

    @property
    def local_port(self) -> int | None:
        """Its port on this machine; None if it may be on another."""

    @property
    def command(self) -> list[str] | None:
        """The command line that started it; None if Loadstone did not start it."""

    def wait_ready(self) -> float:
        """Wait until it answers; return that moment in unix seconds. Raises `ServerError`."""

    def check_alive(self) -> None:
        """Raise `ServerError` if it is known to have ended."""

    def preflight(self) -> None:
        """Send each request of the load once, as far as that changes nothing. Raises `ServerError`."""

    def count_albums(self) -> int | None:
        """Ask how many albums the store holds; None if the load is not of the album API."""

    @property
    def max_albums(self) -> float | None:
        """The most albums that the store can hold; infinite if it has no bound."""

    def processes(self) -> list[tuple[str, int]]:
        """List its processes as (role, pid)."""

    def worker_restarts(self) -> list[float] | None:
        """List when a worker came up in place of another; unix seconds."""

    def ask_to_stop(self) -> None:
        """Ask it to stop in order, if Loadstone started it, and return at once. Later calls do nothing."""

    def stop(self) -> int | None:
        """Stop it in order, if Loadstone started it; return its exit code once it has ended."""

    def kill(self) -> None:
        """End it at once, if Loadstone started it."""

    def answered_requests(self) -> int | None:
        """After `stop`: the number of requests that it counted, health checks and preflight excluded."""
