"""How large a campaign may be: guards against a typing error, far above what anybody measures on one machine.

What one experiment may ask for (users, rates, processes, seconds) is said where its keys are, in
`loadstone.suite.settings` and `loadstone.suite.types`.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from loadstone.suite.capacity import Search
from loadstone.suite.settings import Settings

MAX_RUNS = 10_000
MAX_CAMPAIGN_S = 7 * 24 * 3600.0
"""Seconds. The suite with the published lengths takes five hours."""


def check_size(path: Path, experiments: Mapping[str, Settings], searches: Mapping[str, Search]) -> Iterator[str]:
    """Yield a line for what is too much: runs, or the time that they take together."""
    runs = sum(_runs(settings) for settings in experiments.values())
    if runs > MAX_RUNS:
        yield f"{path}: {runs:,} runs in all; allowed: at most {MAX_RUNS:,}"
    seconds = {name: _runs(settings) * settings.expected_s for name, settings in experiments.items()}
    seconds |= {name: search.expected_s for name, search in searches.items()}
    total = sum(seconds.values())
    if total > MAX_CAMPAIGN_S:
        longest = max(seconds, key=seconds.__getitem__)
        yield (
            f"{path}: {_hours(total)} in all, {longest} alone {_hours(seconds[longest])}; "
            f"allowed: at most {_hours(MAX_CAMPAIGN_S)}"
        )


def _runs(settings: Settings) -> int:
    return settings.repeats * (2 if settings.probe else 1)


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:,.0f} h"
