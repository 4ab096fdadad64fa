"""Logs as a campaign's folder: read them, lay out a plan, write the runs, and summarise and analyse them."""

import contextlib
import os
import re
import shutil
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from loadstone.analyse.stage import AnalysisFiles, analyse_campaign
from loadstone.errors import SuiteError, SystemFault, TableError
from loadstone.figures.source import open_source
from loadstone.files import write_text
from loadstone.imports.course import Span
from loadstone.imports.gatling import GatlingLog, refuse_binary
from loadstone.imports.jtl import JMeterLog, injectors
from loadstone.imports.log import Log
from loadstone.imports.request_log import RequestLog
from loadstone.imports.run import ImportedLog, Stated, load_of, record_of
from loadstone.imports.store import digest, store_requests
from loadstone.plan.schedule import Plan, make_plan
from loadstone.results.campaign_folder import IMPORTED_MARK
from loadstone.results.processes import SAMPLE_SCHEMA
from loadstone.results.run_record import write_record
from loadstone.suite.foreign_servers import ExternalServer
from loadstone.suite.load_settings import Load
from loadstone.suite.model import MAX_TITLE, Level, Suite, Sweep
from loadstone.suite.repeats import fixed
from loadstone.suite.settings import Settings
from loadstone.suite.types import check_name
from loadstone.summarise.stage import summarise_folder
from loadstone.text import named, several, short

UNKNOWN_SERVER = "http://imported.invalid"
"""Stands for the server of a log, whose address is unknown: a name that no host can have (RFC 2606)."""
KINDS = (JMeterLog, GatlingLog, RequestLog)
MAX_RUNS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the command line asks for."""

    files: Sequence[Path]
    into: Path
    stated: Stated
    name: str | None = None
    """Experiment whose repeats all files are."""
    sweep: str | None = None
    """Sweep over the number of users, whose levels the files are."""


def import_logs(wishes: Wishes) -> Generator[str, None, None]:
    """Write the campaign's folder, whole or not at all; yield a line for each log and one for the folder.

    Raises `TableError` if a log cannot be used, `SuiteError` if an option cannot.
    """
    into = wishes.into
    _check(wishes)
    with SystemFault.at(into), _new_folder(into) as folder:
        logs = [_read(path, folder / "read" / str(place), wishes.stated) for place, path in enumerate(wishes.files)]
        experiments = _name(logs, wishes)
        plan = make_plan(_suite(experiments, wishes.sweep))
        results = folder / "results"
        by_path = {each.path: folder / "read" / str(place) for place, each in enumerate(logs)}
        for run in plan.runs:
            imported = experiments[run.experiment][run.repeat - 1]
            target = results / "runs" / run.experiment / str(run.repeat)
            target.parent.mkdir(parents=True, exist_ok=True)
            by_path[imported.path].rename(target)
            pq.write_table(pa.Table.from_batches([], schema=SAMPLE_SCHEMA), target / "processes.parquet")
            record = record_of(imported, run)
            write_record(record, target / "run.json")
            summary = summarise_folder(record, target)
            summary.write(results / "summaries" / run.experiment / str(run.repeat))
            yield _line(imported, run.experiment, run.repeat, summary.window)
            yield from (f"  {note}" for note in imported.notes)
        _write_results(plan, results)
        shutil.rmtree(folder / "read")
    yield f"{into}: {several(len(plan.runs), 'run')} of {several(len(experiments), 'experiment')}"


def _write_results(plan: Plan, results: Path) -> None:
    write_text(results / "plan.json", plan.model_dump_json(indent=1) + "\n")
    names = ("summary.csv", "verdicts.json", "scaling.json", "repeats.json", "hypotheses.json")
    summary, verdicts, scaling, repeats, hypotheses = (results / name for name in names)
    analyse_campaign(plan, results / "summaries", None).write(
        AnalysisFiles(summary=summary, verdicts=verdicts, scaling=scaling, repeats=repeats, hypotheses=hypotheses)
    )
    write_text(results / IMPORTED_MARK, "These results were imported, not measured: see run.json of each run.\n")


def _check(wishes: Wishes) -> None:
    """Check everything that can be checked before a log is read."""
    into = wishes.into
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        what = "is not empty" if into.is_dir() else "is a file"
        raise SuiteError(f"--into: {into} {what}; allowed: a new folder, or an empty one")
    if wishes.name is not None and wishes.sweep is not None:
        raise SuiteError("--name, --sweep: both are given; allowed: one of the two")
    for option, name in (("--name", wishes.name), ("--sweep", wishes.sweep)):
        if name is not None:
            try:
                check_name(name)
            except ValueError as error:
                raise SuiteError(f"{option}: {short(name)} is not allowed; allowed: {error}") from None
    if len(wishes.files) > MAX_RUNS:
        raise SuiteError(f"{len(wishes.files):,} files; allowed: at most {MAX_RUNS:,}")
    seen: dict[Path, Path] = {}
    for path in wishes.files:
        if other := seen.get(path.resolve()):
            raise SuiteError(f"{path}: the same file as {other}, which would count twice")
        seen[path.resolve()] = path
    if wishes.stated.think_time is not None:
        try:
            Load(imported="JMeter", user="other", users=1, spawn_rate=1.0, think_time=wishes.stated.think_time)
        except ValidationError as error:
            allowed = error.errors()[0]["msg"].removeprefix("Value error, ")
            raise SuiteError(f"--think-time: not allowed; allowed: {allowed}") from None


@contextlib.contextmanager
def _new_folder(into: Path) -> Iterator[Path]:
    """Yield a temporary folder next to `into`, which it becomes at the end of the block; remove it if that fails."""
    into.absolute().parent.mkdir(parents=True, exist_ok=True)
    folder = into.absolute().with_name(f".{into.absolute().name}.{os.getpid()}.new")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
        if into.exists():
            into.rmdir()
        folder.rename(into)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def recognise(path: Path) -> Log:
    """Find out what a log is. Raises `TableError` if it is none that can be imported."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise TableError(f"{path}: no regular file; a log is read several times: write it to a file")
    refuse_binary(path)
    source = open_source(path)
    for kind in KINDS:
        log: Log | None = kind.recognise(source)
        if log is not None:
            return log
    raise TableError(
        f"{path}: not a log of single requests that can be imported; allowed: a JMeter .jtl as CSV, a Gatling "
        "simulation.log as text, or a CSV file with timestamp, name, response_time and success; loadstone audit reads "
        "summaries"
    )


