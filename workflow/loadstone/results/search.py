"""`search.json`: what a search for a capacity tried, and what it came to. `search` writes it."""

from pathlib import Path
from typing import ClassVar

from loadstone.results.json_file import read_json
from loadstone.suite.types import FolderName, Model, SparseModel
from loadstone.suite.verdict import Verdict


class Probe(SparseModel):
    """One rate that was tried."""

    SPARSE: ClassVar[frozenset[str]] = frozenset({"scheduled", "generator", "verdict", "sentence"})

    rate: float
    """Arrivals a second."""
    value_ms: float | None
    """The objective's metric, from the intended start; None where nothing succeeded."""
    throughput_rps: float
    service_ms: float | None
    """Mean from sending."""
    late: float
    """Share of the requests with an intended start that were sent later."""
    scheduled: float | None = None
    """Requests that had an intended start; None if all had one."""
    failures: float
    """Share of failed requests."""
    met: bool
    why: str | None
    """Why it was not met."""
    generator: float | None = None
    """CPUs that the busiest of the generator's workers used; None if unknown."""
    verdict: Verdict | None = None
    """What limited the run's throughput; None in files of earlier versions."""
    sentence: str = ""
    """The verdict in words."""
    folder: FolderName
    """Where the run is kept, beside `search.json`."""


class SearchResult(Model):
    """What a search came to."""

    slo: str
    met_at: float | None
    """Highest rate at which the objective was met, below all at which it was not."""
    missed_at: float | None
    """Lowest rate at which it was not."""
    sentence: str
    probes: tuple[Probe, ...]
    """In the order in which they were made."""


def read_search(path: Path) -> SearchResult:
    """Read `search.json`. Raises `ResultError` where it is missing or damaged."""
    return read_json(SearchResult, path)
