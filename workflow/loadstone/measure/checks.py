"""What can be judged of a run without looking at its requests: each condition with its figure, for `run.json`."""

from collections.abc import Sequence

from loadstone.results.run_record import AlbumCounts, Check, RequestCounts


def judge(
    counts: RequestCounts, albums: AlbumCounts | None, restarts: Sequence[float] | None, window: tuple[float, float]
) -> list[Check]:
    """Judge a run; `restarts` says when a server worker came up in another's place, unix seconds.

    A server that somebody else runs tells little: then they are None.
    """
    ours = _agreement("Locust", counts.recorded, counts.locust)
    if restarts is None or albums is None:
        return [ours]
    return [
        Check(name="server workers restarted", ok=not restarts, figure=_times(restarts, window)),
        ours,
        _agreement("the server", counts.recorded, counts.server),
        Check(
            name="albums in the store after the run",
            ok=albums.after == albums.expected_after,
            figure=f"{albums.after:,} of {albums.expected_after:,} expected",
        ),
    ]


def _times(restarts: Sequence[float], window: tuple[float, float]) -> str:
    """Count restarts and say when they were."""
    places = ", ".join(_placed(when, *window) for when in restarts)
    return f"{len(restarts)}: {places}" if restarts else "0"


def _placed(when: float, begin: float, end: float) -> str:
    """Say when something happened, by the window."""
    if when < begin:
        return f"{begin - when:.1f} s before the window"
    return f"{when - begin:.1f} s into the window" if when < end else f"{when - end:.1f} s after the window"


def _agreement(party: str, recorded: int, counted: int | None) -> Check:
    """Compare a count with ours. Draining lets every request finish, so that they should be equal."""
    name = f"requests counted by {party}"
    if counted is None:
        return Check(name=name, ok=False, figure="unknown")
    return Check(name=name, ok=counted == recorded, figure=f"{counted - recorded:+d} of {recorded}")
