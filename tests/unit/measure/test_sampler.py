"""All samples of processes reach the file, and few are held in memory."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from loadstone.measure import sampler
from loadstone.measure.sampler import Sampler
from loadstone.results.processes import SAMPLE_SCHEMA
from loadstone.results.sockets import SOCKET_SCHEMA
from loadstone.results.threads import THREAD_SCHEMA

SCHEMAS = {"processes.parquet": SAMPLE_SCHEMA, "threads.parquet": THREAD_SCHEMA, "sockets.parquet": SOCKET_SCHEMA}


def test_samples_are_written_as_they_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampler, "ROWS_PER_GROUP", 10)
    path = tmp_path / "processes.parquet"
    samples_file = Sampler(tmp_path)
    with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as other:
        for _ in range(15):
            samples_file.sample([("load-master", os.getpid()), ("server-worker", other.pid)])
    samples_file.sample([("server-worker", other.pid)])
    assert set(samples_file.cpus_by_role()) <= {"host", "load-master", "server-worker"}
    samples_file.close()
    with pq.ParquetFile(path) as file:
        groups = [file.metadata.row_group(n).num_rows for n in range(file.metadata.num_row_groups)]
        assert file.schema_arrow.equals(SAMPLE_SCHEMA)
    assert groups == [12, 12, 12, 10], "four samples of three rows fill a group; the last sample has the host alone"
    samples = pd.read_parquet(path)
    assert samples.groupby("role", observed=True)["pid"].agg(["size", "nunique"]).to_dict("index") == {
        "host": {"size": 16, "nunique": 1},
        "load-master": {"size": 15, "nunique": 1},
        "server-worker": {"size": 15, "nunique": 1},
    }
    assert samples["time"].is_monotonic_increasing


def test_no_samples_make_an_empty_table(tmp_path: Path) -> None:
    Sampler(tmp_path).close()
    for name, schema in SCHEMAS.items():
        assert pq.read_table(tmp_path / name).schema.equals(schema)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems show other counters, or none")
def test_counters_of_the_host_and_of_processes(tmp_path: Path) -> None:
    samples_file = Sampler(tmp_path)
    (tmp_path / "written").write_bytes(bytes(1 << 20))
    samples_file.sample([("server-worker", os.getpid())])
    samples_file.close()
    host, process = pq.read_table(tmp_path / "processes.parquet").to_pylist()
    assert host["iowait_s"] >= 0
    assert process["written_bytes"] >= 0
    assert host["written_bytes"] is process["iowait_s"] is process["listen_overflows"] is None
