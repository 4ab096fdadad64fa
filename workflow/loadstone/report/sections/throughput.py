"""Throughput against response time, and against users where they were swept: a point per run that counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import pandas as pd

from loadstone import text
from loadstone.report.campaign import Campaign
from loadstone.report.charts import throughput as charts
from loadstone.report.charts.shared import Chart
from loadstone.report.doubts import Doubts, marked
from loadstone.report.section import Section, drawn
from loadstone.report.sections.forecast import NOISE, capacity, is_contradicted
from loadstone.results.scaling import SweepResult
from loadstone.results.tables import RunKey
from loadstone.suite.verdict import SET_BY_LOAD

USERS = "load.users"
"""The factor of a sweep over users."""
MAX_SWEEPS = 4
"""Sweeps over users that have a chart here; the others have theirs among the sweeps alone."""
PAUSES, CAPACITY = "most that so many users can send, N/(R₀+Z)", "most that the server's CPUs allow"
"""Names of the bounds."""
NEAR = 0.9
"""Share of the users' bound from which throughput is said to follow it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsersView:
    """One sweep over users."""

    name: str
    sentences: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThroughputView:
    """What the section shows."""

    sentences: list[str]
    """What the chart of response times shows."""
    few: int
    """Runs that count and have too few requests for a 95th percentile."""
    users: list[UsersView]
    more: str
    """Sweeps over users that have no chart here, in a sentence; empty if all have one."""


def section(campaign: Campaign, doubts: Doubts) -> Section:
    """Draw all runs that count, and state what the charts show."""
    points = marked(run_points(campaign), doubts)
    timed = points.dropna()
    shown: dict[str, Chart | None] = {"throughput": charts.response_over_throughput(timed)}
    swept = {name: sweep for name, sweep in campaign.scaling.items() if sweep.vary == USERS}
    views = []
    for name, sweep in list(swept.items())[:MAX_SWEEPS]:
        users = users_of(sweep)
        of_sweep = points[points["experiment"].isin(list(users))].drop(columns="p95_ms")
        if of_sweep.empty:
            continue
        of_sweep["users"] = of_sweep["experiment"].map(users)
        pauses = users_bound(campaign, sweep)
        bounds = bounds_of(sweep, pauses, of_sweep)
        shown[f"users-{name}"] = charts.throughput_over_users(of_sweep, bounds)
        views.append(UsersView(name=name, sentences=users_sentences(sweep, pauses, bounds)))
    view = ThroughputView(
        sentences=response_sentences(timed),
        few=len(points) - len(timed),
        users=views,
        more=_more(list(swept)[MAX_SWEEPS:]),
    )
    title = "Response time and users against throughput"
    return Section(anchor="throughput", title=title, navigation="Throughput", view=view, charts=drawn(shown))


def run_points(campaign: Campaign) -> pd.DataFrame:
    """List the runs that count and had a success: experiment, repeat, goodput_rps, p95_ms, verdict.

    `p95_ms` is NaN where so few requests do not show it.
    """
    table = campaign.together[campaign.together["goodput_rps"] > 0]
    keys = list(zip(table["experiment"], table["repeat"], strict=True))
    judged, counting = campaign.judged, campaign.verdicts.counting
    table = table[["experiment", "repeat", "goodput_rps", "p95_ms"]]
    table = table.assign(verdict=[str(judged[key].verdict) for key in keys])
    return table[pd.Series([key in counting for key in keys], index=table.index, dtype=bool)]


def response_sentences(points: pd.DataFrame) -> list[str]:
    """State the fastest run, and the response times of runs whose load set the rate, and of the others."""
    if points.empty:
        return []
    fastest = points.sort_values("goodput_rps", kind="stable").iloc[-1]
    by_load = points["verdict"].isin([str(verdict) for verdict in SET_BY_LOAD])
    sentences = [
        f"The run with the most successful requests per second, {text.figure(fastest['goodput_rps'])}, is of "
        f"{fastest['experiment']}: 95 % of its requests were answered within {text.figure(fastest['p95_ms'])} ms (p95)."
    ]
    loads, others = points[by_load], points[~by_load]
    if loads.empty or others.empty:
        what = "the load set the rate in none of them" if loads.empty else "the load set the rate in all of them"
        return [*sentences, f"Over all {text.several(len(points), 'run')}, p95 is {_span(points)}; {what}."]
    return [
        *sentences,
        f"Where the load set the rate ({text.several(len(loads), 'run')}), p95 is {_span(loads)}; in the other "
        f"{text.several(len(others), 'run')}, {_span(others)}.",
    ]


