"""Read a campaign's folder for a comparison: its plan, its results, and the machine and source it was measured with.

plan.json, summary.csv, verdicts.json and the run.json of each run are read. They must belong together: a campaign whose
suite was changed and that was not finished has results of the old suite next to the new plan. What shows whether the
machine was busy is read if it is there: the signals of each run, repeats.json and noise.json.
"""

import csv
import hashlib
import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson

from loadstone.compare.model import DIRTY, METRICS, CampaignResults, ExperimentResult, RunResult
from loadstone.compare.wording import MAX_NAMED
from loadstone.errors import ResultError, TableError
from loadstone.plan.baselines import is_baseline
from loadstone.plan.file import read_plan
from loadstone.plan.schedule import Plan
from loadstone.results.campaign_folder import FINISH_FIRST, check_runs
from loadstone.results.integrity import check_sums
from loadstone.results.noise import read_checks
from loadstone.results.repeats import read_repeats
from loadstone.results.run_record import RunRecord, read_record
from loadstone.results.signals import read_signals
from loadstone.results.tables import RunKey
from loadstone.results.verdicts import RunVerdict, read_verdicts
from loadstone.suite.differences import dotted_keys
from loadstone.suite.hypotheses import ALL
from loadstone.suite.settings import Settings
from loadstone.suite.verdict import Verdict
from loadstone.text import named

MAX_KINDS = 2
"""Kinds of failure that a reason names."""

SUITE_KEYS = {"seed", "baselines", "thresholds"}
"""Settings for all experiments that affect results: what users request, and the thresholds of verdicts."""

COLUMNS = ("experiment", "repeat", "endpoint", "requests", "failures", *METRICS)


@dataclass(frozen=True, slots=True)
class _Row:
    """A run's row of `summary.csv` for all endpoints together."""

    requests: float
    failures: float
    kinds: list[str]
    """Kinds of failure, the most frequent first."""
    metrics: dict[str, float]


def read_campaign(results: Path) -> CampaignResults:
    """Read what is compared. Raises `ResultError` if a file is missing or damaged, or does not fit the other files."""
    plan = read_plan(results / "plan.json")
    check_sums([results], ("summary.csv", "verdicts.json"))
    rows = _read_rows(results / "summary.csv")
    verdicts = read_verdicts(results / "verdicts.json")
    judged = {(run.experiment, run.repeat): run for run in verdicts.runs}
    for file, keys in (("summary.csv", rows.keys()), ("verdicts.json", judged.keys())):
        check_runs(results / file, plan, keys)
    names = [name for name in plan.experiments if not is_baseline(name)]
    if missing := [name for name in names if name not in verdicts.experiments]:
        raise ResultError(f"{results / 'verdicts.json'}: no verdict for {named(missing, MAX_NAMED)}: {FINISH_FIRST}")
    records = _read_records(results, plan)
    return CampaignResults(
        experiments={
            name: ExperimentResult(
                runs=tuple(
                    _run(rows[key], judged[key], records[key], _others_share(results, records[key]))
                    for key in sorted(judged)
                    if key[0] == name
                ),
                verdict=verdicts.experiments[name].verdict,
                parties=verdicts.experiments[name].parties,
                settings=_settings(plan.experiments[name]),
            )
            for name in names
        },
        suite=dict(dotted_keys(plan.suite.model_dump(mode="json", include=SUITE_KEYS))),
        environment=_environment(list(records.values())),
        drift=_read_drift(results / "repeats.json"),
        spin_ms=_read_spin(results / "noise.json"),
        imported=named([f"{o.log} {o.file}" for each in records.values() if (o := each.imported)], MAX_NAMED),
    )


def _settings(settings: Settings) -> dict[str, object]:
    """List the settings of an experiment; of an imported one without the times that its log happened to take."""
    found = dict(dotted_keys(settings.model_dump(mode="json")))
    left_out = ("duration", "load.spawn_rate") if settings.load.imported is not None else ()
    return {key: value for key, value in found.items() if key not in left_out}


def _read_drift(path: Path) -> float | None:
    """Return the campaign's change of throughput, where it is worth naming."""
    if not path.exists():
        return None
    drift = read_repeats(path).drift
    return drift.change if drift is not None and drift.named else None


def _read_spin(path: Path) -> float | None:
    """Return the median time of the noise checks' spin, in ms; None if there is none.

    Nothing depends on the file, so one that cannot be read counts as missing. Spins of several versions of Python
    cannot be compared.
    """
    try:
        checks = read_checks(path)
    except ResultError:
        return None
    spins = [check.spin_ms for check in checks if check.spin_ms is not None]
    return statistics.median(spins) if spins and len({check.python for check in checks}) == 1 else None


