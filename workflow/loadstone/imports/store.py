"""A log's requests as `requests.parquet`, written while the log is read: memory does not grow with its rows."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from loadstone.errors import TableError
from loadstone.imports.course import Course
from loadstone.imports.log import Log, LoggedRequest, PassedOver, Unreadable, UserChange
from loadstone.results.requests import REQUEST_SCHEMA
from loadstone.text import count, short

ROWS_PER_GROUP = 100_000
MAX_UNREADABLE = 0.01
"""Share of rows that may be unreadable; the last row of a log that was cut off may be so in any case."""
MAX_USERS = 1_000_000
MAX_ENDPOINTS = 100_000
NAME_LENGTH = 200
"""Characters of an endpoint's name."""
ALWAYS_CHECKED = 100
"""Rows after which a log with mostly unreadable rows is refused, without reading it to its end."""


@dataclass(slots=True)
class Stored:
    """What was read of a log."""

    course: Course = field(default_factory=Course)
    requests: int = 0
    unreadable: int = 0
    first_unreadable: str = ""
    passed_over: Counter[str] = field(default_factory=Counter)
    without_user: int = 0
    users: dict[str, int] = field(default_factory=dict)
    """User → number."""
    endpoints: set[str] = field(default_factory=set)


def store_requests(log: Log, name: str, path: Path) -> Stored:
    """Write the requests of a log to a Parquet file.

    `name` stands for the log in messages. Raises `TableError` if too many rows cannot be read, or if there are none.
    """
    stored = Stored()
    rows: list[LoggedRequest] = []
    with pq.ParquetWriter(path, REQUEST_SCHEMA, compression="zstd", write_page_checksum=True) as writer:
        for entry in log.entries():
            match entry:
                case LoggedRequest():
                    stored.course.add_request(entry)
                    rows.append(entry)
                    stored.requests += 1
                case UserChange():
                    stored.course.add_user(entry)
                case PassedOver():
                    stored.passed_over[entry.what] += 1
                case Unreadable():
                    stored.unreadable += 1
                    stored.first_unreadable = stored.first_unreadable or f"line {entry.line}: {entry.reason}"
                    if stored.unreadable > ALWAYS_CHECKED and stored.unreadable > stored.requests:
                        raise _too_many(stored, name)
            if len(rows) == ROWS_PER_GROUP:
                writer.write_table(_table(rows, stored, name))
                rows.clear()
        if rows:
            writer.write_table(_table(rows, stored, name))
    if stored.unreadable > max(1.0, MAX_UNREADABLE * stored.requests):
        raise _too_many(stored, name)
    if not stored.requests:
        raise TableError(f"{name}: no requests in it" + f"; {stored.first_unreadable}" * bool(stored.unreadable))
    return stored


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _too_many(stored: Stored, name: str) -> TableError:
    rows = stored.unreadable + stored.requests
    return TableError(
        f"{name}: {count(stored.unreadable)} of {count(rows)} rows cannot be read, more than "
        f"{MAX_UNREADABLE:.0%}; the first is {stored.first_unreadable}"
    )


def _table(rows: list[LoggedRequest], stored: Stored, name: str) -> pa.Table:
    users = [_number(row.user, stored) for row in rows]
    endpoints = [row.endpoint[:NAME_LENGTH] for row in rows]
    stored.endpoints.update(endpoints)
    if len(stored.users) > MAX_USERS:
        raise TableError(f"{name}: more than {count(MAX_USERS)} users; allowed: fewer")
    if len(stored.endpoints) > MAX_ENDPOINTS:
        example = short(next(iter(stored.endpoints)))
        raise TableError(
            f"{name}: more than {count(MAX_ENDPOINTS)} names of requests, such as {example}; group them in the tool"
        )
    nothing = [None] * len(rows)
    columns = {
        "time": [row.start_s for row in rows],
        "endpoint": pa.array(endpoints, pa.string()).dictionary_encode(),
        "user": users,
        "worker": nothing,
        "response_ms": [row.response_ms for row in rows],
        "server_ms": nothing,
        "bytes": nothing,
        "status": [row.status for row in rows],
        "error": pa.array([row.error for row in rows], pa.string()).dictionary_encode(),
        "intended": nothing,
    }
    arrays = [
        values.cast(each.type) if isinstance(values := columns[each.name], pa.Array) else pa.array(values, each.type)
        for each in REQUEST_SCHEMA
    ]
    return pa.Table.from_arrays(arrays, schema=REQUEST_SCHEMA)


def _number(user: str | None, stored: Stored) -> int | None:
    """Number the users in order of appearance."""
    if user is None:
        stored.without_user += 1
        return None
    return stored.users.setdefault(user, len(stored.users))
