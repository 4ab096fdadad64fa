"""All charts of the page, by name; one without data is left out."""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from loadstone.analyse.campaign import RunKey
from loadstone.report import charts, charts_runs, charts_sweeps, forecasts, sweeps, tables
from loadstone.report.charts import Chart
from loadstone.report.data import Campaign
from loadstone.report.soundness import Doubt, kinds, marked

Doubts = Mapping[RunKey, Sequence[Doubt]]


def all_charts(campaign: Campaign, doubts: Doubts) -> dict[str, Chart]:
    """Draw everything that there are data for: name (`chart-<name>` is its place on the page) → chart."""
    drawn = [*_over_experiments(campaign, doubts), *_of_runs(campaign, doubts), *_of_sweeps(campaign, doubts)]
    return {name: chart for name, chart in drawn if chart is not None}


def _over_experiments(campaign: Campaign, doubts: Doubts) -> Iterator[tuple[str, Chart | None]]:
    order = campaign.experiments
    yield "throughput", charts.throughput(marked(tables.throughput(campaign), doubts), order)
    yield "response-times", charts.response_times(marked(tables.response_statistics(campaign), doubts), order)
    yield "get-post", charts.get_against_post(marked(tables.get_and_post(campaign), doubts), order)
    yield "cpu", charts.cpu(marked(tables.cpu_by_process(campaign), doubts, kinds), order)


def _of_runs(campaign: Campaign, doubts: Doubts) -> Iterator[tuple[str, Chart | None]]:
    order, first = campaign.experiments, tables.busiest(campaign)
    # many rows a run: the kinds alone, to keep the page small
    latency = marked(tables.latency(campaign), doubts, kinds)
    yield "latency", charts_runs.latency_distribution(latency, order, first)
    seconds, windows = tables.course(campaign)
    yield "course", charts_runs.course(marked(seconds, doubts, kinds), windows, order, first)
    albums = marked(tables.by_albums(campaign), doubts)
    for number, endpoint in enumerate(tables.ENDPOINTS):
        mine = albums[albums["endpoint"] == endpoint].drop(columns="endpoint")
        yield f"albums-{number}", charts_runs.response_by_albums(mine, endpoint)


def _of_sweeps(campaign: Campaign, doubts: Doubts) -> Iterator[tuple[str, Chart | None]]:
    for name, found in campaign.scaling.items():
        points = marked(sweeps.run_points(campaign, found["levels"]), doubts)
        if found["forecast"]:
            yield from _forecast(name, found["forecast"], points)
            continue
        curves, means = sweeps.curves(found["laws"]), sweeps.mean_points(found["levels"])
        yield f"sweep-{name}", charts_sweeps.sweep(points, means, curves, found["vary"])
        yield f"residuals-{name}", charts_sweeps.residuals(sweeps.residuals(found["laws"]), found["vary"])


def _forecast(name: str, forecast: Mapping[str, float], points: pd.DataFrame) -> Iterator[tuple[str, Chart | None]]:
    curves, means = forecasts.forecast_curves(forecast), forecasts.forecast_points(forecast)
    shown = points.rename(columns={"level": "users", "goodput_rps": "rps", "mean_ms": "ms"})
    for metric, title in {"rps": "requests/s", "ms": "mean response, ms"}.items():
        chart = charts_sweeps.forecast(curves, means, shown, forecast["knee_users"], metric=metric, title=title)
        yield f"forecast-{metric}-{name}", chart
