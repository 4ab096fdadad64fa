"""Users that send the requests a suite declares: one set of requests for both of Locust's HTTP clients.

Each user draws its requests, and the values in them, from a generator seeded by the run's seed and the user's number.
Two runs with one seed therefore send the same requests in the same order, user by user.

It also runs without Loadstone, and then without waits between requests:

    locust -f locustfiles/declared.py --host http://127.0.0.1:8080 \
        --requests '[{"method": "GET", "path": ["/items/", {"draw": 0}], "draws": [[1, 1000]]}]' DeclaredHttpUser
"""

import argparse
import functools
import itertools
import json
import random
from argparse import Namespace
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import gevent.ssl
from locust import FastHttpUser, HttpUser, events
from locust.argument_parser import LocustArgumentParser
from requests.exceptions import InvalidSchema, InvalidURL, MissingSchema

from locustfiles.clients import bound_fast_http, bound_http

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
REDIRECTS = range(300, 400)
NOWHERE = (InvalidSchema, InvalidURL, MissingSchema)
"""What python-requests raises where a redirect leads to no HTTP address. Locust would drop the request in silence."""

Values = Sequence[int]
"""The values drawn for one request."""
Text = Callable[[Values], str]
"""Writes a text of a request with the drawn values."""

_numbers = itertools.count()
"""Numbers of the users in this process, if no one else numbers them."""


class Request(NamedTuple):
    """A declared request."""

    method: str
    name: str
    weight: int
    expect: int | None
    """Status of a success; None: any below 400."""
    draws: list[tuple[int, int]]
    """Lowest and highest value of each draw."""
    path: Text
    headers: dict[str, Text]
    body: Text | None

    def is_success(self, status: int) -> bool:
        """Return whether a status is the expected one."""
        return status < 400 if self.expect is None else status == self.expect


def read_requests(text: str) -> list[dict[str, Any]]:
    """Read the option `--requests`: a list of requests as `Request` has them, its texts as lists of parts.

    A part is a text; or {"draw": i}, for value number i in digits; or {"draw": i, "of": texts}, for one of these texts,
    the one with the drawn number. All keys but `path` may be absent. Raises ArgumentTypeError.
    """
    try:
        requests: list[dict[str, Any]] = json.loads(text)
        if not requests or not all(build_request(request).method in METHODS for request in requests):
            raise ValueError("no request, or a method that is none")
    except (ValueError, TypeError, KeyError, LookupError, AttributeError) as error:
        raise argparse.ArgumentTypeError(f"not a list of requests: {error!r}") from None
    return requests


def build_request(written: dict[str, Any]) -> Request:
    """Make a request of the plain data that describes it."""
    body = written.get("body")
    path = written["path"]
    return Request(
        method=written.get("method", "GET"),
        name=written.get("name") or (path if isinstance(path, str) else "".join(map(_shown, path))),
        weight=written.get("weight", 1),
        expect=written.get("expect"),
        draws=[(low, high) for low, high in written.get("draws", ())],
        path=_writer(path),
        headers={name: _writer(value) for name, value in written.get("headers", {}).items()},
        body=None if body is None else _writer(body),
    )


def _shown(part: Any) -> str:
    return part if isinstance(part, str) else "<value>"


def _writer(parts: str | list[Any]) -> Text:
    """Make the function that writes a text. Most texts are constant, so they are written once."""
    parts = [parts] if isinstance(parts, str) else parts
    if all(isinstance(part, str) for part in parts):
        constant = "".join(parts)
        return lambda _: constant
    writers = [_part_writer(part) for part in parts]
    return lambda values: "".join([write(values) for write in writers])


def _part_writer(part: Any) -> Text:
    if isinstance(part, str):
        return lambda _: part
    index: int = part["draw"]
    if (texts := part.get("of")) is not None:
        return lambda values: str(texts[values[index]])
    return lambda values: str(values[index])


