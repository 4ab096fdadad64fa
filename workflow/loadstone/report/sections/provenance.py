"""Where the figures come from: machine, code, suite."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from loadstone import text
from loadstone.plan.baselines import is_baseline
from loadstone.report.campaign import Campaign
from loadstone.report.doubts import Doubts, called
from loadstone.report.section import Section
from loadstone.results.run_record import Imported, RunRecord
from loadstone.suite.foreign_servers import ExternalServer
from loadstone.suite.settings import DEFAULT_KIND


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Facts about all runs; where runs differ, each distinct value."""

    machines: list[str]
    fresh: str
    """What is new in every run."""
    commits: list[str]
    dirty: bool
    """Whether tracked files differed from the commit in any run."""
    locks: list[str]
    versions: list[str]
    load_files: list[str]
    """Files of the users' own loads, each with its SHA-256."""
    load_versions: list[str]
    """Versions in the environments of locustfiles."""
    server_command: str
    """Command line of the server of the first run that is no baseline, or its address if Loadstone did not start it."""
    seed: int
    suite: str
    order: list[str]
    """All runs, in the order of measurement."""
    thresholds: list[tuple[str, str]]
    """Thresholds of the verdict rules."""
    commands: list[str]
    """Commands that measure the campaign again."""
    imported: list[str]
    """The logs that runs were imported from, with what was noted; none where Loadstone measured."""
    unknown: list[str]
    """What these logs do not show."""


def provenance(campaign: Campaign) -> Provenance:
    """Gather the facts about all runs."""
    records = campaign.records
    measured = [record for record in records if not is_baseline(record.run.experiment)]
    first = min(measured or records, key=lambda record: record.phases.server_started)
    return Provenance(
        machines=machines(campaign),
        fresh=_fresh(campaign),
        commits=_distinct(record.source.commit or "no git" for record in records),
        dirty=any(record.source.dirty for record in records),
        locks=_distinct(record.source.lock_sha256 or "none" for record in records),
        versions=_distinct(_versions(record) for record in records),
        load_files=_distinct(f"{path} {digest}" for record in records for path, digest in record.load_files.items()),
        load_versions=_distinct(_written(record.load_versions) for record in records if record.load_versions),
        seed=campaign.plan.suite.seed,
        server_command=_server(first),
        order=[
            f"{called(campaign.plan, record.run.experiment)}, repeat {record.run.repeat}"
            for record in sorted(records, key=lambda record: record.phases.server_started)
        ],
        thresholds=[(key, text.plain(value)) for key, value in campaign.plan.suite.thresholds],
        commands=list(_commands(records)),
        imported=[_log(record.imported) for record in records if record.imported is not None],
        unknown=list(dict.fromkeys(what for each in records if each.imported for what in each.imported.missing)),
        suite=json.dumps(campaign.plan.suite.model_dump(mode="json"), indent=1, ensure_ascii=False),
    )


def _fresh(campaign: Campaign) -> str:
    kinds = {settings.server.kind for settings in campaign.plan.experiments.values()}
    if kinds == {DEFAULT_KIND}:
        return "a fresh server, a fresh store and its own random seed"
    return "its own random seed" if "external" in kinds else "a freshly started server and its own random seed"


def machines(campaign: Campaign) -> list[str]:
    """Describe each machine that measured, in one line each."""
    return _distinct(_machine(record) for record in campaign.records)


def _server(record: RunRecord) -> str:
    server, command = record.run.server, record.commands.server or []
    if isinstance(server, ExternalServer):
        return f"{server.url}, not started by Loadstone"
    return " ".join(command[1:] if server.kind == DEFAULT_KIND else command)


def _log(imported: Imported) -> str:
    """Describe a log and how it was read, in one line."""
    notes = list(imported.notes)
    if imported.unreadable:
        notes.append(f"{text.several(imported.unreadable, 'row')} left out, the first is {imported.unreadable_first}")
    return f"{imported.log} {imported.file} (SHA-256 {imported.sha256}): {'; '.join(notes)}"


def _commands(records: Sequence[RunRecord]) -> Iterator[str]:
    """List the commands: check out the commit, if all runs have the same, and run the workflow."""
    commits = {record.source.commit for record in records}
    commit = commits.pop() if len(commits) == 1 else None
    if commit is not None:
        yield f"git checkout {commit}    # in a fresh clone"
    yield "make report    # SUITE=config/<suite>.yaml if it was not the default suite"


def _distinct(texts: Iterable[str]) -> list[str]:
    return sorted(set(texts))


def _versions(record: RunRecord) -> str:
    return _written(record.source.versions)


def _written(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def _machine(record: RunRecord) -> str:
    machine = record.machine
    if machine is None:
        return "unknown"
    quota = f", limited to {text.figure(machine.cpu_quota)}" if machine.cpu_quota else ""
    memory = text.figure(machine.memory_bytes / 2**30)
    return f"{machine.cpu_model}, {machine.cores} CPUs{quota}, {memory} GiB, {machine.system}"


def section(campaign: Campaign, _: Doubts) -> Section:
    """Where the figures come from, and how to measure them again."""
    return Section(anchor="provenance", title="Method and provenance", navigation="Method", view=provenance(campaign))
