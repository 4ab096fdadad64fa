"""`processes.parquet`: samples of every process of a run, and of the host, as `measure` takes them.

It has one row per process and sample:

    time         s, unix
    role         server-master, server-worker, load-master, load-worker or host
    pid          process id; 0 for the host
    cpu_s        CPU seconds used since its start, user and system; for the host, busy seconds of all CPUs since boot
    rss_bytes    resident memory; for the host, memory in use
    threads      threads; for the host, the run queue: processes that are running or ready to run
    voluntary    voluntary context switches since its start; for the host, all context switches since boot
    involuntary  involuntary context switches since its start; null for the host
    steal_s      host only: CPU seconds that the hypervisor gave to other machines, since boot
"""

import pyarrow as pa

SAMPLE_SCHEMA = pa.schema(
    [
        ("time", pa.float64()),
        ("role", pa.dictionary(pa.int8(), pa.string())),
        ("pid", pa.int32()),
        ("cpu_s", pa.float64()),
        ("rss_bytes", pa.int64()),
        ("threads", pa.int32()),
        ("voluntary", pa.int64()),
        ("involuntary", pa.int64()),
        ("steal_s", pa.float64()),
    ]
)
