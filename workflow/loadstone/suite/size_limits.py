"""Limits on the size of a campaign: guards against typing errors, far above any real campaign on one machine.

Limits on a single experiment (users, rates, processes, seconds) stand next to its keys, in `loadstone.suite.settings`
and `loadstone.suite.types`.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from loadstone.suite.capacity import Search
from loadstone.suite.settings import Settings

MAX_RUNS = 10_000
MAX_PROBES = 3
"""Probes of an experiment at most: the one with twice the users, and two that a look grants."""
MAX_CAMPAIGN_S = 7 * 24 * 3600.0
"""Wall-clock seconds. The suite with the published durations takes five hours."""


def check_size(path: Path, experiments: Mapping[str, Settings], searches: Mapping[str, Search]) -> Iterator[str]:
    """Yield a line for each limit that the suite file at `path` exceeds: the number of runs, or their total time."""
    runs = sum(_count_runs(settings) for settings in experiments.values())
    if runs > MAX_RUNS:
        yield f"{path}: {runs:,} runs in total; allowed: at most {MAX_RUNS:,}"
    seconds = {name: _count_runs(settings) * settings.expected_s for name, settings in experiments.items()}
    seconds |= {name: search.expected_s for name, search in searches.items()}
    total = sum(seconds.values())
    if total > MAX_CAMPAIGN_S:
        longest = max(seconds, key=seconds.__getitem__)
        yield (
            f"{path}: {_hours(total)} in total, of which {longest} takes {_hours(seconds[longest])}; "
            f"allowed: at most {_hours(MAX_CAMPAIGN_S)}"
        )


def _count_runs(settings: Settings) -> int:
    """Count the runs of an experiment at most, with those of its probes."""
    return settings.repeats.max + (MAX_PROBES * settings.repeats.min if settings.probe else 0)


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:,.0f} h"
