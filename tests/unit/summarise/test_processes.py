"""CPU time and context switches in the window, compared with figures computed by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from loadstone.errors import ResultError
from loadstone.summarise.processes import summarise_processes
from tests.support.records import make_record


def samples(role: str, pid: int, times: np.ndarray, cpu: np.ndarray, **columns: object) -> pd.DataFrame:
    base = {"rss_bytes": 2**20, "threads": 4, "voluntary": 0, "involuntary": 0, "steal_s": None}
    return pd.DataFrame({"time": times, "role": role, "pid": pid, "cpu_s": cpu} | base | columns)


def test_by_hand(tmp_path: Path) -> None:
    times = np.arange(0, 30, 0.25)
    busy_in_window = np.clip(times - 10, 0, 10) * 0.5  # half a CPU from 10 to 20, none outside
    host = samples("host", 0, times, times * 1.5, steal_s=times * 0.1, threads=3, voluntary=times * 100)
    worker = samples(
        "server-worker", 7, times, busy_in_window, voluntary=times * 8, rss_bytes=(times * 2**20).astype(int)
    )
    late = samples("server-worker", 8, times[times >= 15], (times[times >= 15] - 15) * 0.2)
    path = tmp_path / "processes.parquet"
    pd.concat([host, worker, late]).to_parquet(path)

    record = make_record(load_started=0.0, window=(10.1, 19.9))
    table = summarise_processes(path, record.window).set_index("pid")
    assert table.loc[7, "cpu"] == pytest.approx(0.5)
    assert table.loc[7, "voluntary_per_s"] == pytest.approx(8)
    assert table.loc[7, "rss_max_mib"] == pytest.approx(19.75)
    assert table.loc[8, "cpu"] == pytest.approx(0.1), "over the whole window, of which it lived one half"
    assert table.loc[0, "cpu"] == pytest.approx(1.5)
    assert table.loc[0, "steal"] == pytest.approx(0.1)
    assert table.loc[0, "run_queue"] == 3
    assert pd.isna(table.loc[7, "steal"])


def test_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "processes.parquet"
    path.write_bytes(b"nothing")
    with pytest.raises(ResultError, match=r"processes\.parquet: damaged"):
        summarise_processes(path, (1.0, 2.0))
