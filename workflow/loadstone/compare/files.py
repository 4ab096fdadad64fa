"""Read a campaign's folder for `loadstone compare`: what was planned, what came out, and what it was measured with.

Only plan.json, summary.csv, verdicts.json and the run.json of each run are read. They have to belong together: a
campaign that was changed and not finished has figures of the old suite beside the new suite.
"""

import csv
import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson
from pydantic import BaseModel, ValidationError

from loadstone.compare.comparison import DIRTY, METRICS, ExperimentResult, RunResult, Side
from loadstone.compare.words import joined
from loadstone.errors import ResultError, SuiteError
from loadstone.plan.baselines import is_baseline
from loadstone.plan.file import read_plan
from loadstone.plan.schedule import Plan
from loadstone.results.integrity import check_sums
from loadstone.results.run_record import RunRecord, read_record
from loadstone.results.tables import RunKey
from loadstone.suite.hypotheses import ALL
from loadstone.suite.verdict import Verdict
from loadstone.text import dotted

MAX_KINDS = 2
"""Kinds of failure that are named."""

SUITE_KEYS = {"seed", "baselines", "thresholds"}
"""What a suite says for all experiments: it decides what users ask for, and where verdicts draw their lines."""

COLUMNS = ("experiment", "repeat", "endpoint", "requests", "failures", *METRICS)
UNFINISHED = "finish the campaign first (snakemake)"


class _ExperimentVerdict(BaseModel):
    verdict: str
    parties: tuple[str, ...]


class _RunVerdict(BaseModel):
    experiment: str
    repeat: int
    verdict: str
    remark: str | None


class _Verdicts(BaseModel):
    """`verdicts.json`, as far as it matters here."""

    experiments: dict[str, _ExperimentVerdict]
    runs: list[_RunVerdict]


@dataclass(frozen=True, slots=True)
class _Row:
    """A run's row of `summary.csv`, all endpoints together."""

    requests: float
    failures: float
    kinds: list[str]
    """Of failures, the most frequent first."""
    metrics: dict[str, float]


def find_results(folder: Path) -> Path:
    """Find the results in a campaign's folder: its `results/`, or the folder itself. Raises `SuiteError`."""
    if not folder.is_dir():
        raise SuiteError(f"{folder}: {'no folder' if folder.exists() else 'no such folder'}")
    for found in (folder / "results", folder):
        if (found / "plan.json").exists():
            return found
    raise SuiteError(f"{folder}: no results in it: neither results/plan.json nor plan.json")


def read_side(results: Path) -> Side:
    """Read all that is compared. Raises `ResultError` where something is missing, damaged or doesn't fit the rest."""
    plan = read_plan(results / "plan.json")
    check_sums([results], ("summary.csv", "verdicts.json"))
    rows = _read_rows(results / "summary.csv")
    verdicts = _read_verdicts(results / "verdicts.json")
    judged = {(found.experiment, found.repeat): found for found in verdicts.runs}
    for file, keys in (("summary.csv", rows.keys()), ("verdicts.json", judged.keys())):
        _check_runs(results / file, plan, keys)
    names = [name for name in plan.experiments if not is_baseline(name)]
    if missing := [name for name in names if name not in verdicts.experiments]:
        raise ResultError(f"{results / 'verdicts.json'}: no verdict of {joined(missing)}: {UNFINISHED}")
    records = _read_records(results, plan)
    return Side(
        experiments={
            name: ExperimentResult(
                runs=tuple(_run(rows[key], judged[key]) for key in sorted(judged) if key[0] == name),
                verdict=verdicts.experiments[name].verdict,
                parties=verdicts.experiments[name].parties,
                settings=dict(_dotted(plan.experiments[name].model_dump(mode="json"))),
            )
            for name in names
        },
        suite=dict(_dotted(plan.suite.model_dump(mode="json", include=SUITE_KEYS))),
        environment=_environment(records),
    )


def _check_runs(path: Path, plan: Plan, keys: Collection[RunKey]) -> None:
    """Make sure that a file has the planned runs, and no others."""
    planned = {(run.experiment, run.repeat) for run in plan.runs}
    for name, repeat in sorted(planned.symmetric_difference(keys)):
        what = "isn't in it, but in" if (name, repeat) in planned else "is in it, but not in"
        raise ResultError(f"{path}: run {repeat} of {name} {what} plan.json: {UNFINISHED}")


