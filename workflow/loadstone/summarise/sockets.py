"""How many connections the server of one run had in a window, and in which state: `sockets.parquet`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from loadstone.errors import DamagedError
from loadstone.results.integrity import open_parquet, reading
from loadstone.results.sockets import SOCKET_COUNTS, SOCKET_SCHEMA
from loadstone.summarise.rounds import Rounds

BATCH_ROWS = 250_000
"""Rows that are in memory at the same time."""
NOT_ACCEPTED = "not_accepted"
"""Signal that is the number of connections that no process has accepted."""
SUMS = {
    "connections": "connections",
    "unread": "unread",
    "inside": "inside",
    "unsent": "unsent",
    "downstream_connections": "downstream",
    "downstream_waiting": "downstream_waiting",
}
"""Signal → the column of which it is the sum over processes, averaged over rounds of samples."""


class SocketUse:
    """Adds up the samples of one window, given in unix seconds."""

    def __init__(self, window: tuple[float, float]) -> None:
        self._window = window
        self._rounds: set[int] = set()
        self._totals: dict[int, pd.Series] = {}
        self._unknown: set[str] = set()

    def add(self, rows: pd.DataFrame) -> None:
        """Add a batch, whose rows have the number of their round."""
        inside = rows[rows["began"].between(*self._window)]  # whole rounds
        self._rounds |= set(inside["round"].tolist())
        for pid in inside["pid"].unique().tolist():
            own = inside[inside["pid"] == pid]
            counts = own[list(SOCKET_COUNTS)]
            unknown = {str(name) for name in counts.columns[counts.isna().any()]}
            self._unknown |= unknown if pid else {NOT_ACCEPTED} if "connections" in unknown else set()
            self._totals[int(pid)] = counts.sum() + self._totals.get(int(pid), 0)

    def signals(self, accepting: frozenset[int] = frozenset(), workers: int | None = None) -> dict[str, Any]:
        """Return the signals of `SocketSignals`; none if there are no samples.

        `accepting` are processes of which a thread was seen to wait for connections, `workers` the number of the
        server's worker processes as the suite states it.
        """
        if not self._rounds:
            return {}
        rounds = len(self._rounds)
        own = pd.DataFrame([total for pid, total in self._totals.items() if pid], columns=list(SOCKET_COUNTS))
        signals: dict[str, Any] = {
            signal: None if column in self._unknown else float(own[column].sum()) / rounds
            for signal, column in SUMS.items()
        }
        if 0 in self._totals and NOT_ACCEPTED not in self._unknown:
            signals[NOT_ACCEPTED] = float(self._totals[0]["connections"]) / rounds
        with_some = {pid for pid, total in self._totals.items() if pid and total["connections"] > 0}
        if with_some and max(len(with_some | accepting), workers or 0) > 1:
            signals["fullest_share"] = float(own["connections"].max() / own["connections"].sum())
        return signals


def read_sockets(path: Path, windows: Sequence[tuple[float, float]]) -> list[SocketUse]:
    """Add up the samples of each window, in one pass. Raises `DamagedError` if the file is damaged."""
    found = [SocketUse(window) for window in windows]
    rounds = Rounds()
    with reading(path), open_parquet(path) as file:
        if missing := sorted(set(SOCKET_SCHEMA.names) - set(file.schema_arrow.names)):
            raise DamagedError(f"{path}: damaged: no column {', '.join(missing)}", path)
        for batch in file.iter_batches(BATCH_ROWS, columns=SOCKET_SCHEMA.names):
            rows = batch.to_pandas()
            _check(path, rows)
            numbered = rows.join(rounds.number(rows["pid"], rows["time"]))
            for each in found:
                each.add(numbered)
    return found


def _check(path: Path, rows: pd.DataFrame) -> None:
    for name in SOCKET_SCHEMA.names:
        if not pd.api.types.is_numeric_dtype(rows[name]) or (rows[name] < 0).any() or np.isinf(rows[name]).any():
            raise DamagedError(f"{path}: damaged: {name} is not a number from 0", path)
    if rows[["time", "pid"]].isna().any(axis=None):
        raise DamagedError(f"{path}: damaged: a sample has no process or no time", path)
