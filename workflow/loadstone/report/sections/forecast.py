"""The forecast for a sweep over users, by queueing theory, next to what was measured."""

from dataclasses import dataclass

import pandas as pd

from loadstone import text
from loadstone.report.charts import sweeps as charts
from loadstone.report.charts.shared import Chart
from loadstone.report.means import Mean, estimated
from loadstone.results.bounded import Bounded
from loadstone.results.scaling import MeasuredFigure, UserForecast

NETWORK, BOUND = "predicted (MVA)", "asymptotic bounds"
"""Names of the curves."""
NOISE = 0.02
"""Relative difference up to which a measured figure above a bound is noise: the bound is then written as «about»."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastRow:
    """One number of users: predicted and measured."""

    users: int
    experiment: str
    predicted_rps: float
    measured_rps: Mean | None
    ratio: float
    predicted_ms: float
    measured_ms: Mean | None


def forecast_rows(forecast: UserForecast) -> list[ForecastRow]:
    """Compare the predictions with the measurements."""
    return [
        ForecastRow(
            users=level.users,
            experiment=level.experiment,
            predicted_rps=level.mva_throughput,
            measured_rps=estimated(level.throughput, level.throughput.values),
            ratio=level.throughput_ratio,
            predicted_ms=1000 * level.mva_response_s,
            measured_ms=_milliseconds(level.response_s),
        )
        for level in forecast.levels
    ]


def _milliseconds(seconds: MeasuredFigure) -> Mean | None:
    value, low, high = (None if s is None else 1000 * s for s in (seconds.value, seconds.low, seconds.high))
    return estimated(Bounded(value=value, low=low, high=high), [1000 * s for s in seconds.values])


def forecast_sentence(forecast: UserForecast) -> str:
    """State what goes into the prediction and what comes out."""
    demands = forecast.demands
    cpus = text.several(demands.servers, "CPU")
    return (
        f"The unloaded response time is {text.figure(1000 * demands.total_s)} ms, of which "
        f"{text.figure(1000 * demands.server_s)} ms are CPU time of the server (on {cpus} at a time), and the mean "
        f"think time is {text.figure(forecast.think_s)} s. By these figures the knee lies at "
        f"{text.figure(forecast.knee_users)} users, and the server's CPUs allow {capacity(forecast)}."
    )


def capacity(forecast: UserForecast) -> str:
    """State the capacity: as a bound only if no run was faster."""
    rate, highest = (f"{text.figure(rps)} requests/s" for rps in (forecast.capacity_rps, highest_rate(forecast)))
    if is_contradicted(forecast):
        return (
            f"about {rate}. That is no bound, because {highest} were measured: there a request needed less CPU than on "
            "average, or the samples of CPU time are off"
        )
    return f"about {rate}" if highest_rate(forecast) > forecast.capacity_rps else f"at most {rate}"


def highest_rate(forecast: UserForecast) -> float:
    """Return the highest throughput that any run of the sweep had, requests/s."""
    return max(rps for at in forecast.levels for rps in (at.throughput.value or 0.0, *at.throughput.values))


def is_contradicted(forecast: UserForecast) -> bool:
    """Whether a run was faster than the capacity that the demands allow, by more than noise: then it bounds nothing."""
    return highest_rate(forecast) > (1 + NOISE) * forecast.capacity_rps


def agreement_sentence(forecast: UserForecast) -> str:
    """State how close the prediction came."""
    ratios = sorted(level.throughput_ratio for level in forecast.levels)
    low, high = text.percent(ratios[0]), text.percent(ratios[-1])
    span = low if low == high else f"{low} to {high}"
    return f"Measured throughput is {span} of the prediction."


def forecast_curves(forecast: UserForecast) -> pd.DataFrame:
    """Lay out prediction and bounds: curve, users, rps, ms. Bounds that a run contradicts are left out."""
    bounded = not is_contradicted(forecast)
    rows: list[tuple[str, int, float | None, float | None]] = []
    for at in forecast.curve:
        rows.append((NETWORK, at.users, at.mva_throughput, 1000 * at.mva_response_s))
        if bounded:
            rows.append((BOUND, at.users, at.throughput_bound, 1000 * at.response_bound_s))
    return pd.DataFrame(rows, columns=["curve", "users", "rps", "ms"]).dropna()


def forecast_points(forecast: UserForecast) -> pd.DataFrame:
    """Lay out what was measured: experiment, users, and rps and ms, each with low and high."""
    rows = []
    for row in forecast_rows(forecast):
        of_each: list[float | None] = []
        for found in (row.measured_rps, row.measured_ms):
            of_each += [found.value, found.low, found.high] if found else [None, None, None]
        rows.append((row.experiment, row.users, *of_each))
    columns = ["experiment", "users", "rps", "rps_low", "rps_high", "ms", "ms_low", "ms_high"]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(columns[2:], float))


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastView:
    """What is shown of one forecast."""

    rows: list[ForecastRow]
    sentences: list[str]
    bounded: bool
    """Whether the asymptotic bounds are drawn: no run contradicts them."""


def forecast_view(forecast: UserForecast) -> ForecastView:
    """Lay out one forecast."""
    sentences = [forecast_sentence(forecast), agreement_sentence(forecast)]
    return ForecastView(rows=forecast_rows(forecast), sentences=sentences, bounded=not is_contradicted(forecast))


def forecast_charts(name: str, forecast: UserForecast, points: pd.DataFrame) -> dict[str, Chart | None]:
    """Draw throughput and response of a sweep over users; `points` has users, rps, ms and doubt for every run."""
    curves, means, knee = forecast_curves(forecast), forecast_points(forecast), forecast.knee_users
    titles = {"rps": "requests/s", "ms": "mean response, ms"}
    return {
        f"forecast-{metric}-{name}": charts.forecast(curves, means, points, knee, metric=metric, title=title)
        for metric, title in titles.items()
    }
