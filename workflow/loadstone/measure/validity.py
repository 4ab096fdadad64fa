"""Validity checks that need no look at the single requests: each condition with its figure, for `run.json`."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from loadstone.results.run_record import AlbumCounts, Check, RequestCounts
from loadstone.text import several


def check_validity(
    counts: RequestCounts,
    albums: AlbumCounts | None,
    restarts: Sequence[float] | None,
    window: tuple[float, float],
    failed: Mapping[str, int | None] = MappingProxyType({}),
) -> list[Check]:
    """Check a run.

    `restarts` are the times (unix seconds) at which a server worker came up in place of another, `failed` the processes
    of Locust whose exit codes show an error. If `restarts` are unknown, as for any server but the built-in one, only
    Locust is checked. If `albums` are unknown, as for any load but a mix, the server's own count is left out too: users
    may send requests of which Locust reports none, or one for several.
    """
    locust = [_compare_counts("Locust", counts.recorded + counts.ignored, counts.locust)]
    if codes := ", ".join(f"{name} {code}" for name, code in failed.items()):
        name = "Locust's processes ended without an error"
        locust += [Check(name=name, ok=False, figure=f"exit codes: {codes}")]
    if counts.exceptions:
        figure = f"{several(counts.exceptions, 'exception')}, listed in locust_exceptions.csv"
        locust += [Check(name="users' tasks ended without an exception", ok=False, figure=figure)]
    if counts.untimed:
        figure = f"{several(counts.untimed, 'event')} without: they count as 0 ms, or as just ended"
        locust += [Check(name="request events have a response time and a possible start", ok=False, figure=figure)]
    if restarts is None:
        return locust
    restarted = Check(name="server workers restarted", ok=not restarts, figure=_list_restarts(restarts, window))
    if albums is None:
        return [restarted, *locust]
    return [
        restarted,
        *locust,
        _compare_counts("the server", counts.recorded, counts.server),
        Check(
            name="albums in the store after the run",
            ok=albums.after == albums.expected_after,
            figure=f"{albums.after:,} of {albums.expected_after:,} expected",
        ),
    ]


def _list_restarts(restarts: Sequence[float], window: tuple[float, float]) -> str:
    """Count restarts, and give each one's time relative to the window."""
    times = ", ".join(_relate(when, *window) for when in restarts)
    return f"{len(restarts)}: {times}" if restarts else "0"


def _relate(when: float, begin: float, end: float) -> str:
    if when < begin:
        return f"{begin - when:.1f} s before the window"
    return f"{when - begin:.1f} s into the window" if when < end else f"{when - end:.1f} s after the window"


def _compare_counts(party: str, recorded: int, counted: int | None) -> Check:
    """Compare a party's count with the number of recorded requests: every request finishes, so the two are equal."""
    name = f"requests counted by {party}"
    if counted is None:
        return Check(name=name, ok=False, figure="unknown")
    return Check(name=name, ok=counted == recorded, figure=f"{counted - recorded:+d} of {recorded}")
