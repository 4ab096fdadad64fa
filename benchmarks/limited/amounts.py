"""The sizes of all limits, as options of the servers' commands: `--ms 5 --at-once 2`."""

import argparse
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """How large a limit is. Each limit uses some of them."""

    ms: float = 0.0
    """Time of a request's work, milliseconds; of CPU if the limit computes."""
    at_once: int = 1
    """Requests that proceed at the same time."""
    per_s: float = 100.0
    """Requests/s that a limiter lets through."""
    pause_ms: float = 0.0
    """Length of a pause, milliseconds."""
    period_s: float = 2.0
    """From the begin of one pause to the begin of the next, seconds."""
    behind: int = 0
    """Port of the server behind this one."""
    growth_us: float = 0.0
    """What each request adds to the time of all later ones, microseconds."""
    share: float = 0.0
    """Share of requests that fail."""
    slow: int = 0
    """Of each `of` connections, this many are slow."""
    of: int = 1
    """See `slow`."""
    factor: float = 1.0
    """How many times longer the requests of slow connections take."""
    kib: int = 64
    """Size of a write, KiB."""
    folder: str = "."
    """Folder in which to write."""


def add_amounts(parser: argparse.ArgumentParser) -> None:
    """Add an option per amount."""
    for field in fields(Amounts):
        kind = type(field.default)
        parser.add_argument(f"--{field.name.replace('_', '-')}", type=kind, default=field.default)


def read_amounts(options: argparse.Namespace) -> Amounts:
    """Take the amounts out of parsed options."""
    return Amounts(**{field.name: getattr(options, field.name) for field in fields(Amounts)})
