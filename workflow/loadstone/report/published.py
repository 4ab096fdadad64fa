"""The published table beside ours: what its own arithmetic says, what we measured, what the same server can do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from loadstone.analyse.audit import Audit, RowAudit, audit
from loadstone.analyse.bottleneck import ERRORS, INVALID
from loadstone.report import numbers
from loadstone.report.data import Campaign, PublishedTable
from loadstone.report.estimates import Estimate, estimated, mean
from loadstone.report.soundness import Doubt
from loadstone.report.tables import GET, POST, used_rows
from loadstone.report.verdicts import unusable
from loadstone.results.tables import RunKey
from loadstone.suite.hypotheses import ALL
from loadstone.suite.load_test_table import LoadTestRow, ThinkTimeRange
from loadstone.suite.settings import Load, Settings

NO_PART_OF_THE_SERVER = {"albums", "albums_max", "port"}
"""Settings in which two servers may differ and still be the same."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One published figure beside ours."""

    published: float
    ours: list[float]
    """One value a repeat."""

    @property
    def estimate(self) -> Estimate | None:
        """Mean of the repeats with its 95 % interval; None without a run that has the figure."""
        return mean(self.ours)

    @property
    def ratio(self) -> float | None:
        """Ours over theirs."""
        found = self.estimate
        return found.value / self.published if found and self.published else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """The most that the same server was seen to answer, in any experiment."""

    experiment: str
    verdict: str
    goodput: Estimate
    times: float | None
    """Over the published throughput."""
    other_mix: bool
    """Whether the users asked for other things there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRow:
    """One row of the published table and the experiment that repeats it."""

    row: str
    experiment: str
    load: Load
    runs: str
    """How many there were, and how many of them the means are of."""
    stated_users: float
    """What the published table says, which may be wrong."""
    throughput: Compared
    get_albums: Compared
    post_albums: Compared
    aggregated: Compared
    verdict: str
    reason: str | None
    """Why ours is not to be used."""
    audit: list[str]
    """What the row's own arithmetic says."""
    capacity: Capacity | None
    closed_loop: float | None
    """N / (Z + R), requests/s: what so many users can send at most, with the configured mean think time Z and the
    measured mean response time R (the interactive response time law; Denning & Buzen 1978)."""


def published_rows(campaign: Campaign, doubts: Mapping[RunKey, Sequence[Doubt]]) -> list[PublishedRow]:
    """Set the published table beside the experiments that repeat its rows."""
    wanted, table = campaign.plan.suite.published, campaign.published
    if wanted is None or table is None:
        return []
    found = audit_table(campaign)
    audits = {row.row.label: row for row in found.rows} if found else {}
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
    doubts: Mapping[RunKey, Sequence[Doubt]],
) -> PublishedRow:
    load = campaign.plan.suite.experiments[experiment].load
    theirs = table.figures[row]
    keys = campaign.runs_of(experiment)
    verdict = campaign.verdicts["experiments"][experiment]["verdict"]

    def compare(column: str, endpoint: str, ours: str) -> Compared:
        values = used_rows(campaign, experiment, endpoint)[ours].dropna().tolist()
        return Compared(theirs[column], values)

    aggregated = compare("aggregated_avg_ms", ALL, "mean_ms")
    return PublishedRow(
        row=row,
        experiment=experiment,
        load=load,
        runs=numbers.runs(len(campaign.used_of(experiment)), len(keys)),
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


def _closed_loop(load: Load, response: Estimate | None) -> float | None:
    if response is None or load.scheduled:
        return None
    cycle_s = load.mean_think_time_s + response.value / 1000
    return load.users / cycle_s if cycle_s else None


def audit_table(campaign: Campaign) -> Audit | None:
    """Audit the published rows with the think time that the suite gives their users; None without rows."""
    wanted, table = campaign.plan.suite.published, campaign.published
    if wanted is None or table is None or not table.rows:
        return None
    known = {row.strip(): _think_time(campaign.plan.suite.experiments[name].load) for name, row in wanted.rows.items()}
    think = {row: found for row, found in known.items() if found is not None}
    common = next(iter(think.values())) if len(think) == len(known) and len(set(think.values())) == 1 else None

    def timed(row: LoadTestRow) -> LoadTestRow:
        return row if row.think else replace(row, think=think.get(row.label, common))

    return audit([timed(row) for row in table.rows])


def _think_time(load: Load) -> ThinkTimeRange | None:
    """Give the users' think time, where it is one that the audit's arithmetic is about."""
    if load.scheduled or not isinstance(load.think_time, tuple):
        return None
    low, high = load.think_time
    return ThinkTimeRange(low=low, high=high)


def audit_texts(found: RowAudit) -> list[str]:
    """Say what the arithmetic of one row tells, then its contradictions."""
    stated, active = found.row.users, found.active_users
    contradictions = found.contradictions
    if found.bound == "fewer users" and active is not None:
        users = "one user" if round(active) == 1 else f"{numbers.figure(round(active))} users"
        first = f"{users} ({numbers.figure(active)} active of {numbers.plain(stated)} stated)"
        contradictions = [text for text in contradictions if "active" not in text]  # this one
    elif found.bound == "think time":
        first = f"think time: {numbers.figure(found.possible_rps)} possible"
    elif found.think_share is not None:
        first = f"undetermined: {numbers.percent(found.think_share)} of the users' time is think time"
    else:
        first = "too little is stated to tell"
    return [first, *contradictions]


def capacity(campaign: Campaign, experiment: str, published_rps: float) -> Capacity | None:
    """Find the highest goodput of all experiments with the same server, the number of its albums aside."""
    known = campaign.plan.experiments
    wanted = _same_server(known[experiment])
    best: Capacity | None = None
    for name in campaign.experiments:
        verdict = campaign.verdicts["experiments"][name]["verdict"]
        found = campaign.repeats["experiments"].get(name, {}).get("intervals", {}).get("goodput_rps")
        if verdict in (ERRORS, INVALID) or found is None or _same_server(known[name]) != wanted:
            continue
        goodput = estimated(found)
        if goodput is None:
            continue
        if best is None or goodput.value > best.goodput.value:
            best = Capacity(
                experiment=name,
                verdict=verdict,
                goodput=goodput,
                times=goodput.value / published_rps if published_rps else None,
                other_mix=known[name].load.mix != known[experiment].load.mix,
            )
    return best


def _same_server(settings: Settings) -> dict[str, object]:
    return settings.server.model_dump(exclude=NO_PART_OF_THE_SERVER)


def capacity_sentence(rows: Sequence[PublishedRow]) -> str:
    """Say how far the published rates are from what the same server can do."""
    times = [row.capacity.times for row in rows if row.capacity and row.capacity.times is not None]
    if not times:
        return ""
    low, high = min(times), max(times)
    span = numbers.figure(low) if low == high else f"{numbers.figure(low)} to {numbers.figure(high)}"
    return f"The same server was seen to answer {span} times the published rates."


def doubtful_sentence(table: PublishedTable | None) -> str:
    """Say why there is no audit, where the table doesn't allow one."""
    return f"The table can't be audited: {table.refusal}." if table and table.refusal else ""
