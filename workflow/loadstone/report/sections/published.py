"""The published table next to ours: its own arithmetic, our measurements, and the same server's rate without pauses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from loadstone import text
from loadstone.analyse.audit import Audit
from loadstone.analyse.audit_row import CAPACITY, RowAudit
from loadstone.analyse.audit_wording import active_text
from loadstone.analyse.published_rows import audit_published
from loadstone.report.campaign import GET, POST, Campaign, PublishedTable
from loadstone.report.charts import published as charts
from loadstone.report.charts.published import MEASURED, POSSIBLE, PUBLISHED, SERVER
from loadstone.report.doubts import Doubts, unusable
from loadstone.report.means import Mean, estimated, mean
from loadstone.report.section import Section, drawn
from loadstone.suite.hypotheses import ALL
from loadstone.suite.load_settings import Load
from loadstone.suite.settings import Settings
from loadstone.suite.verdict import Verdict
from loadstone.theory.closed_run import Account

NO_PART_OF_THE_SERVER = {"albums", "albums_max", "port"}
"""Settings in which two experiments may differ and still have the same server."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One published figure next to ours."""

    published: float
    ours: list[float]
    """One value per repeat."""

    @property
    def estimate(self) -> Mean | None:
        """Geometric mean of the repeats with its 95 % interval; None if no run has the figure."""
        return mean(self.ours)

    @property
    def ratio(self) -> float | None:
        """Ours over theirs."""
        mean_of_ours = self.estimate
        return mean_of_ours.value / self.published if mean_of_ours and self.published else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerCapacity:
    """The highest rate that the same server reached with as many users, who do not pause."""

    experiment: str
    verdict: Verdict
    goodput: Mean
    times: float | None
    """Over the published throughput."""
    other_mix: bool
    """Whether the mix of requests was another one there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRow:
    """One row of the published table and the experiment that repeats it."""

    row: str
    experiment: str
    load: Load
    runs: str
    """How many runs there were, and how many of them the means take in."""
    stated_users: float
    """The number in the published table, which may be wrong."""
    throughput: Compared
    get_albums: Compared
    post_albums: Compared
    aggregated: Compared
    verdict: str
    reason: str | None
    """Why our figures must not be used; None where they can be."""
    audit: list[str]
    """What follows from the row by arithmetic."""
    capacity: ServerCapacity | None
    closed_loop: float | None
    """N / (Z + R), requests/s: the most that this number of users can send, by the configured mean think time Z and the
    measured mean response time R (the interactive response time law; Denning & Buzen 1978)."""


def published_rows(campaign: Campaign, doubts: Doubts) -> list[PublishedRow]:
    """Compare the published rows with the experiments that repeat them."""
    wanted, table = campaign.plan.suite.published, campaign.published
    if wanted is None or table is None:
        return []
    audited = audit_table(campaign)
    audits = {row.row.label: row for row in audited.rows} if audited else {}
    return [
        _row(campaign, table, name, wanted.rows[name], audits, doubts)
        for name in campaign.experiments
        if wanted.rows.get(name) in table.figures
    ]


def _row(
    campaign: Campaign,
    table: PublishedTable,
    experiment: str,
    row: str,
    audits: Mapping[str, RowAudit],
    doubts: Doubts,
) -> PublishedRow:
    load = campaign.plan.suite.experiments[experiment].load
    theirs = table.figures[row]
    keys = campaign.runs_of(experiment)
    verdict = campaign.verdicts.experiments[experiment].verdict

    def compare(column: str, endpoint: str, ours: str) -> Compared:
        values = used_rows(campaign, experiment, endpoint)[ours].dropna().tolist()
        return Compared(theirs[column], values)

    aggregated = compare("aggregated_avg_ms", ALL, "mean_ms")
    return PublishedRow(
        row=row,
        experiment=experiment,
        load=load,
        runs=text.runs(len(campaign.used_of(experiment)), len(keys)),
        stated_users=theirs.get("users", float(load.users)),
        throughput=compare("rps", ALL, "throughput_rps"),
        get_albums=compare("get_albums_avg_ms", GET, "mean_ms"),
        post_albums=compare("post_albums_avg_ms", POST, "mean_ms"),
        aggregated=aggregated,
        verdict=verdict,
        reason=unusable(verdict, [doubt for key in keys for doubt in doubts[key]]),
        audit=audit_texts(audits[row.strip()]) if row.strip() in audits else [],
        capacity=capacity(campaign, experiment, theirs["rps"]),
        closed_loop=_closed_loop(load, aggregated.estimate),
    )


def _closed_loop(load: Load, response: Mean | None) -> float | None:
    if response is None or load.scheduled:
        return None
    if load.think_time is None:
        return None
    cycle_s = load.mean_think_time_s + response.value / 1000
    return load.users / cycle_s if cycle_s else None


def audit_table(campaign: Campaign) -> Audit | None:
    """Audit the published rows with the think time that the suite gives their users; None without rows."""
    table = campaign.published
    if campaign.plan.suite.published is None or table is None or not table.rows:
        return None
    return audit_published(campaign.plan.suite, table.rows)


def audit_texts(audited: RowAudit) -> list[str]:
    """State what follows from one row by arithmetic, then its contradictions."""
    stated, active = audited.row.users, audited.active_users
    contradictions = [each for each in audited.contradictions if each != audited.missing_users]
    if audited.missing_users and active is not None:
        first = f"{active_text(active)} ({text.figure(active)} active of {text.plain(stated)} stated)"
    elif audited.bound == Verdict.THINK_TIME:
        first = f"{Verdict.THINK_TIME.as_limit}: {text.figure(audited.possible_rps)} possible"
    elif audited.bound != Verdict.UNDETERMINED and audited.account is not Account.UNKNOWN:
        first = f"limited by {CAPACITY}" if audited.bound == CAPACITY else Verdict(audited.bound).as_limit
    elif audited.think_share is not None and audited.account is not Account.IMPOSSIBLE:
        first = f"{Verdict.UNDETERMINED}: users pause for {text.percent(audited.think_share)} of their time"
    else:
        first = "the row states too little to decide"
    return [first, *contradictions]


def capacity(campaign: Campaign, experiment: str, published_rps: float) -> ServerCapacity | None:
    """Find the highest goodput with the same server, the number of its albums aside, and as many users without pauses.

    With another number of users as well, the two rates would differ for two reasons. None without such an experiment.
    """
    known = campaign.plan.experiments
    wanted = _same_server(known[experiment])
    best: ServerCapacity | None = None
    for name in campaign.experiments:
        verdict = campaign.verdicts.experiments[name].verdict
        interval = campaign.interval_of(name, "goodput_rps")
        if not verdict.is_sound or interval is None or _same_server(known[name]) != wanted:
            continue
        if not _differs_by_pauses(known[name].load, known[experiment].load):
            continue
        goodput = estimated(interval, campaign.values_of(name, "goodput_rps"))
        if goodput is None:
            continue
        if best is None or goodput.value > best.goodput.value:
            best = ServerCapacity(
                experiment=name,
                verdict=verdict,
                goodput=goodput,
                times=goodput.value / published_rps if published_rps else None,
                other_mix=_requests(known[name].load) != _requests(known[experiment].load),
            )
    return best


def _differs_by_pauses(load: Load, other: Load) -> bool:
    """Whether a load has as many users as another, and they never pause, unlike the other's."""
    if load.scheduled or load.think_time is None or load.users != other.users or load.mean_think_time_s > 0:
        return False
    return other.think_time is not None and other.mean_think_time_s > 0


