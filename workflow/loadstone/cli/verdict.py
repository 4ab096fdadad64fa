"""`loadstone verdict`: what limited throughput, from signals of any source."""

from pathlib import Path
from typing import Annotated

import typer


def verdict(
    signals: Annotated[
        Path,
        typer.Argument(
            help="JSON file with one object. It needs users, throughput (requests/s), response_s and think_s (means, "
            "seconds). Further signals make the verdict more certain."
        ),
    ],
) -> None:
    """Judge what limited throughput, from signals that you measured with any tool.

    Example: loadstone verdict signals.json

    Prints the verdict with its evidence as JSON, and lists the signals that are
    missing. A run's own signals are in results/summaries/<experiment>/<repeat>/.
    docs/signals.md describes all keys; loadstone schema --signals is their schema.

    Exit code: 2 if the file cannot be used; each mistake is one line.
    """
    from loadstone.analyse.bottleneck import judge
    from loadstone.results.json_file import to_json
    from loadstone.results.signals import read_signals

    print(to_json(judge(read_signals(signals))).decode(), end="")
