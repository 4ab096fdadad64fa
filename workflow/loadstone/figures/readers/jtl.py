"""JMeter's log of single requests (`.jtl`) as one test.

It is read line by line, twice: to find when all threads ran, then to count what ended in that time. Memory grows with
the number of different response times in milliseconds and of threads, not with the number of requests.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from loadstone.errors import TableError
from loadstone.figures.cells import cell
from loadstone.figures.jtl import MILLISECONDS, is_sum, read_columns, read_rows, read_threads
from loadstone.figures.options import ReadOptions
from loadstone.figures.readers.run import NO_USERS
from loadstone.figures.row import LoadTestRow, ThinkTimeRange
from loadstone.figures.source import Source
from loadstone.figures.table import LoadTestTable
from loadstone.text import count, short

SHARES = (0.5, 0.9, 0.95, 0.99)
MIN_WINDOW = 0.5
"""Share of the run in which all threads must have run, if only that time is to count."""
MIN_REQUESTS = 100
MAX_DISTINCT = 1_000_000
"""Different response times, or different threads."""
MAX_MS = 10**15


@dataclass(frozen=True, slots=True)
class _Sample:
    start: int
    end: int
    failed: bool
    thread: str
    threads: int
    """Threads that ran when the sample ended; 0 if unknown."""


@dataclass(slots=True)
class _Course:
    """What the first reading finds: the run's ends, and when all threads ran."""

    samples: int = 0
    transactions: int = 0
    first: int = MAX_MS
    last: int = 0
    threads: int = 0
    full_from: int = 0
    full_to: int = 0


@dataclass(slots=True)
class _Tally:
    times: Counter[int] = field(default_factory=Counter)
    failures: int = 0
    pauses: int = 0
    pause_sum: float = 0.0
    pause_squares: float = 0.0
    ends: dict[str, int] = field(default_factory=dict)

    def think(self) -> ThinkTimeRange | None:
        """Return the pauses between a thread's requests, as wide as they varied."""
        if self.pauses < 2:
            return None
        mean = self.pause_sum / self.pauses
        half = min(mean, math.sqrt(3 * max(0.0, self.pause_squares / self.pauses - mean**2)))
        return ThinkTimeRange(low=round(mean - half, 6), high=round(mean + half, 6))


def read(source: Source, options: ReadOptions) -> LoadTestTable:
    """Count the requests of a log. Raises `TableError` for a log that is damaged, or has no requests."""
    course = _course(source)
    if not course.samples:
        raise TableError(f"{source.path}: JMeter's log without requests")
    notes = []
    if course.transactions:
        notes.append(f"{count(course.transactions)} transaction controllers left out: their requests count")
    windowed = course.full_to - course.full_from >= MIN_WINDOW * (course.last - course.first) > 0
    tally = _tally(source, course.full_from, course.full_to) if windowed else None
    if tally is None or tally.times.total() < MIN_REQUESTS:
        tally, windowed = _tally(source, 0, MAX_MS), False
    start, end = (course.full_from, course.full_to) if windowed else (course.first, course.last)
    if windowed:
        notes.append(f"only the time in which all {course.threads} threads ran counts: {(end - start) / 1000:g} s")
    elif course.threads:
        notes.append(
            f"users: the largest number of threads, {course.threads}; not all of them ran most of the time, "
            "or requests are few"
        )
    else:
        notes.append(NO_USERS)
    think = options.think
    if think is None and (think := tally.think()):
        notes.append(f"think time: the pauses between a thread's requests, {think.mean:.3g} s on average")
    requests = tally.times.total()
    row = LoadTestRow(
        label=source.name,
        users=course.threads or options.users,
        think=think,
        ramp_s=(0.0 if windowed else (course.full_from - course.first) / 1000) if course.threads else options.ramp_s,
        requests=requests,
        failures=tally.failures,
        duration_s=(end - start) / 1000 if end > start else options.duration_s,
        duration_rounding_s=0.0005,
        mean_s=sum(ms * times for ms, times in tally.times.items()) / requests / 1000,
        mean_rounding_s=0.0005,
        quantiles_s=_quantiles(tally.times),
        max_s=max(tally.times) / 1000,
        window=not windowed,
        source=source.path.name,
    )
    understood = {
        "timeStamp": "start of a request, ms",
        "elapsed": "response time, ms",
        "success": "whether it succeeded",
        "allThreads": "users",
        "threadName": "user, for the pauses between requests",
    }
    return LoadTestTable(rows=[row], kind="JMeter's log", understood=understood, notes=tuple(notes))


def _course(source: Source) -> _Course:
    course = _Course()
    for sample in _samples(source):
        if sample is None:
            course.transactions += 1
            continue
        course.samples += 1
        course.first, course.last = min(course.first, sample.start), max(course.last, sample.end)
        if sample.threads > course.threads:
            course.threads, course.full_from, course.full_to = sample.threads, sample.end, sample.end
        elif sample.threads == course.threads:
            course.full_to = max(course.full_to, sample.end)
    return course


def _tally(source: Source, start: int, end: int) -> _Tally:
    """Count the requests that ended between two moments."""
    tally = _Tally()
    for sample in _samples(source):
        if sample is None or not start <= sample.end <= end:
            continue
        tally.times[sample.end - sample.start] += 1
        tally.failures += sample.failed
        if sample.thread:
            before = tally.ends.get(sample.thread)
            if before is not None and sample.start >= before:
                pause = (sample.start - before) / 1000
                tally.pauses += 1
                tally.pause_sum += pause
                tally.pause_squares += pause**2
            tally.ends[sample.thread] = sample.end
        if max(len(tally.times), len(tally.ends)) > MAX_DISTINCT:
            raise TableError(f"{source.path}: more than {count(MAX_DISTINCT)} different response times or threads")
    return tally


def _samples(source: Source) -> Iterator[_Sample | None]:
    """Read the requests of a log; None for a transaction controller, which only sums up requests."""
    places = read_columns(source)
    for line, cells in read_rows(source):
        yield None if is_sum(places, cells) else _sample(source, line, cells, places)


def _sample(source: Source, line: int, cells: list[str], places: Mapping[str, int]) -> _Sample:
    def number(name: str) -> int:
        text = cell(places, cells, name) or ""
        if not (text.isascii() and text.isdigit() and int(text[:17]) <= MAX_MS):
            problem = f"{source.path}: line {line}: {name}: {short(text)} is not allowed; allowed: a whole number"
            raise TableError(problem + f"; {MILLISECONDS}" * (name == "timeStamp" and bool(text)))
        return int(text[:17])

    start, elapsed = number("timeStamp"), number("elapsed")
    return _Sample(
        start=start,
        end=start + elapsed,
        failed=(cell(places, cells, "success") or "").strip().lower() == "false",
        thread=cell(places, cells, "threadName") or "",
        threads=read_threads(places, cells) or 0,
    )


def _quantiles(times: Counter[int]) -> dict[float, float]:
    """Return quantiles by nearest rank, seconds."""
    ranks = {share: math.ceil(share * times.total()) for share in SHARES}
    quantiles: dict[float, float] = {}
    below = 0
    for ms in sorted(times):
        below += times[ms]
        for share, rank in ranks.items():
            if share not in quantiles and below >= rank:
                quantiles[share] = ms / 1000
    return quantiles
