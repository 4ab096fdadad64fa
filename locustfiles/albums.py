"""Users of the album API: one set of tasks for both of Locust's HTTP clients.

Each user draws its tasks, ids and think times from a generator seeded by the run's seed and the user's number, so two
runs with one seed ask the same things in the same order, user by user.
"""

import itertools
import random
from collections.abc import Callable
from typing import Any

import orjson
from locust import FastHttpUser, HttpUser, TaskSet, events, task

from locustfiles import conductor, options, recorder  # noqa: F401 - the recorder registers its listeners
from locustfiles.clients import ASKING, bound_fast_http, bound_http
from locustfiles.waiting import policy

HEADERS = {"Content-Type": "application/json"}
NOT_JSON = "not JSON"
_user_numbers = itertools.count()
_policy: Any = None


@events.init.add_listener
def set_up(environment: Any, runner: Any, **_: Any) -> None:
    """Give the worker of rank k among n the user numbers k, k + n, k + 2n, …: of N users, 0 to N - 1.

    This is the last listener to be registered, so a worker announces itself when all have run.
    """

    def number_from(rank: int) -> None:
        global _user_numbers, _policy  # noqa: PLW0603 - one Locust process is one environment
        given = options.of(environment)
        workers = max(1, given.expect_workers)
        _user_numbers = itertools.count(rank, workers)
        _policy = policy(given.waiting, rank, workers, given.seed)

    conductor.announce(runner, number_from)


class AlbumTasks(TaskSet):
    """What users do, weighted by `--mix`."""

    user: "AlbumUser"  # type: ignore[assignment]  # Locust declares its own User, of which this is a mixin

    def get_next_task(self) -> Callable[..., Any]:
        """Draw from the user's own generator, where Locust would use the process's."""
        if self.user.waits_first:
            self.user.waits_first = False
            return AlbumTasks.nothing
        [name] = self.user.random.choices(self.user.task_names, self.user.task_weights)
        chosen: Callable[..., Any] = getattr(type(self), name)
        return chosen

    def nothing(self) -> None:
        """Ask for nothing: what a user does before it waits for the time of its first request."""

    @task
    def list_albums(self) -> None:
        """GET /albums."""
        with self.user.client.get("/albums", name="GET /albums", **ASKING) as response:
            if is_answer(response, 200) and not response.content.startswith(b"["):
                response.failure("not a list of albums" if is_json(response.content) else NOT_JSON)

    @task
    def get_album(self) -> None:
        """GET /albums/<id>, of one of the albums that were there before the run."""
        album_id = str(self.user.random.randint(1, self.user.albums))
        with self.user.client.get(f"/albums/{album_id}", name="GET /albums/<id>", **ASKING) as response:
            if is_answer(response, 200) and id_of(response.content) != album_id:
                response.failure("another album than the one asked for" if is_json(response.content) else NOT_JSON)

    @task
    def create_album(self) -> None:
        """POST /albums, with an id that no other user of the run uses."""
        album = self.user.new_album()
        with self.user.client.post("/albums", json=album, headers=HEADERS, name="POST /albums", **ASKING) as response:
            if is_answer(response, 201) and id_of(response.content) != album["id"]:
                response.failure("another album than the one posted" if is_json(response.content) else NOT_JSON)

    @task
    def calibration(self) -> None:
        """GET /calibration."""
        with self.user.client.get("/calibration", name="GET /calibration", **ASKING) as response:
            if is_answer(response, 200) and not response.content.startswith(b'{"slept_ms":'):
                response.failure("not a calibration answer" if is_json(response.content) else NOT_JSON)


def is_answer(response: Any, expected: int) -> bool:
    """Tell whether a whole answer came with the expected status; a status other than that is a failure."""
    status = response.status_code
    if status == expected:
        return response.request_meta["exception"] is None
    if status:
        response.failure(f"HTTP {status}")
    return False


def id_of(content: bytes) -> object:
    """Return the id of the album in a response's body, or None where there is none."""
    try:
        return orjson.loads(content)["id"]
    except (orjson.JSONDecodeError, KeyError, TypeError, IndexError):
        return None


def is_json(content: bytes) -> bool:
    """Tell whether a response's body can be read at all."""
    try:
        orjson.loads(content)
    except orjson.JSONDecodeError:
        return False
    return True


class AlbumUser:
    """What both kinds of user share; Locust collects tasks from a mixin's `tasks`, not from its methods."""

    tasks: Any = [AlbumTasks]  # noqa: RUF012 - Locust's own interface
    client: Any
    environment: Any

    def on_start(self) -> None:
        """Take a number and seed the generator with it."""
        given = options.of(self.environment)
        self.number = next(_user_numbers)
        self.random = random.Random(f"{given.seed}/{self.number}")  # noqa: S311 - not for secrets
        self.task_names = list(given.mix)
        self.task_weights = list(given.mix.values())
        self.albums: int = given.albums
        make, waits_first = _policy or policy(given.waiting, 0, 1, given.seed)
        self.waits_first: bool = waits_first
        self._waiting = make()
        self._context: dict[str, Any] = {"user": self.number, "intended": None}
        self._created = 0
        self._id_prefix: str = given.id_prefix

    def wait_time(self) -> float:
        """Say how many seconds to wait before the next request, and remember when it is to begin."""
        wait: tuple[float, float | None] = self._waiting.next(self.random)
        seconds, self._context["intended"] = wait
        return seconds

    def context(self) -> dict[str, Any]:
        """Tell the recorder whose request it is."""
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
    """A user with python-requests as its client."""

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)  # type: ignore[no-untyped-call]
        bound_http(self.client)


class AlbumFastHttpUser(AlbumUser, FastHttpUser):
    """A user with geventhttpclient as its client."""

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        bound_fast_http(self.client)
