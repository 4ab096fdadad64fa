"""What the threads of one run's processes did in a window: `threads.parquet`, read batch by batch."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from loadstone.errors import DamagedError
from loadstone.results.integrity import open_parquet, reading
from loadstone.results.threads import THREAD_SCHEMA, ThreadState
from loadstone.summarise.rounds import Rounds, grown
from loadstone.theory.quantiles import Floats

STATES = tuple(ThreadState)
PROCEEDING = (ThreadState.RUNNING, ThreadState.DISK, ThreadState.SLEEP, ThreadState.DOWNSTREAM)
"""States in which a thread proceeds with a request."""
HOUSEKEEPING_CPU = 0.0005
"""CPUs below which a thread that is asleep in every sample serves no requests: it looks after something now and then.
"""
NEAR_S = 2.0
"""Seconds around an end of the window in which all samples are kept, to interpolate between them."""
BATCH_ROWS = 250_000
"""Samples of threads that are in memory at the same time."""
MIN_ROUNDS = 20
"""Rounds of samples below which a mean has no interval."""
CONFIDENCE = 0.95
MAX_CORRELATION = 0.95

_THREAD = ["pid", "tid"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadUse:
    """What threads did in a window."""

    states: dict[ThreadState, float] | None = None
    """State → mean number of the server's threads; None if there are no samples."""
    proceeding: Sequence[float] = ()
    """Threads that proceed with requests, per round of samples."""
    busiest: float | None = None
    """CPUs that the busiest of the server's threads used."""
    waited: dict[int, float]
    """Process id → CPUs for which its threads waited; without processes of which it is unknown."""
    accepting: frozenset[int] = frozenset()
    """Processes of which a thread waited for a new connection."""
    pids: frozenset[int] = frozenset()
    """The server's processes of which there are samples."""

    def signals(self, busy: frozenset[int] = frozenset()) -> dict[str, Any]:
        """Return the signals of `ThreadSignals`, and that of the busiest thread.

        None if there are no samples of a process that is `busy`: the threads of the others would mislead.
        """
        if self.states is None or busy - self.pids:
            return {}
        mean, low, high = estimate_mean(np.asarray(self.proceeding, np.float64))
        return {
            "busiest_thread": self.busiest,
            "thread_states": self.states,
            "proceeding": mean,
            "proceeding_low": low,
            "proceeding_high": high,
        }


def estimate_mean(values: Floats) -> tuple[float, float | None, float | None]:
    """Return the mean of successive samples of a number, and its 95 % interval; no bounds below `MIN_ROUNDS` samples.

    Student's t, with the number of samples reduced for their correlation as in `theory.steady_state.find_trend`. The
    variance is at least that of one sample in n that differs by 1: samples that are all equal don't show that others
    would be.
    """
    count, mean = len(values), float(values.mean())
    if count < MIN_ROUNDS:
        return mean, None, None
    away = values - mean
    spread = float(away @ away)
    correlation = min(MAX_CORRELATION, max(0.0, float(away[1:] @ away[:-1]) / spread)) if spread > 0 else 0.0
    effective = max(2.0, count * (1 - correlation) / (1 + correlation))
    variance = max(spread / (count - 1), 1 / count)
    half = float(special.stdtrit(effective - 1, (1 + CONFIDENCE) / 2)) * math.sqrt(variance / effective)
    return mean, max(0.0, mean - half), mean + half


def read_threads(path: Path, windows: Sequence[tuple[float, float]]) -> list[ThreadUse]:
    """Find what threads did in each window (unix seconds), in one pass.

    Raises `DamagedError` if the file is damaged.
    """
    found = [_Window(window) for window in windows]
    rounds = Rounds()
    with reading(path), open_parquet(path) as file:
        if missing := sorted(set(THREAD_SCHEMA.names) - set(file.schema_arrow.names)):
            raise DamagedError(f"{path}: damaged: no column {', '.join(missing)}", path)
        for batch in file.iter_batches(BATCH_ROWS, columns=THREAD_SCHEMA.names):
            rows = batch.to_pandas()
            _check(path, rows)
            role = rows["role"].astype(str)
            is_server = role.str.startswith("server-")
            kept = rows.assign(server=is_server)[is_server | (role == "load-worker")]
            if kept.empty:
                continue
            numbered = kept.drop(columns="role").assign(state=_state_numbers(kept["state"]))
            numbered = numbered.join(rounds.number(kept["tid"], kept["time"]))
            for each in found:
                each.add(numbered)
    return [each.use() for each in found]


def _check(path: Path, rows: pd.DataFrame) -> None:
    for name in ("time", "pid", "tid", "cpu_s", "waited_s"):
        if not pd.api.types.is_numeric_dtype(rows[name]):
            raise DamagedError(f"{path}: damaged: {name} is not a number", path)
    if rows[["time", "role", "pid", "tid", "state"]].isna().any(axis=None):
        raise DamagedError(f"{path}: damaged: a sample has no thread, time or state", path)
    if np.isinf(rows[["time", "cpu_s", "waited_s"]].astype(float)).any(axis=None):
        raise DamagedError(f"{path}: damaged: a sample holds an infinite number", path)


