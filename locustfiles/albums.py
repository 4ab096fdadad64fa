"""Users of the album API: one set of tasks for both of Locust's HTTP clients.

Each user draws its tasks, ids and think times from a generator seeded by the run's seed and the user's number. Two runs
with one seed therefore send the same requests in the same order, user by user.
"""

import itertools
import random
from collections.abc import Callable
from typing import Any

import orjson
from locust import FastHttpUser, HttpUser, TaskSet, events, task

from locustfiles import conductor, recorder  # noqa: F401 - the recorder registers its listeners
from locustfiles.clients import REQUEST_OPTIONS, bound_fast_http, bound_http
from locustfiles.options import parsed_options
from locustfiles.waiting import WaitingPolicy, make_policy

HEADERS = {"Content-Type": "application/json"}
NOT_JSON = "not JSON"
_user_numbers = itertools.count()
_policy: WaitingPolicy | None = None


@events.init.add_listener
def set_up(environment: Any, runner: Any, **_: Any) -> None:
    """Give the worker of rank k among n the user numbers k, k + n, k + 2n, …: of N users, 0 to N - 1.

    This listener is registered last, so a worker announces itself after all listeners have run.
    """

    def take_rank(rank: int) -> None:
        global _user_numbers, _policy  # noqa: PLW0603 - one Locust process is one environment
        options = parsed_options(environment)
        workers = max(1, options.expect_workers)
        _user_numbers = itertools.count(rank, workers)
        _policy = make_policy(options.waiting, rank, workers, options.seed)

    conductor.announce(runner, take_rank)


class AlbumTasks(TaskSet):
    """The users' tasks, weighted by `--mix`."""

    user: "AlbumUser"  # type: ignore[assignment]  # Locust declares its own User, of which this is a mixin

    def get_next_task(self) -> Callable[..., Any]:
        """Draw a task from the user's own generator. Locust would draw from the process's."""
        if self.user.waits_first:
            self.user.waits_first = False
            return AlbumTasks.nothing
        [name] = self.user.random.choices(self.user.task_names, self.user.task_weights)
        chosen: Callable[..., Any] = getattr(type(self), name)
        return chosen

    def nothing(self) -> None:
        """Send no request: a user's first task if it has to wait until its first request is due."""

    @task
    def list_albums(self) -> None:
        """GET /albums."""
        with self.user.client.get("/albums", name="GET /albums", **REQUEST_OPTIONS) as response:
            if is_usable(response, 200) and not response.content.startswith(b"["):
                response.failure("not a list of albums" if is_json(response.content) else NOT_JSON)

    @task
    def get_album(self) -> None:
        """GET /albums/<id>, for an album that was there before the run."""
        album_id = str(self.user.random.randint(1, self.user.albums))
        with self.user.client.get(f"/albums/{album_id}", name="GET /albums/<id>", **REQUEST_OPTIONS) as response:
            if is_usable(response, 200) and read_id(response.content) != album_id:
                response.failure("not the requested album" if is_json(response.content) else NOT_JSON)

    @task
    def create_album(self) -> None:
        """POST /albums, with an id that no other user of the run posts."""
        album = self.user.new_album()
        with self.user.client.post(
            "/albums", json=album, headers=HEADERS, name="POST /albums", **REQUEST_OPTIONS
        ) as response:
            if is_usable(response, 201) and read_id(response.content) != album["id"]:
                response.failure("not the posted album" if is_json(response.content) else NOT_JSON)

    @task
    def calibration(self) -> None:
        """GET /calibration."""
        with self.user.client.get("/calibration", name="GET /calibration", **REQUEST_OPTIONS) as response:
            if is_usable(response, 200) and not response.content.startswith(b'{"slept_ms":'):
                response.failure("not a calibration answer" if is_json(response.content) else NOT_JSON)


def is_usable(response: Any, expected: int) -> bool:
    """Return whether a complete answer came with the expected status. Mark any other status as a failure."""
    status = response.status_code
    if status == expected:
        return response.request_meta["exception"] is None
    if status:
        response.failure(f"HTTP {status}")
    return False


def read_id(content: bytes) -> object:
    """Return the id of the album in a response's body; None if there is none."""
    try:
        return orjson.loads(content)["id"]
    except (orjson.JSONDecodeError, KeyError, TypeError, IndexError):
        return None


def is_json(content: bytes) -> bool:
    """Return whether a response's body is JSON."""
    try:
        orjson.loads(content)
    except orjson.JSONDecodeError:
        return False
    return True


class AlbumUser:
    """What both user classes share. Locust collects tasks from a mixin's `tasks`, not from its methods."""

    tasks: Any = [AlbumTasks]  # noqa: RUF012 - Locust's own interface
    client: Any
    environment: Any

    def on_start(self) -> None:
        """Take a number, and seed the generator with it."""
        options = parsed_options(self.environment)
        self.number = next(_user_numbers)
        self.random = random.Random(f"{options.seed}/{self.number}")  # noqa: S311 - not for secrets
        self.task_names = list(options.mix)
        self.task_weights = list(options.mix.values())
        self.albums: int = options.albums
        policy = _policy or make_policy(options.waiting, 0, 1, options.seed)
        self.waits_first = policy.waits_first
        self._waiting = policy.make_waiting()
        self._context: dict[str, Any] = {"user": self.number, "intended": None}
        self._created = 0
        self._id_prefix: str = options.id_prefix

    def wait_time(self) -> float:
        """Return the seconds to wait before the next request, and note when that request is due."""
        wait: tuple[float, float | None] = self._waiting.next(self.random)
        seconds, self._context["intended"] = wait
        return seconds

    def context(self) -> dict[str, Any]:
        """Return what the recorder notes with a request: its user, and when it was due."""
        return self._context

    def new_album(self) -> dict[str, Any]:
        """Make up an album."""
        self._created += 1
        return {
            "id": f"{self._id_prefix}u{self.number}-{self._created}",
            "title": f"Take {self._created}",
            "artist": f"User {self.number}",
            "price": self.random.randint(500, 5000) / 100,
        }


class AlbumHttpUser(AlbumUser, HttpUser):
    """A user whose client is python-requests."""

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)  # type: ignore[no-untyped-call]
        bound_http(self.client)


class AlbumFastHttpUser(AlbumUser, FastHttpUser):
    """A user whose client is geventhttpclient."""

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        bound_fast_http(self.client)
