"""The cases of the trial. Each has parameters to choose rules on, and others to judge them on.

What is half right is true and names the right party, but less precisely than Linux shows it. This module is longer than
others: it is a table.
"""

from benchmarks.trials.case import (
    Setup,
    asking,
    calibrated,
    calibrating,
    case,
    closed,
    event_loop,
    in_gunicorn,
    on_link,
    open_load,
    quick,
    threads,
)
from loadstone.suite.verdict import Verdict

V = Verdict
SLOTS_OR_BEHIND = (V.SERVER_OR_BEHIND, V.SERVER_CONCURRENCY)

CPU = (
    case(
        "cpu-one-thread", V.SERVER_CPU,
        chosen=Setup(server=threads("cpu", "--threads", 1, "--ms", 6), load=closed(20)),
        judged=Setup(server=event_loop("cpu", "--ms", 3), load=closed(45)),
    ),
    case(
        "cpu-interpreter-lock", V.SERVER_CPU,
        chosen=Setup(server=threads("cpu", "--threads", 4, "--ms", 8), load=closed(24)),
        judged=Setup(server=threads("cpu", "--ms", 5), load=closed(32)),
    ),
    case(
        "cpu-idle-sibling", V.SERVER_CPU, V.UNEVEN_CONNECTIONS,
        chosen=Setup(
            server=threads("cpu", "--threads", 1, "--ms", 5, "--processes", 2, "--late-s", 20), load=closed(20)
        ),
        judged=Setup(
            server=threads("cpu", "--threads", 2, "--ms", 9, "--processes", 3, "--late-s", 25), load=closed(30)
        ),
    ),
    case(
        "cpu-under-lock", V.SERVER_CPU, V.LOCK, half=(V.SERVER_OR_BEHIND, V.SERIAL_SECTION),
        chosen=Setup(server=threads("computing-lock", "--ms", 5), load=closed(30)),
        judged=Setup(server=threads("computing-lock", "--ms", 11, "--threads", 12), load=closed(16)),
    ),
)  # fmt: skip

LOCKS = (
    case(
        "lock", V.LOCK, V.SERIAL_SECTION, half=SLOTS_OR_BEHIND,
        chosen=Setup(server=threads("lock", "--ms", 10), load=closed(50), at_once=1),
        judged=Setup(server=threads("lock", "--ms", 17), load=closed(20), at_once=1),
    ),
    case(
        "lock-event-loop", V.LOCK, V.SERIAL_SECTION, half=(*SLOTS_OR_BEHIND, V.POOL),
        chosen=Setup(server=event_loop("pool", "--ms", 8), load=closed(30), at_once=1),
        judged=Setup(server=event_loop("pool", "--ms", 4), load=closed(56), at_once=1),
    ),
    case(
        "lock-in-gunicorn", V.LOCK, V.SERIAL_SECTION, half=SLOTS_OR_BEHIND,
        chosen=Setup(server=in_gunicorn("'lock', ms=6", 16), load=closed(30), at_once=1),
        judged=Setup(server=in_gunicorn("'lock', ms=14", 24), load=closed(22), at_once=1),
    ),
    case(
        "lock-of-calibration", V.LOCK, V.SERIAL_SECTION, half=(*SLOTS_OR_BEHIND, V.POOL),
        chosen=Setup(server=calibrated(12, "5ms", "8ms"), load=calibrating(20), at_once=1),
        judged=Setup(server=calibrated(20, "10ms", "20ms"), load=calibrating(32), at_once=1),
    ),
    case(
        "lock-open-load", V.LOCK, V.SERIAL_SECTION, half=SLOTS_OR_BEHIND,
        chosen=Setup(server=threads("lock", "--ms", 10), load=open_load(200, 100), at_once=1),
        judged=Setup(server=threads("lock", "--ms", 20), load=open_load(110, 60), at_once=1),
    ),
    case(
        "cpu-open-load", V.SERVER_CPU,
        chosen=Setup(server=threads("cpu", "--threads", 1, "--ms", 8), load=open_load(250, 80)),
        judged=Setup(server=threads("cpu", "--threads", 3, "--ms", 12), load=open_load(150, 60, "constant")),
    ),
)  # fmt: skip

