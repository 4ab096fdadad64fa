"""All experiments in one table: throughput, response times, and the CPU that server and load generator used."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import pandas as pd

from loadstone.plan.baselines import is_baseline
from loadstone.report.campaign import GET, POST, Campaign
from loadstone.report.doubts import Doubts
from loadstone.report.means import Mean, estimated, mean
from loadstone.report.section import Section
from loadstone.report.sections.verdicts import VerdictRow, verdict_rows
from loadstone.results.tables import RunKey
from loadstone.suite.load_settings import Load

SERVER, LOCUST = "server", "load"
"""What the names of a side's roles begin with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cpus:
    """CPUs used by the processes of one side, as the mean over the runs that count."""

    together: float
    busiest: float
    """Of its busiest process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRow:
    """One experiment."""

    anchor: str
    verdict: VerdictRow
    throughput: Mean | None
    """Requests/s."""
    response: Mean | None
    """Mean response time, ms."""
    p95_ms: float | None
    """Mean of the runs' own percentiles, as the next; None where so few requests do not show it."""
    p99_ms: float | None
    get_ms: float | None
    """Mean response time of GET /albums, over the runs that count; None where it was not requested."""
    post_ms: float | None
    server: Cpus | None
    """None where it was not sampled, as the next."""
    locust: Cpus | None

    @property
    def figures(self) -> dict[str, float | None]:
        """The figures of all columns that have bars."""
        return {
            "rps": self.throughput.value if self.throughput else None,
            "mean": self.response.value if self.response else None,
            "p95": self.p95_ms,
            "p99": self.p99_ms,
            "get": self.get_ms,
            "post": self.post_ms,
            "server": self.server.together if self.server else None,
            "locust": self.locust.together if self.locust else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonView:
    """What the section shows."""

    rows: list[ComparedRow]
    most: dict[str, float]
    """Column → its largest figure, which has the longest bar."""
    albums: bool
    """Whether any load requests the album API's list of albums, or creates albums."""


def section(campaign: Campaign, doubts: Doubts) -> Section:
    """Every experiment in a row, with a bar per figure."""
    rows = list(compared_rows(campaign, doubts))
    known: dict[str, list[float]] = {}
    for row in rows:
        for name, value in row.figures.items():
            known.setdefault(name, []).append(value or 0.0)
    view = ComparisonView(
        rows=rows,
        most={name: max(values) for name, values in known.items()},
        albums=any(_requests_albums(settings.load) for settings in campaign.plan.suite.experiments.values()),
    )
    return Section(anchor="comparison", title="Comparison of all experiments", navigation="Comparison", view=view)


def _requests_albums(load: Load) -> bool:
    return load.mix is not None and bool(load.mix.list_albums or load.mix.create_album)


def compared_rows(campaign: Campaign, doubts: Doubts) -> Iterator[ComparedRow]:
    """List all experiments, in the page's order."""
    of_endpoint = {
        endpoint: {
            (str(name), int(str(repeat))): _known(ms)
            for name, repeat, ms in _rows(table, ["experiment", "repeat", "mean_ms"])
        }
        for endpoint in (GET, POST)
        for table in [campaign.summary[campaign.summary["endpoint"] == endpoint]]
    }
    cpus = {side: cpus_of(campaign, side) for side in (SERVER, LOCUST)}
    for verdict in verdict_rows(campaign, doubts):
        name = verdict.experiment
        used = campaign.used_of(name)
        get, post = (_mean_of(of_endpoint[endpoint], used) for endpoint in (GET, POST))
        yield ComparedRow(
            anchor=campaign.anchors[name],
            verdict=verdict,
            throughput=_mean(campaign, name, "throughput_rps"),
            response=_mean(campaign, name, "mean_ms"),
            p95_ms=campaign.outcomes.mean_of(name, "p95_ms"),
            p99_ms=campaign.outcomes.mean_of(name, "p99_ms"),
            get_ms=get,
            post_ms=post,
            server=_cpus(cpus[SERVER], used),
            locust=_cpus(cpus[LOCUST], used),
        )


def _rows(table: pd.DataFrame, columns: Sequence[str]) -> Iterator[tuple[object, ...]]:
    return zip(*(table[column].tolist() for column in columns), strict=True)


def _mean(campaign: Campaign, name: str, metric: str) -> Mean | None:
    return estimated(campaign.interval_of(name, metric), campaign.values_of(name, metric))


def _known(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not math.isnan(value) else None


def _mean_of(values: Mapping[RunKey, float | None], used: Sequence[RunKey]) -> float | None:
    found = mean([ms for key in used if (ms := values.get(key)) is not None])
    return found.value if found else None


def cpus_of(campaign: Campaign, side: str) -> dict[RunKey, Cpus]:
    """Return the CPUs that each run's processes of one side used, together and the busiest; none that are unknown."""
    table = campaign.processes
    own = ~table["experiment"].map(is_baseline).astype(bool) & table["role"].str.startswith(side)
    of_runs = table[own].dropna(subset="cpu").groupby(["experiment", "repeat"])["cpu"].agg(["sum", "max"]).reset_index()
    rows = of_runs.itertuples(index=False)
    return {(str(name), int(repeat)): Cpus(together=total, busiest=most) for name, repeat, total, most in rows}


def _cpus(known: Mapping[RunKey, Cpus], used: Sequence[RunKey]) -> Cpus | None:
    found = [known[key] for key in used if key in known]
    if not found:
        return None
    return Cpus(together=fmean(each.together for each in found), busiest=fmean(each.busiest for each in found))
