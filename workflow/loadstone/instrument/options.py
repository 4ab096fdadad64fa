"""Command-line options of the instrument. All begin with `--loadstone-`, so that none is an option of a locustfile."""

import json
from argparse import Namespace
from typing import Any

PREFIX = "loadstone_"


def add_options(parser: Any, **_: Any) -> None:
    """Declare the options: a listener of Locust's event `init_command_line_parser`.

    Locust sends the master's values to the workers when the test starts. A worker's own option (`--loadstone-records`)
    is therefore read before that, in an `init` listener.
    """
    group = parser.add_argument_group("Loadstone")

    def add(name: str, **arguments: Any) -> None:
        group.add_argument(f"--loadstone-{name}", **arguments)

    add("waiting", type=json.loads, default=None, metavar="JSON",
        help='When users run tasks: {"uniform": [LOW, HIGH]} or {"exponential": MEAN} seconds after the last one, '
             '{"pacing": SECONDS}; {"rate": R, "kind": "poisson" or "constant"}; default: their own')  # fmt: skip
    add("seed", type=int, default=1, help="Seed for when each user sends requests")
    add("warm-up", type=float, default=3.0, metavar="S", help="Seconds from the last user's start to the window")
    add("window", type=float, default=20.0, metavar="S", help="Seconds of the window")
    add("timeline", default="", metavar="FILE", help="Master: file for the times of the run's events")
    add("go-ahead", default="", metavar="FILE",
        help="Master: file for whose appearance users wait, once all workers are set up. Default: none")  # fmt: skip
    add("records", default="", metavar="FILE", help="Worker: file for every request")
    add("shape", choices=["refuse", "ignore", "follow"], default="refuse", help="What to do with a LoadTestShape")
    add("weights", type=json.loads, default={}, metavar="JSON", help="User class → weight")
    add("ignore", type=json.loads, default=[], metavar="JSON", help="Types or names of events that are not requests")
    add("hosts", type=json.loads, default=None, metavar="JSON",
        help="Hosts to which users may connect, besides this machine. Default: all")  # fmt: skip
    add("insecure", action="store_true", help="Accept any https certificate")


def own_options(environment: Any) -> Namespace:
    """Return the instrument's options of a Locust environment, without their prefix."""
    parsed = vars(environment.parsed_options)
    return Namespace(**{key.removeprefix(PREFIX): value for key, value in parsed.items() if key.startswith(PREFIX)})
