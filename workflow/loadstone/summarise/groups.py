"""Measure the groups of signals: what requests, threads, connections and the machine show of a window."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from loadstone.results.run_record import RunRecord
from loadstone.summarise.patterns import Patterns, read_patterns
from loadstone.summarise.signals import measure_other_cpus
from loadstone.summarise.sockets import SocketUse, read_sockets
from loadstone.summarise.system import OtherLoad, busiest_pid, busy_pids, measure_processes, measure_system
from loadstone.summarise.threads import ThreadUse, read_threads
from loadstone.summarise.user_cycle import Cycle


@dataclass(frozen=True, slots=True)
class RunFiles:
    """The files of a run. Runs of earlier versions have no samples of threads and sockets."""

    requests: Path
    processes: Path
    threads: Path | None = None
    sockets: Path | None = None

    @classmethod
    def in_folder(cls, folder: Path) -> "RunFiles":
        """Name the files in a run's folder, as far as it has them."""
        threads, sockets = (folder / f"{name}.parquet" for name in ("threads", "sockets"))
        return cls(
            folder / "requests.parquet",
            folder / "processes.parquet",
            threads if threads.exists() else None,
            sockets if sockets.exists() else None,
        )


@dataclass(frozen=True, slots=True)
class Observed:
    """What a run's files show of one window."""

    window: tuple[float, float]
    patterns: Patterns
    threads: ThreadUse | None
    sockets: SocketUse | None

    def signals(
        self,
        record: RunRecord,
        samples: pd.DataFrame,
        processes: pd.DataFrame,
        cycle: Cycle,
        users: int | None,
    ) -> dict[str, Any]:
        """Return the signals of all groups, by name; those that were not measured are None or absent.

        `samples` are those of `processes.parquet`, `processes` is the window's table of them. `users` is the number of
        users that ran all the time; None if it changed.
        """
        constant = users is not None
        load, server = record.run.load, record.run.server
        patterns = self.patterns.signals(load, users, known=cycle.is_known)
        found: dict[str, Any] = {
            **measure_system(samples, self.window, record.cores, record.phases),
            **patterns,
            **self._others(samples, constant=constant, sampled=measure_other_cpus(record, processes) is not None),
        }
        if self.sockets is not None:
            accepting = self.threads.accepting if self.threads else frozenset()
            found |= self.sockets.signals(accepting, server.workers)
        return found | measure_processes(processes) | self._of_threads(processes)

    def _of_threads(self, processes: pd.DataFrame) -> dict[str, Any]:
        if self.threads is None:
            return {}
        server, generator = (busiest_pid(processes, role) for role in ("server-", "load-worker"))
        return self.threads.signals(busy_pids(processes)) | {
            "busiest_waited": None if server is None else self.threads.waited.get(server),
            "generator_waited": None if generator is None else self.threads.waited.get(generator),
        }

    def _others(self, samples: pd.DataFrame, *, constant: bool, sampled: bool) -> dict[str, Any]:
        """Return what other processes used at most, and where throughput was lower, if all of the run was sampled."""
        if not sampled:
            return {}
        others = OtherLoad(samples)
        levels = self.patterns.levels if constant else None
        more = None if levels is None else others.surplus(self.window, levels)
        return {"other_cpus_peak": others.peak(self.window), "dent_other_cpus": more}


def observe(files: RunFiles, windows: Sequence[tuple[float, float]], latency: pd.DataFrame) -> list[Observed]:
    """Read a run's requests, threads and sockets, each once, for all windows (unix seconds).

    `latency` is the run's table of that name. Raises `DamagedError` if a file is damaged.
    """
    patterns = read_patterns(files.requests, windows, latency)
    threads = [None] * len(windows) if files.threads is None else read_threads(files.threads, windows)
    sockets = [None] * len(windows) if files.sockets is None else read_sockets(files.sockets, windows)
    return [Observed(*each) for each in zip(windows, patterns, threads, sockets, strict=True)]
