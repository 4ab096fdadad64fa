"""Users of the album API: one set of tasks for both of Locust's HTTP clients.

Each user draws its tasks and ids from a generator seeded by the run's seed and the user's number. Two runs with one
seed therefore send the same requests in the same order, user by user. When they send them is Loadstone's to decide;
under Locust alone, users do not wait.
"""

import itertools
import json
import random
from collections.abc import Callable
from typing import Any

import orjson
from locust import FastHttpUser, HttpUser, TaskSet, constant, events, task

from locustfiles.clients import REQUEST_OPTIONS, bound_fast_http, bound_http

HEADERS = {"Content-Type": "application/json"}
NOT_JSON = "not JSON"
_own_numbers = itertools.count()


@events.init_command_line_parser.add_listener
def add_options(parser: Any, **_: Any) -> None:
    """Declare the options of the album API's users."""
    group = parser.add_argument_group("Album API")
    group.add_argument("--mix", type=json.loads, default={"list_albums": 3, "get_album": 3, "create_album": 2},
                       metavar="JSON", help="Weight of each task")  # fmt: skip
    group.add_argument("--albums", type=int, default=3, help="Number of albums that users request by id, from 1 on")
    group.add_argument("--id-prefix", default="", metavar="TEXT",
                       help="Beginning of posted albums' ids; new in each run of a server that stays")  # fmt: skip
    group.add_argument("--seed", type=int, default=1, help="Seed for what each user requests")


class AlbumTasks(TaskSet):
    """The users' tasks, weighted by `--mix`."""

    user: "AlbumUser"  # type: ignore[assignment]  # Locust declares its own User, of which this is a mixin

    def get_next_task(self) -> Callable[..., Any]:
        """Draw a task from the user's own generator. Locust would draw from the process's."""
        [name] = self.user.random.choices(self.user.task_names, self.user.task_weights)
        chosen: Callable[..., Any] = getattr(type(self), name)
        return chosen

    @task
    def list_albums(self) -> None:
        """GET /albums."""
        with self.user.client.get("/albums", name="/albums", **REQUEST_OPTIONS) as response:
            if is_usable(response, 200) and not response.content.startswith(b"["):
                response.failure("not a list of albums" if is_json(response.content) else NOT_JSON)

    @task
    def get_album(self) -> None:
        """GET /albums/<id>, for an album that was there before the run."""
        album_id = str(self.user.random.randint(1, self.user.albums))
        with self.user.client.get(f"/albums/{album_id}", name="/albums/<id>", **REQUEST_OPTIONS) as response:
            if is_usable(response, 200) and read_id(response.content) != album_id:
                response.failure("not the requested album" if is_json(response.content) else NOT_JSON)

    @task
    def create_album(self) -> None:
        """POST /albums, with an id that no other user of the run posts."""
        album = self.user.new_album()
        with self.user.client.post(
            "/albums", json=album, headers=HEADERS, name="/albums", **REQUEST_OPTIONS
        ) as response:
            if is_usable(response, 201) and read_id(response.content) != album["id"]:
                response.failure("not the posted album" if is_json(response.content) else NOT_JSON)

    @task
    def calibration(self) -> None:
        """GET /calibration."""
        with self.user.client.get("/calibration", name="/calibration", **REQUEST_OPTIONS) as response:
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
    """Return the id of the album in a response's body, a whole number as text; None if there is none."""
    try:
        album_id = orjson.loads(content)["id"]
        return str(album_id) if type(album_id) is int else album_id
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

    wait_time = constant(0)

    def on_start(self) -> None:
        """Take the number that Loadstone has given the user, or the next one without Loadstone; seed the generator."""
        options = self.environment.parsed_options
        number = getattr(self, "loadstone_number", None)
        self.number: int = next(_own_numbers) if number is None else number
        self.random = random.Random(f"{options.seed}/{self.number}")  # noqa: S311 - not for secrets
        self.task_names = list(options.mix)
        self.task_weights = list(options.mix.values())
        self.albums: int = options.albums
        self._created = 0
        self._id_prefix: str = options.id_prefix

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