POOLS = (
    case(
        "pool-semaphore", V.POOL, half=SLOTS_OR_BEHIND,
        chosen=Setup(server=threads("semaphore", "--at-once", 2, "--ms", 20), load=closed(16), at_once=2),
        judged=Setup(server=threads("semaphore", "--at-once", 5, "--ms", 35), load=closed(32), at_once=5),
    ),
    case(
        "pool-of-connections", V.POOL, half=SLOTS_OR_BEHIND,
        chosen=Setup(server=threads("connections", "--at-once", 3, "--ms", 15), load=closed(24), at_once=3),
        judged=Setup(server=threads("connections", "--at-once", 8, "--ms", 60), load=closed(40), at_once=8),
    ),
    case(
        "pool-event-loop", V.POOL, half=SLOTS_OR_BEHIND,
        chosen=Setup(server=event_loop("pool", "--at-once", 4, "--ms", 20), load=closed(30), at_once=4),
        judged=Setup(server=event_loop("pool", "--at-once", 7, "--ms", 50), load=closed(40), at_once=7),
    ),
    case(
        "slots-in-gunicorn", V.SERVER_CONCURRENCY, half=(V.POOL, V.SERVER_OR_BEHIND),
        chosen=Setup(server=calibrated(3, "30ms"), load=calibrating(20), at_once=3),
        judged=Setup(server=calibrated(6, "50ms"), load=calibrating(36), at_once=6),
    ),
    case(
        "slots-unknown", V.SERVER_CONCURRENCY, V.POOL, half=(V.SERVER_OR_BEHIND,),
        chosen=Setup(server=threads("asleep", "--threads", 4, "--ms", 20), load=closed(24), at_once=4),
        judged=Setup(server=threads("asleep", "--threads", 7, "--ms", 45), load=closed(28), at_once=7),
    ),
)  # fmt: skip

BEHIND_THE_SERVER = (
    case(
        "downstream-few-users", V.DOWNSTREAM, V.TOO_FEW_USERS, half=(V.SERVER_OR_BEHIND,),
        chosen=asking(threads, 4, ms=50, at_once=99),
        judged=asking(threads, 7, ms=120, at_once=99),
    ),
    case(
        "downstream-full", V.DOWNSTREAM, half=(V.SERVER_OR_BEHIND, V.POOL),
        chosen=asking(threads, 30, ms=15, at_once=2),
        judged=asking(threads, 24, ms=40, at_once=4),
    ),
    case(
        "downstream-event-loop", V.DOWNSTREAM, half=(V.SERVER_OR_BEHIND, V.POOL),
        chosen=asking(event_loop, 20, ms=12, at_once=1),
        judged=asking(event_loop, 36, ms=30, at_once=3),
    ),
    case(
        "disk", V.DISK, half=(V.SERVER_OR_BEHIND,),
        chosen=Setup(server=threads("disk", "--kib", 8192, "--folder", "{folder}"), load=closed(24)),
        judged=Setup(server=threads("disk", "--kib", 4096, "--folder", "{folder}", "--threads", 20), load=closed(32)),
    ),
)  # fmt: skip

LIMITERS = (
    case(
        "limiter-refusing", V.RATE_LIMITER, half=(V.ERRORS,),
        chosen=Setup(server=threads("bucket", "--per-s", 100, "--ms", 2), load=closed(30, 0.1)),
        judged=Setup(server=threads("window", "--per-s", 60, "--ms", 4), load=closed(24, 0.15)),
    ),
    case(
        "limiter-delaying", V.RATE_LIMITER, half=(V.SERVER_OR_BEHIND,),
        chosen=Setup(server=threads("turns", "--per-s", 100), load=closed(20)),
        judged=Setup(server=threads("turns", "--per-s", 45), load=closed(32)),
    ),
    case(
        "limiter-event-loop", V.RATE_LIMITER, half=(V.SERVER_OR_BEHIND,),
        chosen=Setup(server=event_loop("turns", "--per-s", 140), load=closed(24)),
        judged=Setup(server=event_loop("turns", "--per-s", 70), load=closed(40)),
    ),
)  # fmt: skip

CONNECTIONS = (
    case(
        "one-user-served", V.ACCEPT_QUEUE, V.UNEVEN_CONNECTIONS, half=(V.SERVER_CONCURRENCY, V.POOL),
        chosen=Setup(server=threads("asleep", "--threads", 1, "--keep", "--ms", 5), load=closed(50)),
        judged=Setup(server=threads("asleep", "--threads", 3, "--keep", "--ms", 9), load=closed(24)),
    ),
    case(
        "slow-path", V.UNEVEN_CONNECTIONS, half=(V.TOO_FEW_USERS,),
        chosen=Setup(
            server=threads("asleep", "--ms", 100, "--slow", 1, "--of", 10, "--factor", 5), load=closed(50)
        ),
        judged=Setup(server=threads("asleep", "--ms", 70, "--slow", 1, "--of", 6, "--factor", 8), load=closed(24)),
    ),
    case(
        "short-backlog", V.ACCEPT_QUEUE, half=(V.SERVER_OR_BEHIND,),
        chosen=Setup(
            server=threads("asleep", "--close", "--backlog", 2, "--accept-ms", 10, "--ms", 1), load=closed(30)
        ),
        judged=Setup(
            server=threads("asleep", "--close", "--backlog", 4, "--accept-ms", 6, "--ms", 3), load=closed(60)
        ),
    ),
    case(
        "slow-accept", V.ACCEPT_QUEUE, half=(V.SERVER_OR_BEHIND, V.SERIAL_SECTION),
        chosen=Setup(server=threads("asleep", "--close", "--accept-ms", 15, "--ms", 2), load=closed(20)),
        judged=Setup(server=threads("asleep", "--close", "--accept-ms", 30, "--ms", 5), load=closed(40)),
    ),
    case(
        "link", V.NETWORK,
        chosen=Setup(server=on_link("asleep", 4_000_000, "--bytes", 200_000, "--ms", 1), load=closed(16)),
        judged=Setup(server=on_link("asleep", 10_000_000, "--bytes", 300_000, "--ms", 2), load=closed(22)),
    ),
)  # fmt: skip

