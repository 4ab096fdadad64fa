"""`window.json`: which part of a run counts, and whether the run settled. `summarise` writes it."""

from pathlib import Path

from pydantic import ValidationError

from loadstone.errors import DamagedError, ResultError
from loadstone.suite.types import Model


class Window(Model):
    """What counts of a run; times in unix seconds."""

    begin: float
    end: float
    """A request belongs to the window if it *ends* in [begin, end)."""
    configured_begin: float
    """The least that the suite's warm-up allows."""
    settled: bool | None
    """Whether a steady state was reached; None where too few requests were made to tell."""
    remark: str | None
    """Why it is not settled."""
    started: float
    """When the run began."""
    albums_begin: int | None
    albums_end: int | None
    """None where the server didn't say how many it holds."""
    growth_effect_ms: float | None
    """b·Δn: change of the mean response from the window's begin to its end, by a line over the album count, where that
    grows; whatever else changed meanwhile is in it. None where it didn't grow."""
    growth_effect_p: float | None

    @property
    def span(self) -> tuple[float, float]:
        """Begin and end."""
        return self.begin, self.end

    @property
    def albums(self) -> tuple[int, int] | None:
        """Albums in the store at both ends; None where the server didn't say."""
        if self.albums_begin is None or self.albums_end is None:
            return None
        return self.albums_begin, self.albums_end

    @property
    def growth(self) -> float:
        """Growth of the album count, relative to its begin; 0 where nobody knows it."""
        begin, end = self.albums or (1, 1)
        return end / max(1, begin) - 1


def read_window(path: Path) -> Window:
    """Read what `summarise` found. Raises `ResultError` where it is missing or damaged."""
    try:
        return Window.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ResultError(f"{path}: can't be read: {error.strerror}") from None
    except ValidationError as error:
        raise DamagedError(f"{path}: damaged: {error.errors()[0]['msg']}", path) from None
