"""The head of the page: what was tested, when, on which machine, and by which code."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from urllib.parse import urlsplit

import pandas as pd

from loadstone import text
from loadstone.report.campaign import Campaign
from loadstone.results.run_record import RunRecord
from loadstone.suite.foreign_servers import CommandServer, ExternalServer
from loadstone.suite.settings import GunicornServer, Server
from loadstone.suite.urls import is_loopback

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
COMMIT_LENGTH = 7
"""Digits of a commit that are shown; the section on the method has all."""
MAX_TARGETS = 2
"""Servers that are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Title:
    """The head of the page."""

    name: str
    """What was tested."""
    facts: list[str]
    """When, on how many CPUs, by which code; each a few words."""


def title(campaign: Campaign) -> Title:
    """Take the suite's title, or name the servers that were tested."""
    target, given = tested(campaign), campaign.plan.suite.title
    if origin := imported(campaign):
        return Title(name=given or "Imported load tests", facts=[_when(campaign.records), origin])
    facts = [] if given is None or target.lower() in given.lower() else [target]
    return Title(name=given or target, facts=[*facts, *_facts(campaign)])


def imported(campaign: Campaign) -> str:
    """State from which logs the figures were imported; empty if Loadstone measured them."""
    found = [record.imported for record in campaign.records if record.imported is not None]
    if len(found) == 1:
        return found[0].sentence
    kinds = sorted({each.log for each in found})
    logs = f"{text.count(len(found))} {kinds[0]}s" if len(kinds) == 1 else f"{text.count(len(found))} logs"
    files = text.named([each.file for each in found], MAX_TARGETS)
    return f"imported from {logs}: {files}; not measured by Loadstone" if found else ""


def tested(campaign: Campaign) -> str:
    """Name the servers: the album API, a service's address, or the program that was started."""
    suite = campaign.plan.suite
    settings = [*suite.experiments.values(), *(search.settings for search in suite.capacity.values())]
    return text.named(list(dict.fromkeys(_target(each.server) for each in settings)), MAX_TARGETS)


def _target(server: Server) -> str:
    if isinstance(server, GunicornServer):
        return "Album API"
    if isinstance(server, CommandServer):
        return text.shortened(" ".join(takewhile(lambda word: not word.startswith("--"), server.argv)))
    parts = urlsplit(server.url)
    return text.shortened(f"{parts.netloc}{parts.path.rstrip('/')}")


def _facts(campaign: Campaign) -> Iterator[str]:
    records = campaign.records
    yield _when(records)
    yield f"{_cpus(records)}{', shared by server and Locust' if is_shared(campaign) else ''}"
    yield _commit(records)


def _when(records: Sequence[RunRecord]) -> str:
    return time_span(
        min(record.phases.server_started for record in records), max(record.phases.server_stopped for record in records)
    )


def time_span(begin: float, end: float) -> str:
    """Write the time between two moments in unix seconds: 28 Nov 2026, 00:56–01:10 UTC."""
    first, last = (pd.Timestamp(moment, unit="s", tz="UTC") for moment in (begin, end))
    until = f"{last:%H:%M}" if first.date() == last.date() else f"{_date(last)}, {last:%H:%M}"
    dash = "–" if first.date() == last.date() else " – "
    return f"{_date(first)}, {first:%H:%M}{dash}{until} UTC"


def _date(moment: pd.Timestamp) -> str:
    """Write a date, in English wherever it is read."""
    return f"{moment.day} {MONTHS[moment.month - 1]} {moment.year}"


def _cpus(records: Sequence[RunRecord]) -> str:
    machines = [record.machine for record in records if record.machine is not None]
    counts = sorted({machine.cores for machine in machines})
    quotas = {machine.cpu_quota for machine in machines} - {None}
    span = text.several(counts[0], "CPU") if len(counts) == 1 else f"{counts[0]} to {counts[-1]} CPUs"
    return f"{span}, limited to {text.figure(min(filter(None, quotas)))}" if quotas else span


def is_shared(campaign: Campaign) -> bool:
    """Whether server and load generator certainly ran on one machine."""
    return all(_is_near(settings.server) for settings in campaign.plan.experiments.values())


def _is_near(server: Server) -> bool:
    return not isinstance(server, ExternalServer) or is_loopback(server.host)


def _commit(records: Sequence[RunRecord]) -> str:
    commits = sorted({(record.source.commit or "")[:COMMIT_LENGTH] for record in records})
    changed = " with uncommitted changes" if any(record.source.dirty for record in records) else ""
    if len(commits) > 1:
        return f"{len(commits)} commits{changed}"
    return f"commit {commits[0]}{changed}" if commits[0] else "no commit"
