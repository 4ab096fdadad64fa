"""How many users ran: the number over time that `run.json` holds, its mean, its range and its plateaus."""

from collections.abc import Sequence
from dataclasses import dataclass

from loadstone.results.run_record import RunRecord

CHANGE_MARGIN_S = 1.0
"""Longest time from a change of the number of users to the count that shows it. Locust's workers count four times per
second; a busy machine delays them."""
LATE_COUNT_S = 3.0
"""A count that rises this soon after all users have started was late; no user was."""
MIN_PLATEAU_S = 5.0
"""Shortest time with a constant number of users that makes a plateau."""
MAX_PLATEAUS = 30
"""Plateaus of a run that are judged: the longest."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which the number of users was constant."""

    begin: float
    """Unix seconds."""
    end: float
    users: int

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.end - self.begin


def users_over_time(record: RunRecord, begin: float, end: float) -> list[Stretch]:
    """List the stretches between two moments (unix seconds), in order and without gaps.

    A run whose users were not counted has one stretch, with the users that the suite asks for.
    """
    counts = [(begin, record.run.load.users), *_without_late(record)]
    times = [time for time, _ in counts[1:]] + [end]
    pieces = ((max(time, begin), min(until, end), users) for (time, users), until in zip(counts, times, strict=True))
    joined: list[Stretch] = []
    for since, until, users in pieces:
        if until <= since:
            continue
        if joined and joined[-1].users == users:
            joined[-1] = Stretch(joined[-1].begin, until, users)
        else:
            joined.append(Stretch(since, until, users))
    return joined


def _without_late(record: RunRecord) -> list[tuple[float, int]]:
    """List the changes; of those that show late what the start of all users shows, only the last, at that start."""
    counts, started = list(record.user_counts), record.phases.all_users_running
    if record.run.load.shape == "follow":
        return counts
    rises = [
        place
        for place, (time, users) in enumerate(counts)
        if time <= started + LATE_COUNT_S and users > (counts[place - 1][1] if place else 0)
    ]
    if not rises:
        return counts
    first, *later = counts[rises[-1] :]
    return [(min(first[0], started), first[1]), *later]


def mean_users(stretches: Sequence[Stretch]) -> float:
    """Average the number of users over time: the N of Little's law."""
    if len(stretches) == 1:
        return float(stretches[0].users)
    return sum(each.users * each.seconds for each in stretches) / sum(each.seconds for each in stretches)


def range_of_users(stretches: Sequence[Stretch]) -> tuple[int, int]:
    """Return the fewest and the most users."""
    return min(each.users for each in stretches), max(each.users for each in stretches)


def find_plateaus(stretches: Sequence[Stretch]) -> list[Stretch]:
    """Find the stretches of at least `MIN_PLATEAU_S`, in order of time.

    The last second before a change is left out, because the change may have begun in it.
    """
    last = len(stretches) - 1
    kept = [each for each in stretches if each.seconds >= MIN_PLATEAU_S and each.users > 0]
    longest = sorted(kept, key=lambda each: -each.seconds)[:MAX_PLATEAUS]
    return [
        each if stretches[last] == each else Stretch(each.begin, each.end - CHANGE_MARGIN_S, each.users)
        for each in sorted(longest, key=lambda each: each.begin)
    ]
