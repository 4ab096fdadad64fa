"""Read several files of figures together: each as far as it can be read, and each named that cannot."""

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from loadstone.analyse.audit import Audit, audit
from loadstone.errors import TableError
from loadstone.figures.options import ReadOptions
from loadstone.figures.read import read_load_tests
from loadstone.figures.row import LoadTestRow
from loadstone.figures.table import LoadTestTable
from loadstone.text import several

MAX_FILES = 500
"""Files that one audit reads."""

HISTORY, STATISTICS = "_stats_history.csv", "_stats.csv"
"""Ends of the names of two files that Locust writes about one run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureFile:
    """A file, and what was read from it."""

    path: Path
    table: LoadTestTable | None
    refusal: str
    """Why it could not be read, or was not; empty if it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedFiles:
    """The audit of all rows of some files."""

    files: list[FigureFile]
    sources: list[Path]
    """The file of each row."""
    audit: Audit


def audit_files(paths: Sequence[Path], options: ReadOptions) -> AuditedFiles:
    """Read files, and the files in folders, and audit all their rows together.

    Files in a folder that hold no load test are named in the result. Raises `TableError` if a file that was named
    cannot be read, or if a folder has none that can.
    """
    files = [
        read for path in paths for read in (_read_folder(path, options) if path.is_dir() else [_read(path, options)])
    ]
    if len(files) > MAX_FILES:
        raise TableError(f"{len(files):,} files are not allowed; allowed: at most {MAX_FILES} files in one audit")
    rows: list[LoadTestRow] = []
    sources: list[Path] = []
    stems = Counter(file.path.stem for file in files if file.table)
    for file in files:
        found = file.table.rows if file.table else []
        name = file.path.stem if stems[file.path.stem] == 1 else file.path.name
        rows += [replace(row, label=_label(name, row, len(found))) for row in found] if stems.total() > 1 else found
        sources += [file.path] * len(found)
    return AuditedFiles(files=files, sources=sources, audit=audit(rows))


def _label(name: str, row: LoadTestRow, rows: int) -> str:
    """Name a row by its file; one of several in a file also by its own label."""
    return name if rows == 1 else row.label if row.label.startswith(name) else f"{name}: {row.label}"


def _read(path: Path, options: ReadOptions) -> FigureFile:
    return FigureFile(path=path, table=read_load_tests(path, options), refusal="")


def _read_folder(folder: Path, options: ReadOptions) -> list[FigureFile]:
    try:
        inside = (path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
        paths = sorted(itertools.islice(inside, MAX_FILES + 1))
    except OSError as error:
        raise TableError(f"{folder}: cannot be read: {error.strerror}") from None
    if len(paths) > MAX_FILES:
        raise TableError(f"{folder}: more than {MAX_FILES} files: name the ones to audit")
    names = {path.name for path in paths}
    files = []
    for path in paths:
        same_run = path.name.endswith(HISTORY) and path.name.removesuffix(HISTORY) + STATISTICS in names
        files.append(_same_run(path) if same_run else _read_if_possible(path, options))
    if not any(file.table for file in files):
        raise TableError(_none_read(folder, files))
    return files


def _same_run(path: Path) -> FigureFile:
    other = path.name.removesuffix(HISTORY) + STATISTICS
    return FigureFile(path=path, table=None, refusal=f"the same run as {other}")


def _read_if_possible(path: Path, options: ReadOptions) -> FigureFile:
    try:
        return _read(path, options)
    except TableError as error:
        reason = error.lines[0].removeprefix(f"{path}: ") if error.lines else "cannot be read"
        return FigureFile(path=path, table=None, refusal=reason)


def _none_read(folder: Path, files: Sequence[FigureFile]) -> str:
    if not files:
        return f"{folder}: no files; needed: files with figures of load tests"
    first = files[0]
    why = f"{first.path.name}: {first.refusal}"
    return f"{folder}: none of {several(len(files), 'file')} has figures of a load test, such as {why}"