class Deck:
    """All requests, to draw from by their weights."""

    def __init__(self, requests: Iterable[Request]) -> None:
        self._requests = list(requests)
        self._weights = list(itertools.accumulate(request.weight for request in self._requests))

    def draw(self, draw: random.Random) -> tuple[Request, Values]:
        """Draw a request, and the values in it."""
        [request] = draw.choices(self._requests, cum_weights=self._weights)
        return request, [draw.randint(low, high) for low, high in request.draws]


_deck: Deck | None = None


@events.init_command_line_parser.add_listener
def add_options(parser: LocustArgumentParser, **_: Any) -> None:
    """Declare the options."""
    group = parser.add_argument_group("Declared requests")
    group.add_argument("--requests", type=read_requests, default=[{"path": "/"}], metavar="JSON",
                       help="Requests that users send. Default: GET /")  # fmt: skip
    group.add_argument("--seed", type=int, default=1, help="Seed for what each user sends")
    group.add_argument("--insecure", action="store_true", help="Accept any https certificate")


@events.init.add_listener
def prepare(environment: Any, **_: Any) -> None:
    """Prepare the requests, before the first user starts."""
    global _deck  # noqa: PLW0603 - one Locust process is one environment
    _deck = Deck(map(build_request, environment.parsed_options.requests))


def send(user: "DeclaredUser") -> None:
    """Send one request: a user's only task."""
    assert _deck is not None  # noqa: S101 - users start after the event `init`
    request, values = _deck.draw(user.random)
    body = None if request.body is None else request.body(values).encode()
    headers = {name: value(values) for name, value in request.headers.items()}
    try:
        with user.client.request(
            request.method,
            request.path(values),
            name=request.name,
            headers=headers,
            data=body,
            allow_redirects=request.expect not in REDIRECTS,
            catch_response=True,
        ) as response:
            judge(request, response)
    except NOWHERE as error:
        user.environment.events.request.fire(
            request_type=request.method, name=request.name, response_time=0, response_length=0, response=None,
            context=user.context(), exception=error,
        )  # fmt: skip


def judge(request: Request, response: Any) -> None:
    """Decide by the status whether a request succeeded. Where no complete answer came, Locust knows why."""
    status = response.status_code
    if not status:
        return
    if not request.is_success(status):
        response.failure(f"HTTP {status}")
    elif response.request_meta["exception"] is None:
        response.success()


class DeclaredUser:
    """What both user classes share."""

    tasks: Any = [send]  # noqa: RUF012 - Locust's own interface
    client: Any
    environment: Any
    context: Callable[[], dict[str, Any]]

    def on_start(self) -> None:
        """Seed the generator with the run's seed and the user's number."""
        options = self.environment.parsed_options
        seed = getattr(options, "loadstone_seed", options.seed)
        self.random = random.Random(f"{seed}/{self.number()}/requests")  # noqa: S311 - not for secrets

    def number(self) -> str:
        """Return the user's number: the instrument's, or else one that is unique among the workers."""
        if (number := getattr(self, "loadstone_number", None)) is not None:
            return str(number)
        return f"{getattr(self.environment.runner, 'worker_index', 0)}-{next(_numbers)}"


def is_insecure(options: Namespace) -> bool:
    """Return whether any certificate will do, by this file's option or the instrument's."""
    return bool(options.insecure or getattr(options, "loadstone_insecure", False))


@functools.cache
def verifying_context() -> Any:
    """Make the context in which all users of a process check certificates: reading these takes 80 ms."""
    return gevent.ssl.create_default_context()


class DeclaredHttpUser(DeclaredUser, HttpUser):
    """A user whose client is python-requests."""

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)  # type: ignore[no-untyped-call]
        bound_http(self.client)
        self.client.verify = not is_insecure(environment.parsed_options)


class DeclaredFastHttpUser(DeclaredUser, FastHttpUser):
    """A user whose client is geventhttpclient."""

    def __init__(self, environment: Any) -> None:
        self.insecure = is_insecure(environment.parsed_options)
        if not self.insecure:
            self.ssl_context_factory = verifying_context
        super().__init__(environment)
        bound_fast_http(self.client)
