"""The instrument, checked by a known weight: throughput of a server whose demands are known, beside what theory says.

Each request of GET /calibration sleeps beside all others, then under one lock. Where every slot is always taken, n
slots are n customers of a closed network, a delay and a queue: the machine-repairman model, solved by exact MVA.
Nothing that was measured goes into that prediction. It knows of the sleeps alone, so what a server does beside them,
about a millisecond a request, leaves throughput some 4 % below. For comparison, a further prediction has the server's
measured CPU time a request as a third station.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from loadstone.results.scaling import CalibrationPoint, CalibrationReading
from loadstone.suite.settings import Calibration, GunicornServer, Settings
from loadstone.theory.intervals import mean_of_runs
from loadstone.theory.operational import Station, exact_mva

MAX_ERROR = 0.10
"""Relative difference of measured and predicted throughput up to which the instrument passes."""
MAX_SLOTS = 8
"""Slots up to which a level has to pass. Beyond, it is shown: the nearer the lock is to its capacity, the less the
throughput depends on anything else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """A level of a sweep whose slots are all taken by requests of a known demand."""

    value: int
    """Of the factor."""
    slots: int
    demand: Calibration
    throughput: tuple[float, ...]
    """Requests/s, one a run."""
    server_demand_s: float | None
    """CPU seconds of the server a request, as measured."""
    servers: int | None
    """How many requests the server's CPUs work on at a time."""
    host: float | None
    """Share of the machine's CPUs that was busy or stolen; sleepers leave most of it to others."""


def known_demand(settings: Settings) -> Calibration | None:
    """Return what a request to GET /calibration is known to take."""
    return settings.server.calibration if isinstance(settings.server, GunicornServer) else None


def slots_taken(settings: Settings) -> int | None:
    """Count the slots that requests of known demand take all the time; None where that is not so.

    Users have to be as many as slots, never to wait, and to ask for nothing else; all must succeed. Any free slot must
    be able to take the next request: connections that are kept alive stay with one worker process.
    """
    server, load = settings.server, settings.load
    if not isinstance(server, GunicornServer):
        return None
    known = server.calibration
    if known is None or known.failures or not known.parallel + known.serial:
        return None
    if load.scheduled or load.mean_think_time_s or any(weight for task, weight in load.mix if task != "calibration"):
        return None
    if server.worker_class == "gevent" or (server.worker_class == "gthread" and server.workers > 1):
        return None
    slots = server.workers * server.threads
    return slots if load.users >= slots else None


def calibrate(weights: Sequence[Weight]) -> tuple[CalibrationReading, ...]:
    """Set what was measured of each level beside its prediction, by slots."""
    return tuple(_read(weight) for weight in sorted(weights, key=lambda weight: (weight.slots, weight.value)))


def predicted_curve(weights: Sequence[Weight]) -> tuple[CalibrationPoint, ...]:
    """Predict the throughput of every number of slots up to the most that any level has."""
    most = max(weights, key=lambda weight: weight.slots)
    throughputs = enumerate(_throughputs(most.demand, most.slots), start=1)
    return tuple(CalibrationPoint(slots=slots, throughput=throughput) for slots, throughput in throughputs)


def _read(weight: Weight) -> CalibrationReading:
    measured = mean_of_runs(weight.throughput)
    predicted = _throughputs(weight.demand, weight.slots)[-1]
    ratio = measured.value / predicted
    return CalibrationReading(
        value=weight.value,
        slots=weight.slots,
        predicted=predicted,
        predicted_with_cpu=_with_cpu(weight),
        measured=measured.value,
        low=measured.low,
        high=measured.high,
        ratio=ratio,
        passed=round(abs(ratio - 1), 9) <= MAX_ERROR if weight.slots <= MAX_SLOTS else None,
        host=weight.host,
    )


def _with_cpu(weight: Weight) -> float | None:
    if weight.server_demand_s is None or not weight.servers:
        return None
    cpu = Station(demand_s=weight.server_demand_s, servers=weight.servers)
    return _throughputs(weight.demand, weight.slots, cpu)[-1]


def _throughputs(demand: Calibration, slots: int, *further: Station) -> list[float]:
    """Predict the throughput of 1, 2, … slots, requests/s."""
    stations = [Station(demand_s=demand.parallel, kind="delay"), Station(demand_s=demand.serial), *further]
    found: list[float] = exact_mva(stations, 0.0, slots).throughput.tolist()
    return found
