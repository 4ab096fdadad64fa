"""Users of the album API: one set of tasks for both of Locust's HTTP clients.

Each user draws its tasks, ids and think times from a generator seeded by the run's seed and the user's number, so two
runs with one seed ask the same things in the same order, user by user.
"""

import itertools
import random
from collections.abc import Callable
from typing import Any

from locust import FastHttpUser, HttpUser, TaskSet, events, task

from locustfiles import conductor, options, recorder  # noqa: F401 - the recorder registers its listeners
from locustfiles.waiting import policy

HEADERS = {"Content-Type": "application/json"}
AS_IT_COMES: Any = {"catch_response": True, "allow_redirects": False}
"""How every answer is taken: judged here, and never followed to another place, which might be another machine."""
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
        with self.user.client.get("/albums", name="GET /albums", **AS_IT_COMES) as response:
            if response.status_code not in (0, 200):
                response.failure(f"HTTP {response.status_code}")
            elif response.status_code == 200 and not (response.content or b"").startswith(b"["):
                response.failure("not a list of albums")

    @task
    def get_album(self) -> None:
        """GET /albums/<id>, of one of the albums that were there before the run."""
        album_id = str(self.user.random.randint(1, self.user.albums))
        with self.user.client.get(f"/albums/{album_id}", name="GET /albums/<id>", **AS_IT_COMES) as response:
            if response.status_code not in (0, 200):
                response.failure(f"HTTP {response.status_code}")
            elif response.status_code == 200 and id_of(response) != album_id:
                response.failure("another album than the one asked for")

    @task
    def create_album(self) -> None:
        """POST /albums, with an id that no other user of the run uses."""
        album = self.user.new_album()
        with self.user.client.post(
            "/albums", json=album, headers=HEADERS, name="POST /albums", **AS_IT_COMES
        ) as response:
            if response.status_code not in (0, 201):
                response.failure(f"HTTP {response.status_code}")
            elif response.status_code == 201 and id_of(response) != album["id"]:
                response.failure("another album than the one posted")

    @task
    def calibration(self) -> None:
        """GET /calibration."""
        with self.user.client.get("/calibration", name="GET /calibration", **AS_IT_COMES) as response:
            if response.status_code not in (0, 200):
                response.failure(f"HTTP {response.status_code}")
            elif response.status_code == 200 and not (response.content or b"").startswith(b'{"slept_ms":'):
                response.failure("not a calibration answer")


def id_of(response: Any) -> object:
    """Return the id of the album in `response`, or None where there is none."""
    try:
        return response.json().get("id")
    except (ValueError, AttributeError):
        return None


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


class AlbumFastHttpUser(AlbumUser, FastHttpUser):
    """A user with geventhttpclient as its client."""
