"""`window.json`: the part of a run that counts, and whether the run settled. `summarise` writes it."""

from pathlib import Path
from typing import ClassVar

from loadstone.results.json_file import read_json
from loadstone.suite.types import SparseModel


class Window(SparseModel):
    """The part of a run that counts; times are in unix seconds."""

    SPARSE: ClassVar[frozenset[str]] = frozenset({"rate_settled"})

    begin: float
    end: float
    """A request belongs to the window if it *ends* in [begin, end)."""
    configured_begin: float
    """The earliest begin that the suite's warm-up allows."""
    settled: bool | None
    """Whether the run reached a steady state; None if there were too few requests to judge, or the number of
    users changed."""
    remark: str | None
    """Why the run is not settled."""
    rate_settled: bool | None = None
    """Whether throughput settled, if the run did not: its mean response time may drift without any effect on the rate,
    where users mostly wait of their own will."""
    started: float
    """When the run began."""
    albums_begin: int | None
    """Albums in the store when the window began; None if the server did not report them."""
    albums_end: int | None
    """Albums in the store when the window ended; None if the server did not report them."""
    growth_effect_ms: float | None
    """b·Δn: change of the mean response time from the begin of the window to its end, by a straight line over the album
    count. Anything else that changed in this time is included. None if the album count did not grow."""
    growth_effect_p: float | None
    """p-value of the line's slope."""

    @property
    def span(self) -> tuple[float, float]:
        """Begin and end."""
        return self.begin, self.end

    @property
    def albums(self) -> tuple[int, int] | None:
        """Albums in the store at both ends; None if the server did not report them."""
        if self.albums_begin is None or self.albums_end is None:
            return None
        return self.albums_begin, self.albums_end

    @property
    def growth(self) -> float:
        """Growth of the album count, relative to the count at the begin; 0 if it is unknown."""
        begin, end = self.albums or (1, 1)
        return end / max(1, begin) - 1


def read_window(path: Path) -> Window:
    """Read `window.json`. Raises `ResultError` if it is missing, `DamagedError` if it is damaged."""
    return read_json(Window, path)
