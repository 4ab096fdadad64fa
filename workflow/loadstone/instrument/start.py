"""Start the instrument in a Locust process: registers its listeners. Locust has loaded the users' files before."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import locust.argument_parser
from locust import User, events
from locust.runners import MasterRunner, WorkerRunner

from .conductor import announce, conduct
from .connections import guard_connections
from .failures import REFUSED, end_process
from .options import add_options, own_options
from .recorder import record
from .users import Numbers, follow_users, number_users, replace_waits
from .waiting import make_policy

# Locust's own configuration files would change the run (`run-time` would end it): read none of them.
locust.argument_parser.get_parser.__defaults__ = ((),)


@events.init.add_listener  # type: ignore[untyped-decorator]
def start(environment: Any, runner: Any, **_: Any) -> None:
    """Start as the master's conductor or as a worker's recorder. The users' own `init` listeners have run before."""
    options = own_options(environment)
    _weigh(environment, options.weights)
    if options.hosts is not None:
        guard_connections(options.hosts)
    if isinstance(runner, MasterRunner) and options.timeline:
        _decide_shape(environment, options.shape)
        _refuse_idle_classes(environment)
        if options.records:
            record(environment, runner, scheduled=False)
        conduct(environment, runner)
    elif isinstance(runner, WorkerRunner):
        numbers = Numbers()
        number_users(numbers, insecure=options.insecure)
        follow_users()
        workers = max(1, environment.parsed_options.expect_workers)

        def take_rank(rank: int) -> None:
            numbers.take_rank(rank, workers)
            if options.waiting is not None:
                replace_waits(make_policy(options.waiting, rank, workers, options.seed), options.seed)

        if options.records:
            record(environment, runner, scheduled=_is_scheduled(options.waiting))
        announce(runner, take_rank)


def _is_scheduled(waiting: dict[str, Any] | None) -> bool:
    return waiting is not None and ("pacing" in waiting or "rate" in waiting)


def _weigh(environment: Any, weights: dict[str, int]) -> None:
    """Give user classes the suite's weights, in place of a weight or a fixed number of users of their own."""
    for user_class in environment.user_classes:
        if (weight := weights.get(user_class.__name__)) is not None:
            user_class.weight, user_class.fixed_count = weight, 0


def _decide_shape(environment: Any, decision: str) -> None:
    shape = environment.shape_class
    if shape is None or decision == "follow":
        return
    if decision == "refuse":
        end_process(
            f"the locustfile has a LoadTestShape ({type(shape).__name__}): set load.shape to ignore (users and "
            "spawn_rate apply) or to follow",
            REFUSED,
        )
    environment.shape_class = None


def _refuse_idle_classes(environment: Any) -> None:
    """End the process if tags leave a class without tasks: its users would raise an exception for ever."""
    options = environment.parsed_options
    if not (options.tags or options.exclude_tags):
        return
    busy = [user_class for user_class in environment.user_classes if user_class.tasks]
    environment._filter_tasks_by_tags()
    if idle := ", ".join(user_class.__name__ for user_class in busy if not user_class.tasks):
        key = "load.tags" if options.tags else "load.exclude_tags"
        end_process(f"{key}: leaves no task of {idle}; name the classes to run in load.classes", REFUSED)


def _refuse_file_without_users(arguments: list[str]) -> None:
    """End the process if the files that Locust has loaded so far define neither a User class nor a test of pytest.

    Locust would look for tests then, with all plugins of pytest that are installed, before it says that there are none.
    """
    files = arguments[arguments.index("--locustfile") + 1].split(",")[:-1]
    modules = [module for module in list(sys.modules.values()) if getattr(module, "__file__", None) in files]
    if any(name.startswith(("test", "Test")) for module in modules for name in vars(module)):
        return
    if all(kind.abstract or kind.__module__.startswith("locust.") for kind in _subclasses(User)):
        names = ", ".join(Path(file).name for file in files)
        end_process(f"{names} has no User class that Locust can run: make one that is not abstract", REFUSED)


def _subclasses(kind: Any) -> Iterator[Any]:
    for subclass in kind.__subclasses__():
        yield subclass
        yield from _subclasses(subclass)


if "--loadstone-records" in sys.argv or "--loadstone-timeline" in sys.argv:
    _refuse_file_without_users(sys.argv)
events.init_command_line_parser.add_listener(add_options)  # type: ignore[no-untyped-call]