def _read(path: Path, folder: Path, stated: Stated) -> ImportedLog:
    log = recognise(path)
    if isinstance(log, JMeterLog) and stated.users is None and injectors(log):
        raise TableError(f"{path}: several machines sent the load, and each counts its own threads; add --users N")
    folder.mkdir(parents=True)
    stored = store_requests(log, str(path), folder / "requests.parquet")
    span = stored.course.span()
    if stated.users is not None:
        span = Span(begin=span.begin, end=span.end, whole=span.whole, changes=(), most=stated.users)
    imported = ImportedLog(path=path, sha256=digest(path), log=log, stored=stored, span=span, stated=stated)
    imported.check()
    _ = imported.users  # raises if it is unknown
    return imported


def _name(logs: Sequence[ImportedLog], wishes: Wishes) -> Mapping[str, list[ImportedLog]]:
    """Put the logs into experiments: by the file's name, by `--name`, or by the number of users for `--sweep`."""
    experiments: dict[str, list[ImportedLog]] = {}
    for each in logs:
        of_sweep = None if wishes.sweep is None else f"{wishes.sweep}={each.users}"
        name = of_sweep or wishes.name or _from_file(each.path)
        others = experiments.setdefault(name, [])
        if others and wishes.name is None and wishes.sweep is None:
            raise SuiteError(
                f"{each.path}: the same name as {others[0].path}, {name}; allowed: --name {name} if they are repeats "
                "of one test, or files with different names"
            )
        if others and (others[0].users, others[0].log.tool) != (each.users, each.log.tool):
            raise SuiteError(
                f"{each.path}: {several(each.users, 'user')} of {each.log.tool}, but {others[0].path} has "
                f"{several(others[0].users, 'user')} of {others[0].log.tool}: no repeats of one test; allowed: import "
                "them without --name"
            )
        others.append(each)
    for repeats in experiments.values():
        repeats.sort(key=lambda each: each.stored.course.first)
    if wishes.sweep is not None and len(experiments) < 2:
        raise SuiteError("--sweep: all files have the same number of users; allowed: at least two numbers of users")
    return experiments


def _from_file(path: Path) -> str:
    """Make a name of a file's: `Load test 1.jtl` becomes Load-test-1; Gatling's logs are named by their folder."""
    stem = path.resolve().parent.name if path.name == "simulation.log" else path.stem
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:64]
    try:
        return check_name(name)
    except ValueError:
        raise SuiteError(f"{path}: its name cannot name an experiment; add --name NAME") from None


def _suite(experiments: Mapping[str, list[ImportedLog]], sweep: str | None) -> Suite:
    """Describe what is known of the tests as a suite."""
    sweeps = {}
    if sweep is not None:
        levels = sorted((logs[0].users, name) for name, logs in experiments.items())
        found = tuple(Level(value=users, experiment=name) for users, name in levels)
        sweeps = {sweep: Sweep(vary="load.users", fit=("usl",), levels=found)}
    names = [sweep] if sweep is not None else sorted(experiments)
    return Suite(
        title=named(names, 2)[:MAX_TITLE],
        seed=1,
        experiments={name: _settings(logs) for name, logs in experiments.items()},
        sweeps=sweeps,
        baselines=False,
        published=None,
    )


def _settings(logs: list[ImportedLog]) -> Settings:
    """Describe an experiment. Its duration is the mean over its logs; each run's record has its own."""
    return Settings.model_construct(
        duration=round(sum(each.duration for each in logs) / len(logs), 3),
        warm_up=0.0,
        server=ExternalServer(url=UNKNOWN_SERVER, allow_remote=True),
        load=load_of(logs),
        repeats=fixed(len(logs)),
    )


def _line(imported: ImportedLog, experiment: str, repeat: int, window: tuple[float, float]) -> str:
    """State in one line what was read."""
    line = (
        f"{imported.path}: {imported.log.kind}, {several(imported.stored.requests, 'request')}, "
        f"{several(imported.users, 'user')}, window of {window[1] - window[0]:.3g} s: {experiment}, repeat {repeat}"
    )
    if imported.stored.unreadable:
        line += f"; {several(imported.stored.unreadable, 'row')} left out, the first is "
        line += imported.stored.first_unreadable
    return line