RHYTHMS = (
    case(
        "pauses", V.PAUSES, half=(V.TOO_FEW_USERS,),
        chosen=Setup(
            server=threads("pauses", "--ms", 20, "--pause-ms", 300, "--period-s", 2), load=closed(8)
        ),
        judged=Setup(
            server=threads("pauses", "--ms", 35, "--pause-ms", 450, "--period-s", 1.3), load=closed(14)
        ),
    ),
    case(
        "pauses-from-outside", V.PAUSES, half=(V.TOO_FEW_USERS,),
        chosen=Setup(
            server=threads("asleep", "--ms", 15, "--stopped", "--pause-ms", 250, "--period-s", 1), load=closed(6)
        ),
        judged=Setup(
            server=threads("asleep", "--ms", 40, "--stopped", "--pause-ms", 600, "--period-s", 2.2), load=closed(16)
        ),
    ),
    case(
        "pauses-open-load", V.PAUSES, V.ARRIVAL_RATE,
        chosen=Setup(
            server=threads("pauses", "--ms", 20, "--pause-ms", 300, "--period-s", 2), load=open_load(80, 60)
        ),
        judged=Setup(
            server=threads("pauses", "--ms", 12, "--pause-ms", 420, "--period-s", 1.6), load=open_load(70, 70)
        ),
    ),
    case(
        "leak", V.INVALID, half=(V.UNDETERMINED, V.TOO_FEW_USERS, V.SERVER_OR_BEHIND),
        chosen=Setup(server=threads("leak", "--ms", 20, "--growth-us", 20), load=closed(10)),
        judged=Setup(server=threads("leak", "--ms", 40, "--growth-us", 60), load=closed(16)),
    ),
    case(
        "errors", V.ERRORS,
        chosen=Setup(server=threads("errors", "--ms", 20, "--share", 0.05), load=closed(6)),
        judged=Setup(server=threads("errors", "--ms", 30, "--share", 0.08), load=closed(20, [0.05, 0.15])),
    ),
)  # fmt: skip

NOT_THE_SERVER = (
    case(
        "asleep-few-users", V.TOO_FEW_USERS, half=(V.SERVER_OR_BEHIND,),
        chosen=Setup(server=threads("asleep", "--ms", 30), load=closed(3)),
        judged=Setup(server=event_loop("asleep", "--ms", 80), load=closed(8)),
    ),
    case(
        "think-time", V.THINK_TIME,
        chosen=Setup(server=quick(), load=closed(40, 0.5)),
        judged=Setup(server=threads("asleep", "--ms", 5), load=closed(30, {"exponential": 0.3})),
    ),
    case(
        "arrival-rate", V.ARRIVAL_RATE,
        chosen=Setup(server=quick(), load=open_load(60, 50)),
        judged=Setup(server=threads("asleep", "--ms", 8), load=open_load(140, 80, "constant")),
    ),
    case(
        "generator", V.GENERATOR,
        chosen=Setup(server=quick(), load=closed(32)),
        judged=Setup(server=quick(), load=closed(48, user="FastHttpUser")),
    ),
    case(
        "whole-machine", V.SHARED_HOST,
        chosen=Setup(
            server=threads("cpu", "--threads", 1, "--ms", 0.4, "--processes", 2), load=closed(40, user="FastHttpUser")
        ),
        judged=Setup(
            server=threads("cpu", "--threads", 1, "--ms", 0.9, "--processes", 3), load=closed(60)
        ),
    ),
)  # fmt: skip

CASES = (*CPU, *LOCKS, *POOLS, *BEHIND_THE_SERVER, *LIMITERS, *CONNECTIONS, *RHYTHMS, *NOT_THE_SERVER)