def _read_records(results: Path, plan: Plan) -> list[RunRecord]:
    records = []
    for run in plan.runs:
        path = results / "runs" / run.experiment / str(run.repeat) / "run.json"
        record = read_record(path)
        if record.run != run:
            raise ResultError(f"{path}: measured with other settings than plan.json says: {UNFINISHED}")
        records.append(record)
    return records


def _read_rows(path: Path) -> dict[RunKey, _Row]:
    """Read the rows of all endpoints together, by run."""
    rows: dict[RunKey, _Row] = {}
    line = 1
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            if missing := [name for name in COLUMNS if name not in (reader.fieldnames or ())]:
                raise ResultError(f"{path}: damaged, or of another version of Loadstone: no column {joined(missing)}")
            for row in reader:
                line = reader.line_num
                if None in row.values():
                    raise ValueError("cut off")
                if row["endpoint"] == ALL:
                    rows[row["experiment"], int(row["repeat"])] = _row(row)
    except OSError as error:
        raise ResultError(f"{path}: can't be read: {error.strerror}") from None
    except (ValueError, TypeError, AttributeError, csv.Error):
        raise ResultError(f"{path}: damaged: line {line}, or just after it") from None
    return rows


def _row(row: Mapping[str, str]) -> _Row:
    """Take one row's figures. Raises ValueError, TypeError or AttributeError where the row is damaged."""
    figures = {name: float(row[name] or "nan") for name in ("requests", "failures", *METRICS)}
    if any(math.isinf(value) or value < 0 for value in figures.values()):
        raise ValueError("no figure of a run")
    kinds: dict[str, int] = orjson.loads(row.get("failure_kinds") or "{}")
    return _Row(
        requests=figures.pop("requests"),
        failures=figures.pop("failures"),
        kinds=[kind for kind, _ in sorted(kinds.items(), key=lambda kind: -kind[1])],
        metrics=figures,
    )


def _read_verdicts(path: Path) -> _Verdicts:
    try:
        return _Verdicts.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ResultError(f"{path}: can't be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = dotted(*first["loc"]) or "the file"
        raise ResultError(f"{path}: damaged: {place}: {first['msg']}") from None


def _run(row: _Row, judged: _RunVerdict) -> RunResult:
    reason = ""
    if judged.verdict == Verdict.ERRORS:
        reason = f"{row.failures:,.0f} of {row.requests:,.0f} requests failed"
        reason += f" ({joined(row.kinds, MAX_KINDS)})" * bool(row.kinds)
    elif judged.verdict == Verdict.INVALID:
        reason = judged.remark or ""
    return RunResult(repeat=judged.repeat, verdict=judged.verdict, reason=reason, metrics=row.metrics)


def _dotted(values: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Write nested values as dotted keys; what isn't given has none."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _dotted(value, f"{prefix}{key}.")
        elif value is not None:
            yield prefix + key, value


def _environment(records: list[RunRecord]) -> dict[str, tuple[str, ...]]:
    """Gather what the runs say of machine and source, each value once."""
    found: dict[str, set[str]] = {}
    for record in records:
        for key, value in _facts(record).items():
            found.setdefault(key, set()).add(value)
    return {key: tuple(sorted(values)) for key, values in found.items()}


def _facts(record: RunRecord) -> dict[str, str]:
    machine, source = record.machine, record.source
    known: dict[str, object] = {
        "machine.cpu_model": machine.cpu_model,
        "machine.cores": machine.cores,
        # a kernel takes a little more or less of it at each boot
        "machine.memory": f"{machine.memory_bytes / 2**30:.1f} GiB",
        "machine.system": machine.system,
        "machine.cpu_quota": machine.cpu_quota,
        "source.commit": source.commit,
        DIRTY: None if source.dirty is None else ("yes" if source.dirty else "no"),
        "source.lock_sha256": source.lock_sha256,
        **{f"source.versions.{name}": version for name, version in source.versions.items()},
    }
    return {key: str(value) for key, value in known.items() if value is not None}
