"""What the machine is used for: the run that waits for another measurement, and the measurement that holds the lock."""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from loadstone.live.current_run import IsAlive, process_exists
from loadstone.live.past_runs import read_last_line
from loadstone.live.plan_items import PlanItem, log_of
from loadstone.measure.machine_lock import MAX_BYTES, NAME, REMIND_S, Holder, lock_folder

MAX_SILENCE_S = 2 * REMIND_S
"""A run that waits reports that again and again. If it does not, it has ended."""
WAITING = re.compile(
    r"\S+ (?P<what>.+?): waiting for another measurement on this machine(?: \((?P<so_far>\d+) s so far\))?"
    r"(?:: (?P<holder>.+))?"
)
"""The line in the log of a run that waits: see `loadstone.measure.machine_lock`."""


@dataclass(frozen=True, slots=True)
class WaitingRun:
    """A run that waits until another measurement on this machine ends."""

    what: str
    """Its label."""
    since: float
    """Unix seconds."""
    holder: str
    """The measurement for which it waits, by whom, where and since when; empty if that is unknown."""


def find_waiting(results: Path, items: Iterable[PlanItem], now: float) -> WaitingRun | None:
    """Find the run that waits, by the log that it writes to; of several, the one that reported last."""
    return max(_list_waiting(results, items, now), key=lambda found: found[0], default=(0.0, None))[1]


def _list_waiting(results: Path, items: Iterable[PlanItem], now: float) -> Iterator[tuple[float, WaitingRun]]:
    for item in items:
        log = log_of(results, item)
        try:
            reported = log.stat().st_mtime
        except OSError:
            continue
        if item.state in ("left", "failed") and now - reported < MAX_SILENCE_S:
            found = WAITING.fullmatch(read_last_line(log))
            if found:
                since = reported - float(found["so_far"] or 0)
                yield reported, WaitingRun(found["what"], since, found["holder"] or "")


def find_other_measurement(folder: Path, is_alive: IsAlive = process_exists) -> Holder | None:
    """Find the measurement that holds the machine's lock, unless it is one of the campaign in `folder`.

    None if the lock is free, as far as its file shows.

    The lock itself is not touched: a measurement that tries to take it at that moment would have to wait.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        with os.fdopen(os.open(lock_folder() / NAME, flags), "rb") as file:
            holder = Holder.model_validate_json(file.read(MAX_BYTES))
    except (OSError, ValidationError):
        return None
    return holder if is_alive(holder.pid) and Path(holder.folder) != folder else None
