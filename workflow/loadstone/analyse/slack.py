"""Whether the load generator and the machine had something left, so that a limit must lie elsewhere."""

from collections.abc import Sequence

from loadstone.results.signals import Signals
from loadstone.suite.thresholds import Thresholds
from loadstone.text import figure


def why_no_slack(runs: Sequence[Signals], limits: Thresholds) -> str | None:
    """State why the generator, the machine or the link may have been the limit of some runs; None if they had slack.

    What is unknown counts as possible: only a generator and a machine whose utilisation was measured have slack. A
    generator has no ceiling if none was measured; its CPU alone then shows whether it had slack. Late requests are no
    figure of the generator's own: a slow server makes them late as well.
    """
    if not runs:
        return "there are no runs"
    return next((why for s in runs if (why := _of_run(s, limits))), None)


def _of_run(s: Signals, limits: Thresholds) -> str | None:
    if s.generator is None or s.host is None:
        return "the generator's CPU is unknown" if s.generator is None else "how busy the machine was is unknown"
    busy = s.generator + (s.generator_waited or 0.0)
    waited = " with its wait for a CPU" if s.generator_waited else ""
    rows = (
        ("the generator had no slack", f"u_gen{waited}", busy, limits.slack),
        ("the generator had no slack", "X/ceiling", s.ceiling, limits.slack),
        ("all CPUs of the machine were busy", "u_host", s.host, limits.saturated),
        ("the network had no slack", "u_link", s.link, limits.slack),
    )
    full = ((words, name, value) for words, name, value, limit in rows if value is not None and value >= limit)
    return next((f"{words} ({name} = {figure(value)})" for words, name, value in full), None)
