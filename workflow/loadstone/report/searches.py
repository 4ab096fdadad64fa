"""What the capacity searches left: the rates that were tried, and the distributions of their probes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from loadstone.plan.schedule import Plan
from loadstone.results.run_record import read_record
from loadstone.results.search import Found, read_search
from loadstone.suite.capacity import Search
from loadstone.summarise.requests import summarise_requests
from loadstone.summarise.window import find_window


@dataclass(frozen=True, slots=True)
class ProbeTables:
    """What the requests of one probe say, as of any other run."""

    endpoints: pd.DataFrame
    latency: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Searched:
    """A search and what it came to."""

    search: Search
    found: Found
    tables: Mapping[str, ProbeTables]
    """Folder of a probe → its tables, where its requests were kept."""


def read_searches(plan: Plan, folder: Path) -> dict[str, Searched]:
    """Read all searches of a plan. Raises `ResultError` where one is missing or damaged."""
    return {name: _read(search, folder / name) for name, search in plan.suite.capacity.items()}


def _read(search: Search, folder: Path) -> Searched:
    found = read_search(folder / "search.json")
    kept = [probe.folder for probe in found.probes if (folder / probe.folder / "requests.parquet").exists()]
    return Searched(search, found, {name: _tables(folder / name) for name in kept})


def _tables(folder: Path) -> ProbeTables:
    """Sum up the requests of a probe by the functions that do so for runs; `summarise` knows of no probes."""
    requests, record = folder / "requests.parquet", read_record(folder / "run.json")
    summary = summarise_requests(requests, find_window(requests, record).span, record.phases.load_started)
    return ProbeTables(summary.endpoints, summary.latency)
