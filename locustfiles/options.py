"""Command-line options that these locustfiles add to Locust's own."""

import json
from argparse import Namespace
from typing import Any

from locust import events
from locust.argument_parser import LocustArgumentParser


@events.init_command_line_parser.add_listener
def add_options(parser: LocustArgumentParser, **_: Any) -> None:
    """Declare the options.

    Locust sends the master's values to the workers when the test starts. A worker's own option (`--records`) is
    therefore read before that, in an `init` listener.
    """
    group = parser.add_argument_group("Loadstone")
    group.add_argument("--waiting", type=json.loads, default={"uniform": [1.0, 2.0]}, metavar="JSON",
                       help='When users send requests: {"uniform": [LOW, HIGH]} or {"exponential": MEAN} seconds '
                            'after a response; {"pacing": SECONDS}; '
                            '{"rate": R, "kind": "poisson" or "constant"}')  # fmt: skip
    group.add_argument("--mix", type=json.loads, default={"list_albums": 3, "get_album": 3, "create_album": 2},
                       metavar="JSON", help="Weight of each task")  # fmt: skip
    group.add_argument("--albums", type=int, default=3, help="Number of albums that users request by id, from 1 on")
    group.add_argument("--id-prefix", default="", metavar="TEXT",
                       help="Beginning of posted albums' ids; new in each run of a server that stays")  # fmt: skip
    group.add_argument("--seed", type=int, default=1, help="Seed for what each user requests, and when")
    group.add_argument("--warm-up", type=float, default=3.0, metavar="S",
                       help="Seconds from the last user's start to the window")  # fmt: skip
    group.add_argument("--window", type=float, default=20.0, metavar="S", help="Seconds of the window")
    group.add_argument("--timeline", default="", metavar="FILE", help="Master: file for the times of the run's events")
    group.add_argument("--records", default="", metavar="FILE", help="Worker: file for every request")


def parsed_options(environment: Any) -> Namespace:
    """Return the parsed options of a Locust environment."""
    options: Namespace = environment.parsed_options
    return options
