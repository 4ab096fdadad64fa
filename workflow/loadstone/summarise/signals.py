"""Gather the signals of one run, the measurements that its verdict needs: the content of `signals.json`."""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import pandas as pd
from pydantic import ValidationError

from loadstone.errors import ResultError
from loadstone.results.run_record import RunRecord
from loadstone.results.signals import MAX_UNKNOWN_SHARE, Signals
from loadstone.results.tables import MAX_LATE_SHARE
from loadstone.suite.hypotheses import ALL
from loadstone.suite.load_settings import Load
from loadstone.suite.settings import GunicornServer, Server
from loadstone.suite.urls import is_loopback
from loadstone.summarise.starts import Starts, wanted_rate
from loadstone.summarise.user_cycle import Cycle
from loadstone.summarise.users import Stretch, mean_users, range_of_users

NO_GROUPS: Mapping[str, Any] = MappingProxyType({})


def gather_signals(
    record: RunRecord,
    cycle: Cycle,
    endpoints: pd.DataFrame,
    processes: pd.DataFrame,
    settled: bool | None,
    running: Sequence[Stretch] = (),
    starts: Starts | None = None,
    groups: Mapping[str, Any] = NO_GROUPS,
) -> Signals:
    """Gather the signals of one run; `running` holds the users over the window, if they were counted.

    `groups` holds the signals of `loadstone.results.signal_groups` by name. Without `starts`, all requests of a load
    with a schedule count as having had an intended start.

    Signals that were not measured are None, and the verdict names them as missing. Raises `ResultError` if a figure is
    impossible.
    """
    try:
        return _gather(record, cycle, endpoints, processes, settled, running, starts, groups)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise ResultError(f"{record.run.label}: damaged: {key}: {first['msg']}") from None


def _gather(
    record: RunRecord,
    cycle: Cycle,
    endpoints: pd.DataFrame,
    processes: pd.DataFrame,
    settled: bool | None,
    running: Sequence[Stretch],
    starts: Starts | None,
    groups: Mapping[str, Any],
) -> Signals:
    together = endpoints[endpoints["endpoint"] == ALL].iloc[0]
    server = record.run.server
    cpu = {str(role): group["cpu"].dropna().tolist() for role, group in processes.groupby("role")}
    host = processes[processes["role"] == "host"]
    cores = record.cores
    wanted = record.run.load.users
    running = running or [Stretch(*record.window, wanted)]
    users, ran = mean_users(running), range_of_users(running)
    fewest, most = (None, None) if ran == (wanted, wanted) else ran
    return Signals(
        users=users or float(wanted),  # if none ran, no request was sent, and the figures contradict each other
        throughput=cycle.throughput,
        response_s=_or_zero(cycle.response_s),
        think_s=_think_s(record, cycle, constant=fewest is None),
        think_spread=cycle.think_spread if cycle.is_known else None,
        failures=float(together["failures"]),
        requests=float(together["requests"]),
        server_workers=server.workers,
        server_threads=None
        if isinstance(server, GunicornServer) and server.worker_class == "gevent"
        else server.threads,
        server_cores=float(cores) if cores and server.workers is not None and _is_near(server) else None,
        cores=cores,
        server_cpu=sum(cpu["server-worker"]) if cpu.get("server-worker") else None,
        server_seconds=_scaled(together["server_ms"], 1 / 1000),
        generator_cpu=cpu.get("load-worker") or None,
        arrival_rate=record.run.load.arrivals.rate if record.run.load.arrivals else None,
        behind_schedule=_behind(record.run.load, running, cycle, together, starts),
        scheduled=_scheduled(record.run.load, together, starts),
        host_busy=_share(host["cpu"], cores),
        host_steal=_share(host["steal"], cores),
        host_run_queue=_scaled(host["run_queue"].iloc[0], 1 / cores) if cores and len(host) else None,
        other_cpus=measure_other_cpus(record, processes),
        bytes_per_s=_scaled(together["bytes_mean"], together["goodput_rps"]),
        link_bytes_per_s=_link(record),
        steady=settled if fewest == most else None,
        overlapping=cycle.overlapping,
        unattributed=cycle.unattributed,
        fewest_users=fewest,
        most_users=most,
        **groups,
    )


