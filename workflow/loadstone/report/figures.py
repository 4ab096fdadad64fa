"""All charts of the page, by name; one without data is left out."""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from loadstone.report import (
    albums,
    answer,
    calibrations,
    capacities,
    charts,
    charts_albums,
    charts_answer,
    charts_cards,
    charts_sweeps,
    charts_tails,
    forecasts,
    ladders,
    published,
    sweeps,
    tables,
    timed,
)
from loadstone.report.charts import Chart
from loadstone.report.data import Campaign
from loadstone.report.soundness import Doubt, kinds, marked
from loadstone.results.scaling import UserForecast
from loadstone.results.tables import RunKey
from loadstone.suite.capacity import parse_objective

Doubts = Mapping[RunKey, Sequence[Doubt]]


def all_charts(campaign: Campaign, doubts: Doubts) -> dict[str, Chart]:
    """Draw everything that there are data for: name (`chart-<name>` is its place on the page) → chart."""
    drawn = [
        *_over_experiments(campaign, doubts),
        *_of_runs(campaign, doubts),
        *_of_albums(campaign, doubts),
        *_of_sweeps(campaign, doubts),
        *_of_schedules(campaign),
    ]
    return {name: chart for name, chart in drawn if chart is not None}


def _over_experiments(campaign: Campaign, doubts: Doubts) -> Iterator[tuple[str, Chart | None]]:
    order = campaign.experiments
    yield "published", charts_answer.published(charts_answer.rates(published.published_rows(campaign, doubts)))
    yield "verdicts", charts_answer.verdicts(answer.verdict_counts(campaign))
    yield (
        "throughput",
        charts.throughput(marked(tables.throughput(campaign), doubts), tables.throughput_means(campaign), order),
    )
    yield (
        "response-times",
        charts.response_times(
            marked(tables.response_statistics(campaign), doubts), tables.response_means(campaign), order
        ),
    )
    yield "get-post", charts.get_against_post(marked(tables.get_and_post(campaign), doubts), order)
    yield "cpu", charts.cpu(marked(tables.cpu_by_process(campaign), doubts, kinds), order)


def pickable(campaign: Campaign) -> set[str]:
    """Name the experiments that have a distribution to be drawn."""
    return set(ladders.median_runs(campaign))


def first_picks(campaign: Campaign) -> list[str]:
    """Choose what the distributions show at first: most users (of published ones), fastest, slowest; each a colour."""
    known = pickable(campaign)
    together = tables.throughput(campaign)
    mine = together[together["experiment"].isin(known)]
    if mine.empty:
        return []
    repeated = campaign.plan.suite.published
    first = max(
        (name for name in campaign.experiments if repeated and name in repeated.rows),
        key=lambda name: campaign.plan.experiments[name].load.users,
        default=tables.busiest(campaign),
    )
    response = tables.response_statistics(campaign)
    means = response[(response["statistic"] == "mean") & response["experiment"].isin(known)]
    by_rate = mine.sort_values("goodput_rps", ascending=False, kind="stable")["experiment"]
    by_time = means.sort_values("ms", ascending=False, kind="stable")["experiment"]
    picked = [first] if first in known else []
    for names in (by_rate, by_time):
        taken = {_colour(campaign, name) for name in picked}
        picked += next(([str(name)] for name in names if _colour(campaign, str(name)) not in taken), [])
    return picked


def _colour(campaign: Campaign, experiment: str) -> str:
    return charts.colour_of(campaign.experiments.index(experiment))


def _of_runs(campaign: Campaign, doubts: Doubts) -> Iterator[tuple[str, Chart | None]]:
    order = campaign.experiments
    # many rows a run: the kinds alone, to keep the page small
    ladder = ladders.of_median_runs(campaign)
    mine = marked(ladder, doubts, kinds)[["experiment", "endpoint", "probability", "response_ms", "successes", "doubt"]]
    picks = first_picks(campaign)
    yield "percentiles", charts_tails.percentiles(mine, order, picks)
    yield "latency", charts_tails.shares(mine, order, picks)
    seconds, windows = tables.course(campaign)
    known = marked(seconds, doubts, kinds)
    yield "card-rate", charts_cards.rate(known, windows, order)
    yield "card-response", charts_cards.response(known, windows, order)
    yield "card-distribution", charts_cards.distribution(mine)
    yield "card-heat", charts_cards.heat(tables.heat(campaign))


def _of_albums(campaign: Campaign, doubts: Doubts) -> Iterator[tuple[str, Chart | None]]:
    table = albums.by_albums(campaign)
    lines = albums.drawn(albums.line_rows(campaign), table)
    points = marked(table, doubts).drop(columns="level")
    names = sorted(set(table["series"]))
    for number, endpoint in enumerate(tables.ENDPOINTS):
        mine, fitted = (part[part["endpoint"] == endpoint].drop(columns="endpoint") for part in (points, lines))
        yield f"albums-{number}", charts_albums.response_by_albums(mine, fitted, endpoint, names)


def _of_sweeps(campaign: Campaign, doubts: Doubts) -> Iterator[tuple[str, Chart | None]]:
    for name, found in campaign.scaling.items():
        points = marked(sweeps.run_points(campaign, found.levels), doubts)
        if found.forecast:
            yield from _forecast(name, found.forecast, points)
            continue
        curves = pd.concat([sweeps.curves(found.laws), calibrations.theory(found)], ignore_index=True)
        means = sweeps.mean_points(found.levels)
        yield f"sweep-{name}", charts_sweeps.sweep(points, means, curves, found.vary)
        yield f"residuals-{name}", charts_sweeps.residuals(sweeps.residuals(found.laws), found.vary)


def _forecast(name: str, forecast: UserForecast, points: pd.DataFrame) -> Iterator[tuple[str, Chart | None]]:
    curves, means = forecasts.forecast_curves(forecast), forecasts.forecast_points(forecast)
    shown = points.rename(columns={"level": "users", "goodput_rps": "rps", "mean_ms": "ms"})
    for metric, title in {"rps": "requests/s", "ms": "mean response, ms"}.items():
        chart = charts_sweeps.forecast(curves, means, shown, forecast.knee_users, metric=metric, title=title)
        yield f"forecast-{metric}-{name}", chart


def _of_schedules(campaign: Campaign) -> Iterator[tuple[str, Chart | None]]:
    yield "timed", charts_tails.tails_of_timed(timed.distributions(campaign))
    for name, searched in campaign.searches.items():
        objective = parse_objective(searched.found.slo)
        points = capacities.probe_points(searched)
        yield f"capacity-{name}", charts_tails.capacity(points, objective.metric, objective.limit_ms)
