"""What was measured of one run, as far as a verdict needs it, and the utilisations that follow from it."""

import math

import pandas as pd
from pydantic import Field, ValidationError

from loadstone.analyse.requests import ALL
from loadstone.analyse.thinking import Cycle
from loadstone.conditions import GunicornServer
from loadstone.errors import ResultError
from loadstone.record import RunRecord
from loadstone.theory import operational
from loadstone.values import Model


class Signals(Model):
    """What was measured in the window; whatever is missing is None."""

    users: float = Field(gt=0)
    """N."""
    throughput: float = Field(ge=0)
    """X, requests/s."""
    response_s: float = Field(ge=0)
    """R, mean response time, seconds."""
    think_s: float = Field(ge=0)
    """Z, mean think time as measured, seconds."""
    unloaded_response_s: float | None = Field(default=None, ge=0)
    """R₀: mean response time of the same mix with one user."""
    failures: float | None = Field(default=None, ge=0)
    requests: float | None = Field(default=None, ge=0)
    server_workers: int | None = Field(default=None, ge=1)
    server_threads: int | None = Field(default=None, ge=1)
    server_cores: float | None = Field(default=None, gt=0)
    """CPUs that the server may use."""
    server_cpu: float | None = Field(default=None, ge=0)
    """CPUs that the server's workers used."""
    server_seconds: float | None = Field(default=None, ge=0)
    """S: mean time of a request inside the server, seconds."""
    generator_cpu: list[float] | None = Field(default=None, min_length=1)
    """CPUs used by each of the generator's workers."""
    generator_ceiling: float | None = Field(default=None, gt=0)
    """Requests/s that this generator reaches against a server that is no limit."""
    arrival_rate: float | None = Field(default=None, gt=0)
    """Requests/s that an open load was to send."""
    behind_schedule: bool | None = None
    """Whether requests began later than intended, where that was set beforehand."""
    host_busy: float | None = Field(default=None, ge=0, le=1)
    """Share of all CPUs that was busy."""
    host_steal: float | None = Field(default=None, ge=0, le=1)
    """Share of all CPUs that the hypervisor took."""
    host_run_queue: float | None = Field(default=None, ge=0)
    """Processes that ran or could have, on average, over the number of CPUs: above 1, some waited for a CPU."""
    bytes_per_s: float | None = Field(default=None, ge=0)
    link_bytes_per_s: float | None = Field(default=None, gt=0)
    steady: bool | None = None
    """Whether the run settled."""

    @property
    def consistency(self) -> float:
        """X·(R + Z)/N."""
        return operational.consistency(self.users, self.throughput, self.response_s, self.think_s)

    @property
    def think(self) -> float:
        """u_think = X·(R₀ + Z)/N. Without R₀, X·Z/N, which it can only exceed."""
        return self.throughput * ((self.unloaded_response_s or 0.0) + self.think_s) / self.users

    @property
    def server(self) -> float | None:
        """u_server = CPUs used over the CPUs that the workers could use: min(workers, cores)."""
        usable = [value for value in (self.server_workers, self.server_cores) if value is not None]
        return self.server_cpu / min(usable) if self.server_cpu is not None and len(usable) == 2 else None

    @property
    def slots(self) -> float | None:
        """u_slot = X·S/(workers·threads): the share of slots that hold a request (Little's law inside the server)."""
        if self.server_seconds is None or self.server_workers is None or self.server_threads is None:
            return None
        return self.throughput * self.server_seconds / (self.server_workers * self.server_threads)

    @property
    def generator(self) -> float | None:
        """u_gen: CPUs used by the busiest of the generator's workers, each of which can use one."""
        return max(self.generator_cpu) if self.generator_cpu else None

    @property
    def ceiling(self) -> float | None:
        """X over the generator's ceiling."""
        return self.throughput / self.generator_ceiling if self.generator_ceiling else None

    @property
    def host(self) -> float | None:
        """u_host = busy + steal."""
        return self.host_busy + (self.host_steal or 0.0) if self.host_busy is not None else None

    @property
    def link(self) -> float | None:
        """Bytes/s over the link's speed."""
        known = self.bytes_per_s is not None and self.link_bytes_per_s is not None
        return self.bytes_per_s / self.link_bytes_per_s if known else None  # type: ignore[operator]

    @property
    def missing(self) -> list[str]:
        """Names of the signals that were not given."""
        expected = set(type(self).model_fields) - {"arrival_rate", "behind_schedule", "host_run_queue"}
        return sorted(name for name in expected if getattr(self, name) is None)


MOST_LATE = 0.05
"""Share of requests that begin late from which the generator is behind its schedule."""


def signals_of(
    record: RunRecord, cycle: Cycle, endpoints: pd.DataFrame, processes: pd.DataFrame, settled: bool | None
) -> Signals:
    """Gather what was measured of one run. What wasn't is None: the verdict names it as missing.

    Raises `ResultError` where a figure is none that a run can have.
    """
    try:
        return _gather(record, cycle, endpoints, processes, settled)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise ResultError(f"{record.run.label}: damaged: {key}: {first['msg']}") from None


def _gather(
    record: RunRecord, cycle: Cycle, endpoints: pd.DataFrame, processes: pd.DataFrame, settled: bool | None
) -> Signals:
    together = endpoints[endpoints["endpoint"] == ALL].iloc[0]
    server = record.run.server if isinstance(record.run.server, GunicornServer) else None
    cpu = {str(role): group["cpu"].dropna().tolist() for role, group in processes.groupby("role")}
    host = processes[processes["role"] == "host"]
    cores = record.machine.cores
    return Signals(
        users=float(record.run.load.users),
        throughput=cycle.throughput,
        response_s=_known(cycle.response_s) or 0.0,
        think_s=_known(cycle.think_s) or 0.0,
        failures=float(together["failures"]),
        requests=float(together["requests"]),
        server_workers=server.workers if server else None,
        server_threads=server.threads if server and server.worker_class != "gevent" else None,
        server_cores=float(cores) if server else None,
        server_cpu=sum(cpu["server-worker"]) if cpu.get("server-worker") else None,
        server_seconds=_scaled(together["server_ms"], 1 / 1000),
        generator_cpu=cpu.get("load-worker") or None,
        arrival_rate=record.run.load.arrivals.rate if record.run.load.arrivals else None,
        behind_schedule=_behind(together) if record.run.load.scheduled else None,
        host_busy=_share(host["cpu"], cores),
        host_steal=_share(host["steal"], cores),
        host_run_queue=_scaled(host["run_queue"].iloc[0], 1 / cores) if len(host) else None,
        bytes_per_s=_scaled(together["bytes_mean"], together["goodput_rps"]),
        steady=settled,
    )


def _behind(together: pd.Series) -> bool:
    return bool(together["late"] > MOST_LATE * together["requests"])


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _scaled(value: float, factor: float) -> float | None:
    return None if math.isnan(value) else float(value * factor)


def _share(column: pd.Series, cores: int) -> float | None:
    values = column.dropna()
    return min(1.0, max(0.0, float(values.iloc[0]) / cores)) if len(values) else None
