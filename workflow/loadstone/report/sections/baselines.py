"""Baselines of the verdicts: each server's unloaded response time, and each load generator's ceiling."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from loadstone import text
from loadstone.analyse.shares import WHOLE
from loadstone.analyse.unloaded import typical_response_s
from loadstone.plan.baselines import CEILING, UNLOADED
from loadstone.report.campaign import Campaign
from loadstone.report.doubts import Doubts, used_by
from loadstone.report.section import Section
from loadstone.suite.describe import describe_requests
from loadstone.suite.differences import flatten
from loadstone.suite.foreign_servers import CommandServer, ExternalServer
from loadstone.suite.settings import Server

ALWAYS_NAMED = {"server.store", "server.workers", "server.threads", "server.albums", "server.albums_max", "server.app"}
"""Settings that a server's description always contains, or does not need."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unloaded:
    """The response time of one server to a single user who hardly waits between requests."""

    server: str
    client: str
    mix: str
    """The requests and their weights, or the locustfile that sends them."""
    response_ms: float | None
    requests: float | None
    problem: str | None
    """Why it is not used; None where it is sound."""
    experiments: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling:
    """The rate that one load generator sends to a server that answers at once, and its cost."""

    client: str
    workers: int
    rps: float
    busiest_cpu: float | None
    host: float | None
    at_limit: bool
    """Whether the generator was at its limit, so that the rate is a ceiling."""
    answer: str
    """The same in words."""
    problem: str | None
    """Why the run is not sound; None where it is."""
    cpu_ms: float | None
    """CPU time per request, over all its workers."""
    switches: float | None
    """Context switches per request, over all its workers."""
    experiments: list[str]


def unloaded(campaign: Campaign) -> list[Unloaded]:
    """List the unloaded response times, the shortest first."""
    names = [name for name in campaign.plan.added if name.startswith(UNLOADED)]
    settings = {name: campaign.plan.added[name] for name in names}
    varying = _varying([flatten(each) for each in settings.values()])
    rows = []
    for name, baseline in settings.items():
        key = campaign.runs_of(name)[0]
        signals = campaign.signals[key]
        rows.append(
            Unloaded(
                server=describe(baseline.server, varying),
                client=baseline.load.user,
                mix=describe_requests(baseline.load),
                response_ms=1000 * typical_response_s(signals) if signals.requests else None,
                requests=signals.requests,
                problem=_problem(campaign, name),
                experiments=used_by(campaign.plan, name),
            )
        )
    return sorted(rows, key=lambda row: (row.client, row.response_ms or 0.0))


def _problem(campaign: Campaign, name: str) -> str | None:
    """State why a baseline is not used; None where it is sound."""
    key = campaign.runs_of(name)[0]
    judged = campaign.judged[key]
    if judged.verdict.is_sound:
        return None
    remark = campaign.windows[key].remark or judged.sentence.rstrip(".") or judged.remark
    return f"{judged.verdict}: {remark}" if remark else judged.verdict


def _varying(all_settings: Sequence[dict[str, object]]) -> set[str]:
    """Find the keys in which settings differ."""
    keys = {key for each in all_settings for key in each}
    return {key for key in keys if len({str(each.get(key)) for each in all_settings}) > 1}


def describe(server: Server, varying: set[str]) -> str:
    """Describe a server in one line: store, processes, threads, albums, and other differing settings."""
    if isinstance(server, ExternalServer):
        return f"{server.url}, not started by Loadstone"
    if isinstance(server, CommandServer):
        return shlex.join(server.argv)
    if server.app == "constant":
        return f"a constant answer, {text.several(server.workers, 'worker')}"
    threads = f" × {text.several(server.threads, 'thread')}" if server.worker_class == "gthread" else ""
    parts = [server.store, text.several(server.workers, "worker") + threads, text.several(server.albums, "album")]
    if server.albums_max is not None and server.albums_max > server.albums:
        parts[-1] += f" to {text.count(server.albums_max)}"
    more = sorted(key for key in varying - ALWAYS_NAMED if key.startswith("server."))
    for key in (key.removeprefix("server.") for key in more):
        value = getattr(server, key, None)
        if value is not None:
            parts.append(f"{key}: {_written(value)}")
    return ", ".join(parts)


def _written(value: object) -> str:
    if hasattr(value, "model_dump"):
        return "/".join(text.plain(part) for part in value.model_dump().values())
    return text.plain(value)


def ceilings(campaign: Campaign) -> list[Ceiling]:
    """List the ceilings of the load generators, by client and number of workers."""
    rows = [_ceiling(campaign, name) for name in campaign.plan.added if name.startswith(CEILING)]
    return sorted(rows, key=lambda row: (row.client, row.workers))