def read_shares(results: Path, plan: Plan) -> dict[RunKey, float]:
    """Read which share of the machine each run of a plan left to others, where that was recorded.

    Raises `ResultError` if a file is damaged.
    """
    shares = {}
    for run in plan.runs:
        folder = results / "runs" / run.experiment / str(run.repeat)
        if (folder / "run.json").exists():
            shares[run.experiment, run.repeat] = _others_share(results, read_record(folder / "run.json"))
    return {run: share for run, share in shares.items() if share is not None}


def _others_share(results: Path, record: RunRecord) -> float | None:
    """Return the share of the machine that a run left to others; None if that was not recorded."""
    path = results / "summaries" / record.run.experiment / str(record.run.repeat) / "signals.json"
    if not path.exists():
        return None
    try:
        signals = read_signals(path)
    except TableError as error:
        raise ResultError(str(error.lines[0])) from None
    if signals.other_cpus is None or record.cores is None:
        return None
    return signals.other_cpus / record.cores + (signals.host_steal or 0.0)


def _read_records(results: Path, plan: Plan) -> dict[RunKey, RunRecord]:
    records = {}
    for run in plan.runs:
        path = results / "runs" / run.experiment / str(run.repeat) / "run.json"
        record = read_record(path)
        if record.run != run:
            raise ResultError(f"{path}: measured with settings that differ from plan.json: {FINISH_FIRST}")
        records[run.experiment, run.repeat] = record
    return records


def _read_rows(path: Path) -> dict[RunKey, _Row]:
    """Read each run's row for all endpoints together."""
    rows: dict[RunKey, _Row] = {}
    line = 1
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            if missing := [name for name in COLUMNS if name not in (reader.fieldnames or ())]:
                columns = named(missing, MAX_NAMED)
                raise ResultError(f"{path}: damaged, or written by another version of Loadstone: no column {columns}")
            for row in reader:
                line = reader.line_num
                if None in row.values():
                    raise ValueError("cut off")
                if row["endpoint"] == ALL:
                    rows[row["experiment"], int(row["repeat"])] = _row(row)
    except OSError as error:
        raise ResultError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, AttributeError, csv.Error):
        raise ResultError(f"{path}: damaged: line {line}, or just after it") from None
    return rows


def _row(row: Mapping[str, str]) -> _Row:
    """Read one row. Raises ValueError, TypeError or AttributeError if the row is damaged."""
    figures = {name: float(row[name] or "nan") for name in ("requests", "failures", *METRICS)}
    if any(math.isinf(value) or value < 0 for value in figures.values()):
        raise ValueError("not a figure of a run")
    kinds: dict[str, int] = orjson.loads(row.get("failure_kinds") or "{}")
    return _Row(
        requests=figures.pop("requests"),
        failures=figures.pop("failures"),
        kinds=[kind for kind, _ in sorted(kinds.items(), key=lambda kind: -kind[1])],
        metrics=figures,
    )


def _run(row: _Row, judged: RunVerdict, record: RunRecord, others: float | None) -> RunResult:
    reason = ""
    if judged.verdict == Verdict.ERRORS:
        reason = f"{row.failures:,.0f} of {row.requests:,.0f} requests failed"
        reason += f" ({named(row.kinds, MAX_KINDS)})" * bool(row.kinds)
    elif not judged.verdict.is_sound:
        reason = judged.sentence.rstrip(".") or judged.remark or ""
    return RunResult(
        repeat=judged.repeat,
        verdict=judged.verdict,
        reason=reason,
        metrics=row.metrics,
        requests=row.requests,
        others=others,
        identity=hashlib.sha256(record.model_dump_json().encode()).hexdigest(),
    )


def _environment(records: list[RunRecord]) -> dict[str, tuple[str, ...]]:
    """Collect the machines and sources that the runs recorded, each value once."""
    environment: dict[str, set[str]] = {}
    for record in records:
        for key, value in _facts(record).items():
            environment.setdefault(key, set()).add(value)
    return {key: tuple(sorted(values)) for key, values in environment.items()}


def _facts(record: RunRecord) -> dict[str, str]:
    """List the facts of one run's machine and source; leave out those that were not recorded."""
    machine, source = record.machine, record.source
    of_machine: dict[str, object] = {}
    if machine is not None:
        of_machine = {
            "machine.cpu_model": machine.cpu_model,
            "machine.cores": machine.cores,
            # rounded, since the kernel reserves a slightly different amount at each boot
            "machine.memory": f"{machine.memory_bytes / 2**30:.1f} GiB",
            "machine.system": machine.system,
            "machine.cpu_quota": machine.cpu_quota,
        }
    facts: dict[str, object] = {
        **of_machine,
        "source.commit": source.commit,
        DIRTY: None if source.dirty is None else ("yes" if source.dirty else "no"),
        "source.lock_sha256": source.lock_sha256,
        **{f"source.versions.{name}": version for name, version in source.versions.items()},
    }
    return {key: str(value) for key, value in facts.items() if value is not None}
