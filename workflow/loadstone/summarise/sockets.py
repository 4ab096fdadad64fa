"""How many connections the server of one run had in a window, and in which state: `sockets.parquet`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from loadstone.errors import DamagedError
from loadstone.results.integrity import open_parquet, reading
from loadstone.results.sockets import SOCKET_SCHEMA
from loadstone.summarise.rounds import Rounds

BATCH_ROWS = 250_000
"""Rows that are in memory at the same time."""
NOT_ACCEPTED, UNKNOWN_PROCESS = 0, 2**31 - 1
"""Process ids that stand for no process, and for one that is not known."""
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
        self._rounds: list[pd.DataFrame] = []
        self._not_accepted: list[float] = []
        self._connections: dict[int, float] = {}

    def add(self, rows: pd.DataFrame) -> None:
        """Add a batch, whose rows have the number of their round."""
        inside = rows[rows["began"].between(*self._window)]  # whole rounds
        accepted = inside["pid"] != NOT_ACCEPTED
        self._not_accepted += inside.loc[~accepted, "connections"].dropna().tolist()
        counts = inside[list(SUMS.values())].where(accepted, 0.0)
        self._rounds.append(counts.assign(round=inside["round"]))
        by_pid = inside[accepted].groupby("pid")["connections"].sum()
        for pid, connections in zip(by_pid.index.tolist(), by_pid.tolist(), strict=True):
            self._connections[pid] = self._connections.get(pid, 0.0) + connections

    def signals(self, accepting: frozenset[int] = frozenset(), workers: int | None = None) -> dict[str, Any]:
        """Return the signals of `SocketSignals`; none if there are no samples.

        Each is the mean over the rounds of samples in which it is known of all processes. `accepting` are processes of
        which a thread was seen to wait for connections, `workers` the number of the server's worker processes as the
        suite states it.
        """
        rows = pd.concat(self._rounds) if self._rounds else pd.DataFrame()
        if rows.empty:
            return {}
        unknown = rows.isna().groupby(rows["round"]).any()
        sums = rows.groupby("round").sum()
        signals: dict[str, Any] = {signal: _mean(sums[name][~unknown[name]]) for signal, name in SUMS.items()}
        signals["not_accepted"] = _mean(pd.Series(self._not_accepted, dtype=float))
        with_some = {pid for pid, connections in self._connections.items() if connections > 0}
        several = max(len(with_some | accepting), workers or 0) > 1
        if several and with_some and UNKNOWN_PROCESS not in with_some:
            signals["fullest_share"] = max(self._connections.values()) / sum(self._connections.values())
        return signals


def _mean(values: pd.Series) -> float | None:
    return float(values.mean()) if len(values) else None


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