def _requests(load: Load) -> tuple[object, ...]:
    return load.mix, load.requests, load.locustfile, load.classes


def _same_server(settings: Settings) -> dict[str, object]:
    return settings.server.model_dump(exclude=NO_PART_OF_THE_SERVER)


def capacity_sentence(rows: Sequence[PublishedRow]) -> str:
    """State how far the published rates are from those of as many users without pauses."""
    times = [row.capacity.times for row in rows if row.capacity and row.capacity.times is not None]
    if not times:
        return ""
    low, high = min(times), max(times)
    span = text.figure(low) if low == high else f"{text.figure(low)} to {text.figure(high)}"
    return f"Without pauses, as many users got {span} times the published rates from the same server."


def doubtful_sentence(table: PublishedTable | None) -> str:
    """State why there is no audit, where the table does not allow one."""
    return f"The table cannot be audited: {table.refusal}." if table and table.refusal else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedView:
    """What the section shows."""

    rows: list[PublishedRow]
    capacity: str
    findings: list[str]
    """What follows from the published table by arithmetic."""
    no_audit: str
    """Why there is no audit; empty where there is one."""
    albums: bool
    """Whether any load requests the album API's endpoints."""


def section(campaign: Campaign, doubts: Doubts) -> Section | None:
    """Published figures next to measured ones."""
    rows = published_rows(campaign, doubts)
    if not rows:
        return None
    audited = audit_table(campaign)
    view = PublishedView(
        rows=rows,
        capacity=capacity_sentence(rows),
        findings=list(audited.findings) if audited else [],
        albums=any(row.load.mix is not None for row in rows),
        no_audit=doubtful_sentence(campaign.published),
    )
    shown = drawn({"published": charts.published(rates(rows))})
    return Section(anchor="published", title="Published and measured", navigation="Published", view=view, charts=shown)


def rates(rows: Sequence[PublishedRow]) -> pd.DataFrame:
    """Lay out the rates of each published row: row, kind, rps, times (the server's rate over the published one)."""
    records = []
    for row in rows:
        ours, capacity = row.throughput.estimate, row.capacity
        records += [
            (row.row, PUBLISHED, row.throughput.published, ""),
            (row.row, MEASURED, ours.value if ours else None, ""),
            (row.row, POSSIBLE, row.closed_loop, ""),
        ]
        if capacity is not None and capacity.times is not None:
            records.append((row.row, SERVER, capacity.goodput.value, text.ratio(capacity.times)))
    table = pd.DataFrame(records, columns=["row", "kind", "rps", "times"]).dropna()
    return table[table["rps"] > 0]


def used_rows(campaign: Campaign, experiment: str, endpoint: str) -> pd.DataFrame:
    """Pick the rows of one experiment and endpoint in the runs that count, one per repeat."""
    table = campaign.summary
    used = [repeat for _, repeat in campaign.used_of(experiment)]
    return table[(table["experiment"] == experiment) & (table["endpoint"] == endpoint) & table["repeat"].isin(used)]
