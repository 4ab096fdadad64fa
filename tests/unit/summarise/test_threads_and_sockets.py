"""The signals that samples of threads, connections, processes and the machine show."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from loadstone.errors import DamagedError
from loadstone.results.processes import SAMPLE_SCHEMA
from loadstone.results.signals import Signals
from loadstone.results.sockets import SOCKET_SCHEMA
from loadstone.results.threads import ThreadState
from loadstone.summarise.stage import summarise_folder
from loadstone.summarise.threads import estimate_mean
from tests.support.observed import BEGIN_S, END_S, SERVER, T0, requests_of, signals_of, write_files
from tests.support.synthetic import LOAD_PID, SERVER_PID, STEP_S, ThreadDoes, sockets, threads

BEGAN, ENDED = T0 - 2, T0 + END_S + 1
TIMES = np.arange(BEGAN, ENDED, STEP_S)
REQUESTS = requests_of(np.arange(0, END_S + 0.9, 0.01), 0.005, np.arange(3090) % 10)


def sampled(role: str, pid: int, cpu: Any, **columns: Any) -> pa.Table:
    """Sample a process, or the host, that uses so many CPUs from the beginning, or from moment to moment."""
    count = len(TIMES)
    usual = {"rss_bytes": 2**20, "threads": 1, "voluntary": 0}
    values = {
        "time": TIMES,
        "role": [role] * count,
        "pid": np.full(count, pid),
        "cpu_s": np.cumsum(np.broadcast_to(cpu, count)) * STEP_S,
        **{name: np.full(count, value) for name, value in usual.items()},
        **{name: np.broadcast_to(value, count) for name, value in columns.items()},
    }
    arrays = [
        pa.array(values[f.name]).cast(f.type) if f.name in values else pa.nulls(count, f.type) for f in SAMPLE_SCHEMA
    ]
    return pa.Table.from_arrays(arrays, schema=SAMPLE_SCHEMA)


def processes(*more: pa.Table, host: Any = 1.6, **of_host: Any) -> pa.Table:
    """Sample the host and the load generator, and what else is given."""
    own = [sampled("load-master", 1003, 0.02), sampled("load-worker", LOAD_PID, 0.1)]
    tables = [sampled("host", 0, host, steal_s=0.0, **of_host), *own, *more]
    return pa.concat_tables(tables).unify_dictionaries().sort_by("time")


def of_threads(tmp_path: Path, does: Sequence[ThreadDoes], **further: Any) -> Signals:
    table = threads(BEGAN, ENDED, {("server-worker", SERVER_PID): does})
    return signals_of(tmp_path, REQUESTS, threads=table, **further)


def test_busiest_process_is_not_their_mean(tmp_path: Path) -> None:
    table = processes(
        sampled("server-master", 1001, 0.001),
        sampled("server-worker", 1002, 0.98),
        sampled("server-worker", 1005, 0.02),
    )
    found = signals_of(tmp_path, REQUESTS, processes=table)
    assert found.server_processes == 2
    assert found.busiest_process == pytest.approx(0.98)
    assert found.cores == 2


def test_waiting_for_a_cpu_is_that_of_the_busiest_process(tmp_path: Path) -> None:
    does = {
        ("server-worker", SERVER_PID): [ThreadDoes(("running",), 0.5, 0.3), ThreadDoes(("running", "lock"), 0.25, 0.2)],
        ("load-worker", LOAD_PID): [ThreadDoes(("events",), 0.1, 0.05)],
    }
    table = threads(BEGAN, ENDED, does)
    found = signals_of(
        tmp_path, REQUESTS, threads=table, processes=processes(sampled("server-worker", SERVER_PID, 0.75))
    )
    assert found.busiest_thread == pytest.approx(0.5)
    assert found.busiest_waited == pytest.approx(0.5)
    assert found.generator_waited == pytest.approx(0.05)


def test_kernel_that_does_not_show_waiting_leaves_it_unknown(tmp_path: Path) -> None:
    found = of_threads(tmp_path, [ThreadDoes(("running",), 0.5, None)])
    assert (found.busiest_waited, found.generator_waited) == (None, None)
    assert "generator_waited" in found.missing


def test_of_sixteen_threads_two_proceed(tmp_path: Path) -> None:
    """Two sleep as they serve requests, and one only looks after something every second."""
    busy = [ThreadDoes(("sleep",), 0.02), ThreadDoes(("sleep", "running", "sleep", "sleep"), 0.02)]
    found = of_threads(tmp_path, [*busy, *[ThreadDoes(("lock",), 0.02)] * 14, ThreadDoes(("sleep",), 0.0001)])
    assert found.thread_states is not None
    assert found.thread_states[ThreadState.LOCK] == 14
    assert found.thread_states[ThreadState.SLEEP] == pytest.approx(2.75, abs=0.02)
    assert found.thread_states[ThreadState.DISK] == 0
    assert found.proceeding == 2
    assert 1.9 < (found.proceeding_low or 0) < 2 < (found.proceeding_high or 0) < 2.1


def test_threads_that_come_and_go_count_while_they_live(tmp_path: Path) -> None:
    half = T0 + (BEGIN_S + END_S) / 2
    lives = threads(BEGAN, ENDED, {("server-worker", SERVER_PID): [ThreadDoes(("running",), 0.5)]})
    ends = threads(BEGAN, half, {("server-worker", 1005): [ThreadDoes(("downstream",), 0.01)] * 4})
    table = pa.concat_tables([lives, ends]).unify_dictionaries().sort_by("time")
    found = signals_of(tmp_path, REQUESTS, threads=table)
    assert found.thread_states is not None
    assert found.thread_states[ThreadState.DOWNSTREAM] == pytest.approx(2, abs=0.1)
    assert found.proceeding == pytest.approx(3, abs=0.1)


def test_threads_of_the_load_generator_alone_are_no_signals_of_the_server(tmp_path: Path) -> None:
    table = threads(BEGAN, ENDED, {("load-worker", LOAD_PID): [ThreadDoes(("events",), 0.1, 0.05)]})
    found = signals_of(tmp_path, REQUESTS, threads=table, sockets=sockets(BEGAN, ENDED, {}).slice(0, 0))
    assert (found.thread_states, found.proceeding, found.busiest_thread) == (None, None, None)
    assert found.generator_waited == pytest.approx(0.05)
    assert (found.connections, found.not_accepted) == (None, None)
    assert {"thread_states", "not_accepted", "unread"} <= set(found.missing)


def test_run_of_an_earlier_version_lacks_threads_and_sockets_and_new_columns(tmp_path: Path) -> None:
    table = processes(sampled("server-worker", SERVER_PID, 0.5))
    old = table.select(SAMPLE_SCHEMA.names[:9])
    found = signals_of(tmp_path, REQUESTS, processes=old)
    assert {"thread_states", "not_accepted", "unread", "iowait", "listen_overflows"} <= set(found.missing)
    assert (found.io_stalled, found.written_bytes_per_s, found.throttled) == (None, None, None)
    assert found.busiest_process == pytest.approx(0.5)


def test_threads_are_unknown_if_a_busy_process_was_left_out(tmp_path: Path) -> None:
    """It had more threads than a sample may have."""
    table = processes(sampled("server-worker", SERVER_PID, 0.5), sampled("server-worker", 1005, 0.5))
    found = of_threads(tmp_path, [ThreadDoes(("running",), 0.5)], processes=table)
    assert (found.thread_states, found.proceeding, found.busiest_thread) == (None, None, None)


def test_connections_of_an_unknown_process_are_no_share(tmp_path: Path) -> None:
    table = sockets(BEGAN, ENDED, {SERVER_PID: {"connections": 3}, 2**31 - 1: {"connections": 9}})
    found = signals_of(tmp_path, REQUESTS, sockets=table, server=SERVER | {"workers": 2})
    assert (found.connections, found.fullest_share) == (12, None)


def test_counts_that_the_kernel_does_not_show_are_unknown(tmp_path: Path) -> None:
    table = sockets(BEGAN, ENDED, {SERVER_PID: {"connections": 3, "inside": 2}}).to_pandas()
    table["unsent"] = None
    table.loc[: len(table) // 2, "inside"] = None
    with_gaps = pa.Table.from_pandas(table, schema=SOCKET_SCHEMA, preserve_index=False)
    found = signals_of(tmp_path, REQUESTS, sockets=with_gaps)
    assert (found.connections, found.inside, found.unsent) == (3, 2, None)


@pytest.mark.slow
def test_interval_of_proceeding_threads_holds_the_truth() -> None:
    """Samples follow each other with a correlation of a half."""
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(500):
        state, values = 0, []
        for _ in range(80):
            state = rng.binomial(4, 0.5) if rng.uniform() < 0.5 else state
            values.append(float(state))
        _, low, high = estimate_mean(np.array(values)[20:])
        held += low is not None and high is not None and low <= 2 <= high
    assert held >= 450


def test_few_samples_have_no_interval() -> None:
    assert estimate_mean(np.full(19, 2.0)) == (2, None, None)


def test_connections_of_two_processes_are_all_at_one(tmp_path: Path) -> None:
    table = sockets(
        BEGAN, ENDED,
        {
            0: {"connections": 7, "unread": 5, "backlog": 128},
            SERVER_PID: {
                "connections": 30, "unread": 20, "inside": 4, "unsent": 1, "downstream": 4, "downstream_waiting": 3,
            },
            1005: {"downstream": 1},
        },
    )  # fmt: skip
    two = signals_of(tmp_path / "two", REQUESTS, sockets=table, server=SERVER | {"workers": 2})
    assert (two.connections, two.not_accepted, two.unread, two.inside, two.unsent) == (30, 7, 20, 4, 1)
    assert (two.downstream_connections, two.downstream_waiting, two.fullest_share) == (5, 3, 1)
    assert signals_of(tmp_path / "one", REQUESTS, sockets=table).fullest_share is None, "perhaps only one accepts"
    accepts = threads(BEGAN, ENDED, {("server-worker", pid): [ThreadDoes(("accept",))] for pid in (SERVER_PID, 1005)})
    assert signals_of(tmp_path / "seen", REQUESTS, sockets=table, threads=accepts).fullest_share == 1


def test_machine(tmp_path: Path) -> None:
    since = TIMES - BEGAN
    table = processes(
        sampled("server-worker", SERVER_PID, 0.5, written_bytes=(since * 2e6).astype(int)),
        iowait_s=since * 0.8, io_stalled_s=since * 0.9, cpu_stalled_s=since * 0.2, throttled_s=since * 1.5,
        listen_overflows=(since * 8).astype(int), syn_retransmits=(np.maximum(since - 8, 0) * 10).astype(int),
    )  # fmt: skip
    found = signals_of(tmp_path, REQUESTS, processes=table)
    assert found.iowait == pytest.approx(0.4), "of two CPUs"
    assert (found.io_stalled, found.cpu_stalled, found.throttled) == (pytest.approx(0.9), pytest.approx(0.2), 1)
    assert found.written_bytes_per_s == pytest.approx(2e6)
    assert found.listen_overflows == pytest.approx(0, abs=0.5), "before any user ran, they were as many"
    assert found.syn_retransmits == pytest.approx(10, abs=0.5)


def test_what_others_used_at_most_and_in_a_dent(tmp_path: Path) -> None:
    others = np.where((TIMES > T0 + 17) & (TIMES < T0 + 22), 1.0, 0.0)
    table = processes(sampled("server-worker", SERVER_PID, 0.5), host=0.62 + others)
    rng = np.random.default_rng(5)
    times = rng.uniform(0, END_S + 0.9, 12000)
    kept = ~((times > 17) & (times < 22)) | (rng.uniform(size=len(times)) < 0.5)
    found = signals_of(tmp_path, requests_of(times[kept], 0.001, np.arange(kept.sum()) % 10), processes=table)
    assert found.other_cpus == pytest.approx(0.25, abs=0.03)
    assert found.other_cpus_peak == pytest.approx(1, abs=0.02)
    assert found.dent == pytest.approx(0.5, abs=0.06)
    assert found.dent_other_cpus == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(
    ("server", "machine", "expected"),
    [
        ({**SERVER, "link": "20MB/s"}, None, 20e6),
        ({"kind": "external", "url": "http://10.1.2.3:80", "allow_remote": True}, 125e6, 125e6),
        ({"kind": "external", "url": "http://10.1.2.3:80", "allow_remote": True, "link": "100mbit"}, 125e6, 12.5e6),
        ({"kind": "external", "url": "http://127.0.0.1:80"}, 125e6, None),
        (SERVER, 125e6, None),
    ],
)
def test_link_is_that_of_the_suite_or_of_the_interface(
    tmp_path: Path, server: dict[str, Any], machine: float | None, expected: float | None
) -> None:
    record = write_files(tmp_path, REQUESTS, server=server)
    described = record.machine.model_copy(update={"link_bytes_per_s": machine})
    signals = summarise_folder(record.model_copy(update={"machine": described}), tmp_path).values["signals"]
    assert isinstance(signals, Signals)
    assert signals.link_bytes_per_s == expected


@pytest.mark.parametrize(("name", "column"), [("threads", "state"), ("sockets", "unread")])
def test_damaged_samples_are_named(tmp_path: Path, name: str, column: str) -> None:
    record = write_files(
        tmp_path, REQUESTS,
        threads=threads(BEGAN, ENDED, {("server-worker", SERVER_PID): [ThreadDoes(("running",))]}),
        sockets=sockets(BEGAN, ENDED, {SERVER_PID: {"connections": 1}}),
    )  # fmt: skip
    path = tmp_path / f"{name}.parquet"
    pq.write_table(pq.read_table(path).drop_columns(column), path)
    with pytest.raises(DamagedError, match=rf"{name}\.parquet: damaged, .*: no column {column}"):
        summarise_folder(record, tmp_path)
    path.write_bytes(b"PAR1")
    with pytest.raises(DamagedError, match=rf"{name}\.parquet: damaged"):
        summarise_folder(record, tmp_path)
