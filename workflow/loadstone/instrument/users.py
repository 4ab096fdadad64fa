"""Number a worker's users, find the user of a request, and replace the users' waits where the suite says so.

Users keep Locust's own semantics. Two attributes are added to each: `loadstone_number`, unique in the run, and
`loadstone_intended`, when its next request is due (unix seconds), if a time is fixed beforehand.
"""

import itertools
import random
from collections.abc import Iterator
from typing import Any

import gevent
from locust import User
from locust.exception import StopUser
from locust.user.task import LOCUST_STATE_RUNNING, LOCUST_STATE_STOPPING, LOCUST_STATE_WAITING, DefaultTaskSet, TaskSet

from .waiting import Waiting, WaitingPolicy

MAX_ANCESTORS = 20
"""Greenlets that are followed from a request back to the user that began it."""


class Numbers:
    """The numbers of a worker's users: the worker of rank k among n has k, k + n, k + 2n, …: of N users, 0 to N - 1."""

    def __init__(self) -> None:
        self._numbers: Iterator[int] = itertools.count()

    def take_rank(self, rank: int, workers: int) -> None:
        """Begin with the numbers of a rank."""
        self._numbers = itertools.count(rank, max(1, workers))

    def __next__(self) -> int:
        return next(self._numbers)


def number_users(numbers: Numbers, *, insecure: bool) -> None:
    """Number every user when it is made, whatever its class; and let it accept any certificate if `insecure`."""
    make: Any = User.__init__

    def numbered(user: Any, environment: Any) -> None:
        user.loadstone_number = next(numbers)
        user.loadstone_intended = None
        make(user, environment)

    User.__init__ = numbered  # type: ignore[method-assign, assignment]
    if insecure:
        _accept_certificates()


def _accept_certificates() -> None:
    """Make Locust's HttpUser accept any certificate. FastHttpUser does so by default."""
    from locust import HttpUser

    make: Any = HttpUser.__init__

    def accepting(user: Any, environment: Any) -> None:
        make(user, environment)
        user.client.verify = False

    HttpUser.__init__ = accepting  # type: ignore[method-assign]


def follow_users() -> None:
    """Mark each greenlet that starts with its user: the one that started it may be gone when it sends a request."""
    gevent.Greenlet.add_spawn_callback(_mark)


def _mark(greenlet: Any) -> None:
    arguments = greenlet.args
    own = arguments[0] if arguments else None
    user = own if isinstance(own, User) else find_user(gevent.getcurrent())
    if user is not None:
        greenlet.loadstone_user = user


def find_user(greenlet: Any) -> Any:
    """Find the user of a request by the greenlet that sends it; None if there is none.

    Locust runs each user in a greenlet whose first argument is the user. A greenlet that a user starts, such as one of
    a pool, belongs to the user too. It is marked, because it may outlive the user's own greenlet.
    """
    ancestor = greenlet
    for _ in range(MAX_ANCESTORS):
        if ancestor is None:
            return None
        arguments = getattr(ancestor, "args", None)
        own = arguments[0] if arguments else None
        user = own if isinstance(own, User) else getattr(ancestor, "loadstone_user", None)
        if user is not None:
            greenlet.loadstone_user = user
            return user
        spawner = getattr(ancestor, "spawning_greenlet", None)
        ancestor = spawner() if spawner is not None else None
    return None


def replace_waits(policy: WaitingPolicy, seed: int) -> None:
    """Make all users wait as the policy says, in place of the waits of their classes and task sets."""
    waitings: dict[int, tuple[Waiting, random.Random]] = {}

    def wait(tasks: Any) -> None:
        """Sleep until the user's next task is due. A user that is told to stop meanwhile stops, as in Locust."""
        user = tasks.user
        number = user.loadstone_number
        if number not in waitings:
            waitings[number] = policy.make_waiting(), random.Random(f"{seed}/{number}/waiting")  # noqa: S311 - not for secrets
        waiting, draw = waitings[number]
        if user._state == LOCUST_STATE_STOPPING:
            raise StopUser
        user._state = LOCUST_STATE_WAITING
        seconds, user.loadstone_intended = waiting.next(draw)
        gevent.sleep(seconds)
        if user._state == LOCUST_STATE_STOPPING:
            raise StopUser
        user._state = LOCUST_STATE_RUNNING

    TaskSet.wait = wait  # type: ignore[method-assign]
    if policy.waits_first:
        run: Any = TaskSet.run

        def wait_and_run(tasks: Any) -> None:
            tasks.wait()
            run(tasks)

        DefaultTaskSet.run = wait_and_run  # type: ignore[method-assign, misc]