def _span(points: pd.DataFrame) -> str:
    low, high = (text.figure(ms) for ms in (points["p95_ms"].min(), points["p95_ms"].max()))
    return f"{low} ms" if low == high else f"{low} to {high} ms"


def users_of(sweep: SweepResult) -> dict[str, float]:
    """Return the number of users of each level of a sweep over users: level's experiment → number."""
    return {level.experiment: float(str(level.value)) for level in sweep.levels}


def users_bound(campaign: Campaign, sweep: SweepResult) -> dict[str, float]:
    """Compute the most that each level's users can send, N/(R₀+Z): level's experiment → mean over its runs, requests/s.

    Levels without a known think time or unloaded response time are left out, and those of open and paced loads.
    """
    found = {}
    for level in sweep.levels:
        if campaign.plan.experiments[level.experiment].load.scheduled:
            continue
        rates = [rate for key in campaign.used_of(level.experiment) if (rate := _most(campaign, key)) is not None]
        if rates:
            found[level.experiment] = fmean(rates)
    return found


def _most(campaign: Campaign, key: RunKey) -> float | None:
    signals = campaign.signals[key]
    if signals.think_s is None or signals.unloaded_response_s is None:
        return None
    cycle = signals.think_s + signals.unloaded_response_s
    return signals.users / cycle if cycle > 0 else None


def bounds_of(sweep: SweepResult, pauses: dict[str, float], points: pd.DataFrame) -> pd.DataFrame:
    """Lay out what bounds a sweep over users: bound, users, rps. A bound that a run is above is left out."""
    users = users_of(sweep)
    highest = points.groupby("experiment")["goodput_rps"].max()
    holds = all(highest.get(name, 0.0) <= (1 + NOISE) * rate for name, rate in pauses.items())
    rows = [(PAUSES, users[name], rate) for name, rate in pauses.items()] if holds else []
    if sweep.forecast and not is_contradicted(sweep.forecast):
        rows += [(CAPACITY, n, sweep.forecast.capacity_rps) for n in (min(users.values()), max(users.values()))]
    return pd.DataFrame(rows, columns=["bound", "users", "rps"])


def users_sentences(sweep: SweepResult, pauses: dict[str, float], bounds: pd.DataFrame) -> list[str]:
    """State how throughput changed with the number of users, how far it follows them, and the capacity if known."""
    known = [
        (level.value, level.throughput.value, pauses.get(level.experiment))
        for level in sweep.levels
        if level.throughput and level.throughput.value is not None
    ]
    if not known:
        return []
    each = ", ".join(f"{text.figure(rps)} with {text.plain(users)}" for users, rps, _ in known)
    sentences = [f"Successful requests per second by number of users: {each}."]
    if PAUSES in set(bounds["bound"]):
        follow = [text.plain(users) for users, rps, most in known if most and rps >= NEAR * most]
        behind = [text.plain(users) for users, rps, most in known if most and rps < NEAR * most]
        if follow:
            rest = f"; with {_among(behind)} it is less" if behind else ""
            much = f"throughput is {text.limit(NEAR)} or more of what they can send"
            sentences.append(f"With {_among(follow)} users, {much}{rest}.")
        else:
            sentences.append(f"Throughput is always below {text.limit(NEAR)} of what the users can send.")
    else:
        sentences.append("No line shows the most that the users can send: it is not known, or a run is above it.")
    if sweep.forecast:
        sentences.append(f"The server's CPUs allow {capacity(sweep.forecast)}.")
    return sentences


def _among(numbers: Sequence[str]) -> str:
    return numbers[0] if len(numbers) == 1 else f"{', '.join(numbers[:-1])} and {numbers[-1]}"


def _more(names: Sequence[str]) -> str:
    return f"The charts of {text.named(names)} are in the section on scaling." if names else ""
