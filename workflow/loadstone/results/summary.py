"""`summary.csv`: the figures of every run by endpoint, and the run's place in a sweep. `analyse` writes it.

It has one row per run and endpoint: the rows of all runs' `endpoints.csv`, each with its experiment, repeat, sweep and
level. Files of earlier versions lack the columns `sweep` and `level`.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import orjson
import pandas as pd

from loadstone.errors import DamagedError, ResultError
from loadstone.plan.schedule import Plan
from loadstone.results.integrity import check_sums
from loadstone.results.tables import ENDPOINT_COLUMNS, NEVER_EMPTY, TEXTS
from loadstone.suite.model import Scalar, Suite
from loadstone.text import listed

RUN_COLUMNS = {
    "experiment": "name of the experiment, baseline or probe",
    "repeat": "number of the run, from 1",
}
LEVEL_COLUMNS = {
    "sweep": "name of the sweep that the experiment belongs to; empty outside sweeps",
    "level": "value of the sweep's factor, as the suite has it; empty outside sweeps",
}
SUMMARY_COLUMNS = {**RUN_COLUMNS, **LEVEL_COLUMNS, **ENDPOINT_COLUMNS}
"""Columns of `summary.csv`, with their meanings."""

LevelValue = Scalar | tuple[Scalar, ...]
"""Value of a sweep's factor."""


def places_in_sweeps(suite: Suite) -> dict[str, tuple[str, LevelValue]]:
    """Experiment → its sweep and level; experiments outside sweeps are absent."""
    return {level.experiment: (name, level.value) for name, sweep in suite.sweeps.items() for level in sweep.levels}


def write_level(value: LevelValue) -> str:
    """Write a level as the suite has it: 4, 0.5, true, list, [1,2]."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def summary_table(plan: Plan, endpoints: pd.DataFrame) -> pd.DataFrame:
    """Add sweep and level, as text, to the rows of all runs' `endpoints.csv`."""
    places = places_in_sweeps(plan.suite)
    found = [places.get(name) for name in endpoints["experiment"]]
    added = {
        "sweep": [place[0] if place else "" for place in found],
        "level": [write_level(place[1]) if place else "" for place in found],
    }
    return endpoints.assign(**added)[list(SUMMARY_COLUMNS)]


def read_summary(path: Path) -> pd.DataFrame:
    """Read the file; sweep and level are left out, since files of earlier versions lack them and the plan has them.

    Raises `ResultError` where it is missing or of another version, `DamagedError` where it is damaged.
    """
    check_sums([path.parent], (path.name,))
    texts = dict.fromkeys(("experiment", *LEVEL_COLUMNS, *TEXTS), str)
    try:
        # an empty cell is the only one without a value: an endpoint may be named NA
        table = pd.read_csv(path, dtype=texts, keep_default_na=False, na_values=[""])
    except OSError as error:
        raise ResultError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise DamagedError(f"{path}: damaged: {str(error).splitlines()[0]}", path) from None
    expected = [*RUN_COLUMNS, *ENDPOINT_COLUMNS]
    if missing := [name for name in expected if name not in table]:
        cause = "damaged, or written by another version of Loadstone"
        raise ResultError(f"{path}: {cause}: no column {listed(missing)}")
    for name in _unsound(table, expected):
        raise DamagedError(f"{path}: damaged: column {name}", path)
    return table[expected]


def _unsound(table: pd.DataFrame, names: Iterable[str]) -> Iterator[str]:
    """Name the columns that hold something other than their names allow."""
    for name in names:
        values = table[name]
        has_gaps = name in (*RUN_COLUMNS, *NEVER_EMPTY) and values.isna().any()
        is_sound = name in ("experiment", *TEXTS) or not len(values) or pd.api.types.is_numeric_dtype(values)
        if has_gaps or not is_sound:
            yield name
