"""Gatling: `js/stats.json` and `js/global_stats.json` of a report: <https://docs.gatling.io/>."""

from typing import Any

from loadstone.figures.options import ReadOptions
from loadstone.figures.readers.run import ToolRun, at, figure_at, is_object, read_json, table_of
from loadstone.figures.source import Source
from loadstone.figures.table import LoadTestTable
from loadstone.text import count

_PERCENTILES = {"percentiles1": 0.5, "percentiles2": 0.75, "percentiles3": 0.95, "percentiles4": 0.99}
"""Gatling's own setting of its four percentiles (`charting.indicators`)."""
_MILLISECONDS = 0.001


def recognises(source: Source) -> bool:
    """Whether the file holds Gatling's statistics."""
    return (
        is_object(source) and '"numberOfRequests"' in source.head and '"meanNumberOfRequestsPerSecond"' in source.head
    )


def read(source: Source, options: ReadOptions) -> LoadTestTable:
    """Read the statistics of all requests together."""
    tree = read_json(source)
    stats = at(tree, "stats") or tree
    run = ToolRun(source)
    for meaning, name, part, unit in (
        ("requests", "numberOfRequests", "total", None),
        ("failures", "numberOfRequests", "ko", None),
        ("mean", "meanResponseTime", "total", _MILLISECONDS),
        ("max", "maxResponseTime", "total", _MILLISECONDS),
        ("rps", "meanNumberOfRequestsPerSecond", "total", None),
    ):
        if (value := figure_at(stats, name, part)) is not None:
            run.take(meaning, name, value, unit)
    for name, share in _PERCENTILES.items():
        if (value := figure_at(stats, name, "total")) is not None:
            run.take_quantile(share, name, value, _MILLISECONDS)
    if run.quantiles:
        run.notes.append("percentiles 50, 75, 95 and 99, Gatling's default, assumed")
    if parts := _parts(tree):
        run.notes.append(f"parts of the test left out: {count(parts)}: All Requests is the whole test")
    return table_of("Gatling's statistics", [run], options)


def _parts(tree: Any) -> int:
    contents = at(tree, "contents")
    return len(contents) if isinstance(contents, dict) else 0
