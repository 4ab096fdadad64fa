"""Command-line options that these locustfiles add to Locust's own."""

import json
from argparse import Namespace
from typing import Any

from locust import events
from locust.argument_parser import LocustArgumentParser


@events.init_command_line_parser.add_listener
def add_options(parser: LocustArgumentParser, **_: Any) -> None:
    """Declare the options.

    Locust sends the master's values to the workers when the test starts; what is a worker's own (`--records`) is
    therefore read before, in an `init` listener.
    """
    group = parser.add_argument_group("Loadstone")
    group.add_argument("--waiting", type=json.loads, default={"uniform": [1.0, 2.0]}, metavar="JSON",
                       help='When users ask: {"uniform": [LOW, HIGH]}, {"exponential": MEAN} after a response; '
                            '{"pacing": SECONDS}; {"rate": R, "kind": "poisson" or "constant"}')  # fmt: skip
    group.add_argument("--mix", type=json.loads, default={"list_albums": 3, "get_album": 3, "create_album": 2},
                       metavar="JSON", help="Weight of each task")  # fmt: skip
    group.add_argument("--albums", type=int, default=3, help="Albums to ask for by id: 1 to this number")
    group.add_argument("--id-prefix", default="", metavar="TEXT",
                       help="What ids of posted albums begin with: new in each run of a server that stays")  # fmt: skip
    group.add_argument("--seed", type=int, default=1, help="Fixes what each user asks for, and when")
    group.add_argument("--warm-up", type=float, default=3.0, metavar="S",
                       help="Seconds from the last user's start to the window")  # fmt: skip
    group.add_argument("--window", type=float, default=20.0, metavar="S", help="Seconds that count")
    group.add_argument("--timeline", default="", metavar="FILE", help="Master: where to note what happened when")
    group.add_argument("--records", default="", metavar="FILE", help="Worker: where to keep every request")


def of(environment: Any) -> Namespace:
    """Return the parsed options of `environment`."""
    options: Namespace = environment.parsed_options
    return options