def _ceiling(campaign: Campaign, name: str) -> Ceiling:
    key = campaign.runs_of(name)[0]
    signals, load = campaign.signals[key], campaign.plan.added[name].load
    users = used_by(campaign.plan, name)
    table = campaign.processes
    mine = table[(table["experiment"] == name) & (table["repeat"] == key[1]) & (table["role"] == "load-worker")]
    switches = float((mine["voluntary_per_s"] + mine["involuntary_per_s"]).sum(min_count=1))
    known = signals.throughput > 0
    # the analysis passes the rate on to experiments only where it was a ceiling
    at_limit = any(campaign.signals[run].generator_ceiling for user in users for run in campaign.runs_of(user))
    return Ceiling(
        client=load.user,
        workers=load.workers,
        rps=signals.throughput,
        busiest_cpu=signals.generator,
        host=signals.host,
        at_limit=at_limit,
        answer=_answer(campaign, name, at_limit),
        problem=_problem(campaign, name),
        cpu_ms=1000 * sum(signals.generator_cpu) / signals.throughput if known and signals.generator_cpu else None,
        switches=switches / signals.throughput if known else None,
        experiments=users,
    )


def _answer(campaign: Campaign, name: str, at_limit: bool) -> str:
    """State whether the rate is a ceiling and what was at its limit, or why it is not."""
    key = campaign.runs_of(name)[0]
    limit = campaign.plan.suite.thresholds.saturated
    if at_limit:
        at = "yes: a Locust worker" if (campaign.signals[key].generator or 0.0) >= limit else "yes: all CPUs"
        return at + _exceeded(campaign, name)
    if not campaign.judged[key].verdict.is_sound:
        return "no: the run is not sound"
    host = campaign.signals[key].host
    if host is not None and host >= limit:
        return "no: the machine's CPUs were all busy before a Locust worker was"
    return "no: nothing was at its limit"


def _exceeded(campaign: Campaign, name: str) -> str:
    """State by how much the runs that have this ceiling sent more than it allows; empty where none did."""
    runs = [run for user in used_by(campaign.plan, name) for run in campaign.used_of(user)]
    highest = max((campaign.signals[run].throughput for run in runs), default=0.0)
    if highest < WHOLE * campaign.signals[campaign.runs_of(name)[0]].throughput:
        return ""
    return f", but an experiment sent {text.figure(highest)}: the ceiling is higher than this rate"


def client_sentences(rows: Sequence[Ceiling]) -> list[str]:
    """State the cost of a request for each client, and compare clients with equal numbers of workers."""
    by_client: dict[str, list[Ceiling]] = {}
    for row in rows:
        if row.cpu_ms is not None:
            by_client.setdefault(row.client, []).append(row)
    sentences = [
        f"{client}: {_span([row.cpu_ms for row in mine])} ms of CPU and "
        f"{_span([row.switches for row in mine])} context switches per request."
        for client, mine in by_client.items()
    ]
    workers = {row.workers: row for row in by_client.get("HttpUser", [])}
    pairs = [(workers[row.workers], row) for row in by_client.get("FastHttpUser", []) if row.workers in workers]
    pairs.sort(key=lambda pair: not (pair[0].at_limit and pair[1].at_limit))
    for slow, fast in pairs[:1]:
        if slow.cpu_ms and fast.cpu_ms:
            times = text.ratio(slow.cpu_ms / fast.cpu_ms)
            sentences.append(
                f"With {text.several(slow.workers, 'worker')}, HttpUser uses {times} the CPU of FastHttpUser."
            )
    return sentences


def _span(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return "–"
    low, high = text.figure(min(known)), text.figure(max(known))
    return low if low == high else f"{low} to {high}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselinesView:
    """What the section shows."""

    unloaded: list[Unloaded]
    ceilings: list[Ceiling]
    clients: list[str]
    own_loads: bool
    """Whether a load is none of the album API's mixes."""
    saturated: float
    """Share of a CPU from which a Locust worker is at its limit."""


def section(campaign: Campaign, _: Doubts) -> Section | None:
    """What verdicts are judged against; None where nothing was measured."""
    generators = ceilings(campaign)
    view = BaselinesView(
        unloaded=unloaded(campaign),
        ceilings=generators,
        clients=client_sentences(generators),
        own_loads=any(campaign.plan.experiments[name].load.mix is None for name in campaign.experiments),
        saturated=campaign.plan.suite.thresholds.saturated,
    )
    if not view.unloaded and not view.ceilings:
        return None
    return Section(anchor="baselines", title="Method: baselines", view=view)