def _think_s(record: RunRecord, cycle: Cycle, *, constant: bool) -> float | None:
    """Return the mean think time; None if it is unknown.

    If the number of users in an imported log changed, nothing shows whether the users came and went by a schedule, and
    then their pauses set no rate. If the log does not state users at all, the think time is what was stated beside it.
    """
    if record.imported is None:
        return _or_zero(cycle.think_s) if cycle.is_known else None
    if not constant:
        return None
    if cycle.is_known:
        return None if math.isnan(cycle.think_s) else float(cycle.think_s)
    stated = record.imported.think_time_stated and cycle.unattributed == 1
    return record.run.load.mean_think_time_s if stated else None


def _has_unbounded_slots(server: Server) -> bool:
    return isinstance(server, GunicornServer) and server.worker_class == "gevent"


def _is_near(server: Server) -> bool:
    """Whether the server certainly runs on this machine, whose CPUs are known."""
    return isinstance(server, GunicornServer) or is_loopback(server.host)


def _link(record: RunRecord) -> float | None:
    """Return the speed of the link to the server: what the suite states, or that of the interface that leads there.

    A server on this machine has no link, unless the suite states one, and nothing is known of a server whose load goes
    to another host.
    """
    server, load = record.run.server, record.run.load
    if server.link is not None:
        return server.link
    if _is_near(server) or load.host is not None or record.machine is None:
        return None
    return record.machine.link_bytes_per_s


def measure_other_cpus(record: RunRecord, processes: pd.DataFrame) -> float | None:
    """Return the CPUs that no process of the run used: busy CPUs of the machine, less those of server and generator.

    None if something of the run was not sampled: its CPU time would pass for that of others. A server elsewhere uses
    none of this machine's. A process without a figure was not there in the window if it has no memory there either.
    """
    is_host = processes["role"] == "host"
    own = processes[~is_host]
    own = own[own["cpu"].notna() | own["rss_max_mib"].notna()]
    parts = {str(role).partition("-")[0] for role in own["role"]}
    needed = {"load", "server"} if _is_near(record.run.server) else {"load"}
    cpus = float(processes.loc[is_host, "cpu"].sum(min_count=1) - own["cpu"].sum(skipna=False))
    return max(0.0, cpus) if needed <= parts and math.isfinite(cpus) else None


def _behind(
    load: Load, running: Sequence[Stretch], cycle: Cycle, together: pd.Series, starts: Starts | None
) -> bool | None:
    """Whether too many intended starts were kept late, or not at all.

    Those of requests whose user is unknown were not recorded, so that their number shows nothing.
    """
    if not load.scheduled:
        return None
    if starts is None:
        return bool(together["late"] > MAX_LATE_SHARE * together["requests"])
    if starts.late_share(together["late"]) > MAX_LATE_SHARE:
        return True
    seconds = sum(each.seconds for each in running)
    too_few = starts.are_too_few(seconds * wanted_rate(load, mean_users(running)))
    return None if too_few and cycle.unattributed > MAX_UNKNOWN_SHARE else too_few


def _scheduled(load: Load, together: pd.Series, starts: Starts | None) -> float | None:
    """Return the requests with an intended start; None if all had one, or none was to have one."""
    if starts is None or not load.scheduled or starts.kept == together["requests"]:
        return None
    return float(starts.kept)


def _or_zero(value: float) -> float:
    return 0.0 if math.isnan(value) else float(value)


def _scaled(value: float, factor: float) -> float | None:
    return None if math.isnan(value) else float(value * factor)


def _share(column: pd.Series, cores: int | None) -> float | None:
    values = column.dropna()
    return min(1.0, max(0.0, float(values.iloc[0]) / cores)) if cores and len(values) else None
