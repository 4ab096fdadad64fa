"""A log as a run: its settings as far as they are known, and its record."""

from dataclasses import dataclass
from pathlib import Path

from loadstone.errors import TableError
from loadstone.imports.course import Span
from loadstone.imports.log import Log
from loadstone.imports.store import Stored
from loadstone.plan.schedule import Run
from loadstone.results.run_record import (
    MAX_RUN_S,
    Commands,
    Imported,
    Phases,
    RequestCounts,
    RunRecord,
    Source,
)
from loadstone.suite.load_settings import MAX_RAMP_UP_S, Load
from loadstone.suite.types import MAX_DURATION_S
from loadstone.text import clock, count, several

MAX_USERS = 20_000
"""Users of a load, as for a suite."""
MAX_AFTER_S = 3600.0
"""Seconds after the window in which the last request must have ended."""
NEVER_KNOWN = ("the server's CPU and memory", "the load generator's CPU", "threads", "connections", "the machine")
"""What no log of requests shows."""
NO_BASELINES = "baselines (the response time of a single user, and the highest rate of the load generator)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What was stated on the command line because a log does not have it."""

    users: int | None = None
    think_time: tuple[float, float] | None = None
    """Seconds, the lowest and the highest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedLog:
    """One log, read."""

    path: Path
    sha256: str
    log: Log
    stored: Stored
    span: Span
    stated: Stated

    @property
    def users(self) -> int:
        """The highest number of users, or the stated one. Raises `TableError` without either, or with too many."""
        users = self.stated.users if self.stated.users is not None else self.span.most
        if users is None:
            raise TableError(f"{self.path}: the log does not state how many users ran; add --users N")
        if users > MAX_USERS:
            raise TableError(f"{self.path}: {count(users)} users; allowed: at most {count(MAX_USERS)}")
        return users

    @property
    def duration(self) -> float:
        """Seconds in which all users ran."""
        return self.span.end - self.span.begin

    @property
    def ramp_up(self) -> float:
        """Seconds from the first request until all users ran."""
        return self.span.begin - self.stored.course.first

    def check(self) -> None:
        """Raise `TableError` if no run can have such times."""
        first, last = self.stored.course.first, self.stored.course.last
        if last - first > MAX_RUN_S - 1 or self.duration > MAX_DURATION_S:
            raise TableError(
                f"{self.path}: all users ran for {clock(self.duration)} of {clock(last - first)}; allowed: at most "
                f"{clock(MAX_DURATION_S)} of {clock(MAX_RUN_S)}; cut the log"
            )
        if last <= first:
            raise TableError(f"{self.path}: all of its requests began and ended at one moment; allowed: a longer log")
        if self.ramp_up > MAX_RAMP_UP_S:
            raise TableError(f"{self.path}: users start for {clock(self.ramp_up)}; allowed: at most an hour")
        if last - self.span.end > MAX_AFTER_S:
            raise TableError(
                f"{self.path}: requests end up to {clock(last - self.span.end)} after the first users left; allowed: "
                "at most an hour; cut the log"
            )

    @property
    def notes(self) -> tuple[str, ...]:
        """How it was read, a sentence each."""
        stored, span = self.stored, self.span
        notes = list(self.log.notes)
        notes += [f"{count(n)} {what} left out" for what, n in stored.passed_over.items() if what]
        if self.stated.users is not None:
            notes.append(f"{several(self.stated.users, 'user')}, as stated with --users, all of the time")
        elif span.whole:
            notes.append(
                f"the {several(span.most or 0, 'user')} ran for less than half of the log, so that all of it counts"
            )
        if stored.without_user == stored.requests:
            notes.append("the log does not state which user sent a request")
            if self.stated.think_time is not None:
                notes.append("the think time is the one stated with --think-time, if the number of users is constant")
        elif self.stated.think_time is not None:
            notes.append("--think-time is not used: the pauses between a user's requests are in the log")
        return tuple(notes)

    @property
    def missing(self) -> tuple[str, ...]:
        """What the log cannot show."""
        missing = [*NEVER_KNOWN, NO_BASELINES]
        if self.stored.without_user == self.stored.requests and self.stated.think_time is None:
            missing.append("users' pauses (state them with --think-time)")
        return tuple(missing)


def load_of(logs: list[ImportedLog]) -> Load:
    """Describe the load of an experiment, whose runs are `logs`; they have one number of users."""
    users = logs[0].users
    ramp = sum(each.ramp_up for each in logs) / len(logs)
    return Load(
        imported=logs[0].log.tool,
        user="other",
        users=users,
        spawn_rate=min(float(users), users / ramp) if ramp > 0 else float(users),
        think_time=logs[0].stated.think_time,
    )


def record_of(imported: ImportedLog, run: Run) -> RunRecord:
    """Write down what is known of a run."""
    course, span = imported.stored.course, imported.span
    return RunRecord(
        run=run,
        commands=Commands(server=None, load_master=[], load_workers=[]),
        phases=Phases(
            server_started=course.first,
            server_ready=course.first,
            load_started=course.first,
            workers_connected=course.first,
            all_users_running=span.begin,
            window_begin=span.begin,
            window_end=span.end,
            drained=max(course.last, span.end),
            load_stopped=max(course.last, span.end),
            server_stopped=max(course.last, span.end),
        ),
        albums=None,
        counts=RequestCounts(recorded=imported.stored.requests, locust=None, server=None),
        exit_codes={},
        user_counts=span.changes if imported.stated.users is None else (),
        checks=[],
        source=Source(commit=None, dirty=None, lock_sha256=None, versions={}),
        machine=None,
        state_before=None,
        state_after=None,
        imported=Imported(
            log=imported.log.kind,
            file=imported.path.name,
            sha256=imported.sha256,
            rows=imported.stored.requests + imported.stored.unreadable,
            unreadable=imported.stored.unreadable,
            unreadable_first=imported.stored.first_unreadable,
            users_stated=imported.stated.users is not None,
            think_time_stated=imported.stated.think_time is not None,
            notes=imported.notes,
            missing=imported.missing,
        ),
    )
