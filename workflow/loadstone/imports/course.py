"""When a log begins and ends, how many users ran over time, and when all of them did."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

from loadstone.imports.log import LoggedRequest, UserChange

MIN_SHARE = 0.5
"""Share of a log in which the highest number of users must have run, if only that time is to count."""
RESOLUTION_S = 0.001
"""Logs state times in whole milliseconds: a request that ended at t ended before t + 1 ms."""
MAX_CHANGES = 20_000
"""Changes of the number of users that are kept one by one; of more, one per second is kept, with the most users."""

Change = tuple[float, int]
"""Unix seconds, and the number of users from then on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The part of a log in which its users ran."""

    begin: float
    """When the highest number of users had started, unix seconds."""
    end: float
    whole: bool
    """Whether it is all of the log, because that number of users ran only for a short time, or is unknown."""
    changes: tuple[Change, ...]
    """The number of users over time; empty if it is unknown."""
    most: int | None
    """The highest number of users."""


@dataclass(slots=True)
class Course:
    """What a reading of the log finds. Memory grows with its seconds, and with its users if it names their starts."""

    first: float = float("inf")
    last: float = 0.0
    _most: int = 0
    _from: float = 0.0
    _to: float = 0.0
    _by_second: dict[int, int] = field(default_factory=dict)
    _starts: "array[float]" = field(default_factory=lambda: array("d"))
    _ends: "array[float]" = field(default_factory=lambda: array("d"))

    def add_request(self, request: LoggedRequest) -> None:
        """Take the time of a request, and the number of users when it ended if the log states it."""
        end = request.end_s
        self.first, self.last = min(self.first, request.start_s), max(self.last, end)
        if not request.users:
            return
        second = int(end)
        self._by_second[second] = max(request.users, self._by_second.get(second, 0))
        if request.users > self._most:
            self._most, self._from, self._to = request.users, end, end
        elif request.users == self._most:
            self._from, self._to = min(self._from, end), max(self._to, end)

    def add_user(self, change: UserChange) -> None:
        """Take the start or the end of a user."""
        (self._starts if change.starts else self._ends).append(change.time_s)

    def span(self) -> Span:
        """Find the time in which the highest number of users ran, or take all of the log."""
        changes = list(self._by_counts() if self._by_second else self._by_users())
        most = max((users for _, users in changes), default=None)
        if most is None:
            return self._whole((), None)
        begin = next(time for time, users in changes if users == most)
        last = max(place for place, (_, users) in enumerate(changes) if users == most)
        left = changes[last + 1][0] if last + 1 < len(changes) else self.last + RESOLUTION_S
        end = self._to + RESOLUTION_S if self._by_second else left
        begin, end = max(begin, self.first), min(end, self.last + RESOLUTION_S)
        kept = tuple(_thinned(changes))
        if end - begin < MIN_SHARE * (self.last - self.first):
            return self._whole(kept, most)
        return Span(begin=begin, end=end, whole=False, changes=kept, most=most)

    def _whole(self, changes: tuple[Change, ...], most: int | None) -> Span:
        return Span(begin=self.first, end=self.last + RESOLUTION_S, whole=True, changes=changes, most=most)

    def _by_counts(self) -> Iterator[Change]:
        """List the changes by the most users of each second in which a request ended."""
        known: list[Change] = [(max(float(second), self.first), n) for second, n in sorted(self._by_second.items())]
        before = [change for change in known if int(change[0]) < int(self._from)]
        within = [change for change in known if int(self._from) < change[0] and int(change[0]) <= int(self._to)]
        after = [change for change in known if int(change[0]) > int(self._to)]
        earlier = [(self.first, before[0][1])] if before else []
        return _distinct([*earlier, *before, (self._from, self._most), *within, *after])

    def _by_users(self) -> Iterator[Change]:
        """List the changes by the users' starts and ends; one who starts at the moment of an end takes its place."""
        events = sorted([*((time, 1) for time in self._starts), *((time, -1) for time in self._ends)])
        running = 0
        changes: list[Change] = []
        for time, step in events:
            running = max(0, running + step)
            if changes and changes[-1][0] == time:
                changes[-1] = (time, running)
            else:
                changes.append((time, running))
        return _distinct(changes)


def _distinct(changes: list[Change]) -> Iterator[Change]:
    """Leave out what is no change."""
    before = None
    for time, users in changes:
        if users != before:
            yield time, users
        before = users


def _thinned(changes: list[Change]) -> Iterator[Change]:
    """Keep the changes, or of very many the most users of each second."""
    if len(changes) <= MAX_CHANGES:
        yield from changes
        return
    by_second: dict[int, int] = {}
    for time, users in changes:
        by_second[int(time)] = max(users, by_second.get(int(time), 0))
    yield from _distinct([(float(second), users) for second, users in by_second.items()])
