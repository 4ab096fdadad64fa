"""Check the instrument against a known demand: compare measured throughput with the prediction of queueing theory.

Each request of GET /calibration first sleeps in parallel with all others, then sleeps again while it holds a lock. As
long as every slot is taken, n slots are n customers of a closed network with a delay and a queue: the machine-repairman
model, solved by exact MVA. The prediction uses no measurement. It includes the two sleeps only, so the server's own
work, about a millisecond per request, keeps throughput about 4 % below it. A second prediction, for comparison, adds
the server's measured CPU time per request as a third station.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from loadstone.results.scaling import CalibrationPoint, CalibrationReading
from loadstone.suite.settings import Calibration, GunicornServer, Settings
from loadstone.theory.intervals import estimate_of_runs
from loadstone.theory.operational import Station, exact_mva

MAX_ERROR = 0.10
"""Relative difference between measured and predicted throughput up to which a level passes."""
MAX_SLOTS = 8
"""Slots up to which a level has to pass. Levels with more are only shown: the closer the lock is to its capacity, the
less throughput depends on anything else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDemandLevel:
    """A level of a sweep whose slots are all taken by requests of a known demand."""

    value: int
    """Of the factor."""
    slots: int
    demand: Calibration
    throughput: tuple[float, ...]
    """Requests/s, one per run."""
    server_demand_s: float | None
    """CPU seconds of the server per request, as measured."""
    servers: int | None
    """How many requests the server's CPUs work on at a time."""
    host: float | None
    """Share of the machine's CPUs that was busy or stolen; requests that sleep leave most of them idle."""


def known_demand(settings: Settings) -> Calibration | None:
    """Return the known demand of a request to GET /calibration; None where the server has none."""
    return settings.server.calibration if isinstance(settings.server, GunicornServer) else None


def slots_taken(settings: Settings) -> int | None:
    """Count the slots that requests of known demand take all the time; None where they do not.

    There must be at least as many users as slots, without think time and without requests of another kind, and all
    requests must succeed. Any free slot must be able to take the next request: with several worker processes,
    kept-alive connections stay with one of them.
    """
    server, load = settings.server, settings.load
    if not isinstance(server, GunicornServer):
        return None
    demand = server.calibration
    if demand is None or demand.failures or not demand.parallel + demand.serial:
        return None
    if load.mix is None or load.scheduled or load.mean_think_time_s:
        return None
    if any(weight for task, weight in load.mix if task != "calibration"):
        return None
    if server.worker_class == "gevent" or (server.worker_class == "gthread" and server.workers > 1):
        return None
    slots = server.workers * server.threads
    return slots if load.users >= slots else None


def calibrate(levels: Sequence[KnownDemandLevel]) -> tuple[CalibrationReading, ...]:
    """Compare the measured throughput of each level with its prediction, in the order of slots."""
    return tuple(_compare(level) for level in sorted(levels, key=lambda level: (level.slots, level.value)))


def predict_curve(levels: Sequence[KnownDemandLevel]) -> tuple[CalibrationPoint, ...]:
    """Predict the throughput of every number of slots up to the largest of any level."""
    most = max(levels, key=lambda level: level.slots)
    throughputs = enumerate(_predict_throughputs(most.demand, most.slots), start=1)
    return tuple(CalibrationPoint(slots=slots, throughput=throughput) for slots, throughput in throughputs)


def _compare(level: KnownDemandLevel) -> CalibrationReading:
    measured = estimate_of_runs(level.throughput)
    predicted = _predict_throughputs(level.demand, level.slots)[-1]
    ratio = measured.value / predicted
    return CalibrationReading(
        value=level.value,
        slots=level.slots,
        predicted=predicted,
        predicted_with_cpu=_predict_with_cpu(level),
        measured=measured.value,
        low=measured.low,
        high=measured.high,
        values=level.throughput,
        ratio=ratio,
        passed=round(abs(ratio - 1), 9) <= MAX_ERROR if level.slots <= MAX_SLOTS else None,
        host=level.host,
    )


def _predict_with_cpu(level: KnownDemandLevel) -> float | None:
    if level.server_demand_s is None or not level.servers:
        return None
    cpu = Station(demand_s=level.server_demand_s, servers=level.servers)
    return _predict_throughputs(level.demand, level.slots, cpu)[-1]


def _predict_throughputs(demand: Calibration, slots: int, *further: Station) -> list[float]:
    """Predict the throughput of 1, 2, … slots, requests/s."""
    stations = [Station(demand_s=demand.parallel, kind="delay"), Station(demand_s=demand.serial), *further]
    throughputs: list[float] = exact_mva(stations, 0.0, slots).throughput.tolist()
    return throughputs
