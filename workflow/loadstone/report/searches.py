"""What the capacity searches left: the rates that were tried, and the distributions of their probes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from loadstone.plan.schedule import Plan
from loadstone.results.integrity import check_sums
from loadstone.results.run_record import read_record
from loadstone.results.search import Found, read_search
from loadstone.results.tables import read_run_table
from loadstone.suite.capacity import Search


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
    kept = [probe.folder for probe in found.probes if (folder / probe.folder / "endpoints.csv").exists()]
    return Searched(search, found, {name: _tables(folder / name) for name in kept})


def _tables(folder: Path) -> ProbeTables:
    """Read the tables of a probe, which `search` leaves beside its run."""
    check_sums([folder])
    run = read_record(folder / "run.json").run
    return ProbeTables(read_run_table(folder, "endpoints", run), read_run_table(folder, "latency", run))
