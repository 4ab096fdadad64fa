"""How many albums the store of the album API held at the window's ends."""

import math
from pathlib import Path

from loadstone.measure.collect_requests import count_succeeded
from loadstone.results.run_record import AlbumCounts

POST = "POST /albums"
"""The endpoint that makes the store grow."""


def count_albums(
    requests: Path, asked: tuple[int | None, int | None], bound: float | None, window: tuple[float, float]
) -> AlbumCounts | None:
    """Count albums at the window's ends by the posts that had succeeded by then: to ask the server would be load.

    `asked` are the server's own counts before and after the load; None if it does not report them. If the store's bound
    is unknown, it is taken to be the final count.
    """
    before, after = asked
    if before is None or after is None:
        return None
    bound = after if bound is None else bound
    moments = [*window, math.inf]
    begin, end, last = (int(min(before + count_succeeded(requests, POST, when), bound)) for when in moments)
    return AlbumCounts(before=before, window_begin=begin, window_end=end, after=after, expected_after=last)
