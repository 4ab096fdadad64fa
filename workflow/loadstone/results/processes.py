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

These columns are null where the system does not show them, and absent from files of earlier versions:

    written_bytes    bytes sent to storage since its start; null for the host
    iowait_s         host only: CPU seconds without work while a disk was awaited, since boot
    io_stalled_s     host only: seconds in which some process waited for a disk (pressure "some"), since boot
    cpu_stalled_s    host only: seconds in which some process waited for a CPU (pressure "some"), since boot
    listen_overflows host only: connections that found a full accept queue, since boot
    syn_retransmits  host only: repeated requests for a connection, since boot
    throttled_s      host only: seconds in which the control group's CPU quota stopped this run's processes
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
        ("written_bytes", pa.int64()),
        ("iowait_s", pa.float64()),
        ("io_stalled_s", pa.float64()),
        ("cpu_stalled_s", pa.float64()),
        ("listen_overflows", pa.int64()),
        ("syn_retransmits", pa.int64()),
        ("throttled_s", pa.float64()),
    ]
)
