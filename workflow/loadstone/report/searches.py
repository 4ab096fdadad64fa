"""Capacity searches: their results, and the tables of their steps."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from loadstone.plan.schedule import Plan
from loadstone.results.integrity import check_sums
from loadstone.results.run_record import read_record
from loadstone.results.search import SearchResult, read_search
from loadstone.results.tables import read_run_table
from loadstone.suite.capacity import Search


@dataclass(frozen=True, slots=True)
class ProbeTables:
    """The tables of one step of a search, the same as for any run."""

    endpoints: pd.DataFrame
    latency: pd.DataFrame


@dataclass(frozen=True, slots=True)
class CompletedSearch:
    """A search and its result."""

    search: Search
    result: SearchResult
    tables: Mapping[str, ProbeTables]
    """Folder of a step → its tables; absent for a step whose tables are missing."""


def read_searches(plan: Plan, folder: Path) -> dict[str, CompletedSearch]:
    """Read all searches of a plan. Raises `ResultError` where one is missing or damaged."""
    return {name: _read_search(search, folder / name) for name, search in plan.suite.capacity.items()}


def _read_search(search: Search, folder: Path) -> CompletedSearch:
    result = read_search(folder / "search.json")
    kept = [probe.folder for probe in result.probes if (folder / probe.folder / "endpoints.csv").exists()]
    return CompletedSearch(search, result, {name: _probe_tables(folder / name) for name in kept})


def _probe_tables(folder: Path) -> ProbeTables:
    """Read the tables of a step, which `search` writes next to its run."""
    check_sums([folder])
    run = read_record(folder / "run.json").run
    return ProbeTables(read_run_table(folder, "endpoints", run), read_run_table(folder, "latency", run))