def _state_numbers(states: pd.Series) -> pd.Series:
    """Number the states; one that this version does not know is another one."""
    number = {str(state): place for place, state in enumerate(STATES)}
    other = number[ThreadState.OTHER]
    return pd.Series([number.get(str(state), other) for state in states], states.index, np.int64)


class _Window:
    """Adds up the samples of one window."""

    def __init__(self, window: tuple[float, float]) -> None:
        self._window = window
        self._counts = np.zeros((0, len(STATES)), np.int64)
        self._asleep: list[pd.DataFrame] = []
        self._kept: list[pd.DataFrame] = []
        self._first: int | None = None
        self._accepting: set[int] = set()

    def add(self, rows: pd.DataFrame) -> None:
        begin, end = self._window
        time = rows["time"]
        inside = rows[(time >= begin) & (time <= end)]
        near = rows[((time - begin).abs() < NEAR_S) | ((time - end).abs() < NEAR_S)]
        self._kept += [near, inside.drop_duplicates(_THREAD), inside.drop_duplicates(_THREAD, keep="last")]
        own = rows[rows["server"] & rows["began"].between(begin, end)]  # whole rounds
        if own.empty:
            return
        if self._first is None:
            self._first = int(own["round"].min())
        place = own["round"].to_numpy() - self._first
        self._counts = grown(self._counts, int(place.max()) + 1)
        np.add.at(self._counts, (place, own["state"].to_numpy()), 1)
        self._accepting |= set(own.loc[own["state"] == STATES.index(ThreadState.ACCEPT), "pid"].tolist())
        by_thread = own.assign(place=place, sleeps=own["state"] == STATES.index(ThreadState.SLEEP)).groupby(_THREAD)
        self._asleep.append(
            by_thread.agg(first=("place", "min"), last=("place", "max"), always=("sleeps", "all")).reset_index()
        )

    def use(self) -> ThreadUse:
        growth = self._growth()
        seconds = self._window[1] - self._window[0]
        known = growth[growth["waited"].notna()]
        sums = known.groupby("pid")["waited"].sum()
        waited = dict(zip(map(int, sums.index.tolist()), (sums / seconds).tolist(), strict=True))
        counted = self._counts.sum(axis=1) > 0  # in the rounds of another role, no thread of the server was sampled
        if not counted.any():
            return ThreadUse(waited=waited)
        proceeding = self._counts[:, [STATES.index(state) for state in PROCEEDING]].sum(axis=1)
        of_server = growth[growth["server"]]
        return ThreadUse(
            states=dict(zip(STATES, self._counts[counted].mean(axis=0).tolist(), strict=True)),
            proceeding=np.maximum(proceeding - self._housekeeping(of_server), 0.0)[counted].tolist(),
            busiest=float(of_server["cpu"].max()) / seconds if of_server["cpu"].notna().any() else None,
            waited=waited,
            accepting=frozenset(self._accepting),
            pids=frozenset(of_server["pid"].tolist()),
        )

    def _growth(self) -> pd.DataFrame:
        """CPU seconds and waiting of each thread between the exact ends of the window."""
        kept = pd.concat(self._kept) if self._kept else pd.DataFrame(columns=["pid", "tid", "server", "time"])
        kept = kept.drop_duplicates([*_THREAD, "time"]).sort_values([*_THREAD, "time"])
        rows = [
            (pid, tid, bool(own["server"].iloc[0]), self._between(own, "cpu_s"), self._between(own, "waited_s"))
            for (pid, tid), own in kept.groupby(_THREAD)
        ]
        return pd.DataFrame(rows, columns=["pid", "tid", "server", "cpu", "waited"])

    def _between(self, own: pd.DataFrame, counter: str) -> float:
        known = own[own[counter].notna()]
        if known.empty:
            return math.nan
        at_ends = np.interp(self._window, known["time"].to_numpy(np.float64), known[counter].to_numpy(np.float64))
        return max(0.0, float(at_ends[1] - at_ends[0]))

    def _housekeeping(self, growth: pd.DataFrame) -> Floats:
        """Per round, the threads that were asleep in all samples and used next to no CPU."""
        seconds = self._window[1] - self._window[0]
        cpu = {(pid, tid): used / seconds for pid, tid, used in growth[["pid", "tid", "cpu"]].itertuples(index=False)}
        asleep = pd.concat(self._asleep).groupby(_THREAD).agg({"first": "min", "last": "max", "always": "all"})
        number = np.zeros(len(self._counts) + 1)
        for (pid, tid), first, last in asleep.loc[asleep["always"], ["first", "last"]].itertuples(name=None):
            if cpu.get((pid, tid), math.nan) < HOUSEKEEPING_CPU:
                number[first] += 1
                number[last + 1] -= 1
        return np.asarray(np.cumsum(number)[:-1])
