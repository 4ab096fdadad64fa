"""A case of the trial: a server with a known limit, the load on it, and the verdicts that are right."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from loadstone.suite.foreign_servers import CommandServer
from loadstone.suite.verdict import SERVER_VERDICTS, Verdict

ROOT = Path(__file__).resolve().parents[2]
"""The checkout, in which servers find the package `benchmarks`."""

BEHIND = "{behind}"
"""Stands in a server's command for the port of the server behind it."""


class Half(StrEnum):
    """Rules are chosen on the parameters of one half, and judged on those of the other."""

    CHOSEN = "chosen"
    JUDGED = "judged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """One set of parameters of a case."""

    server: Mapping[str, Any]
    """As in a suite."""
    load: Mapping[str, Any]
    """As in a suite."""
    behind: tuple[str, ...] | None = None
    """Options of the server behind the server, if there is one; the server's command names its port as `BEHIND`."""
    at_once: float | None = None
    """How many requests proceed at the same time, where that is what limits throughput."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A kind of limit, with two sets of parameters that have nothing in common."""

    name: str
    right: frozenset[Verdict]
    """The verdicts that name the limit."""
    truth: Verdict
    """The most precise of them."""
    half_right: frozenset[Verdict] = frozenset()
    """Verdicts that are true, and less than Linux shows."""
    chosen: Setup
    judged: Setup

    def setup(self, half: Half) -> Setup:
        """Return the parameters of a half."""
        return self.chosen if half == Half.CHOSEN else self.judged

    @property
    def clears_server(self) -> bool:
        """Whether neither the server nor what it waits for limits throughput: naming it is a false accusation."""
        return not self.right & set(SERVER_VERDICTS)


def case(name: str, truth: Verdict, *also_right: Verdict, half: tuple[Verdict, ...] = (), **setups: Setup) -> Case:
    """Make a case; `setups` are `chosen` and `judged`."""
    return Case(name=name, truth=truth, right=frozenset({truth, *also_right}), half_right=frozenset(half), **setups)


def own_server(module: str, *words: object, **keys: object) -> dict[str, object]:
    """Make a server of this trial, started by a command; `keys` are further keys of the suite."""
    argv = [sys.executable, "-m", f"benchmarks.limited.{module}", "--port", "{port}", *map(str, words)]
    return {"kind": "command", "argv": argv, "cwd": str(ROOT), **keys}


def threads(limit: str, *words: object, **keys: object) -> dict[str, object]:
    """Make a server that works by threads."""
    return own_server("threads", "--limit", limit, *words, **keys)


def event_loop(limit: str, *words: object) -> dict[str, object]:
    """Make a server on an event loop."""
    return own_server("event_loop", "--limit", limit, *words)


def asking(make: Callable[..., dict[str, object]], users: int, *, ms: int, at_once: int) -> Setup:
    """Make a server that asks another one, which needs `ms` for an answer and gives `at_once` at a time."""
    behind = ("--ms", str(ms), "--at-once", str(at_once))
    return Setup(server=make("downstream", "--behind", BEHIND), load=closed(users), behind=behind)


def quick() -> dict[str, object]:
    """Make a server that answers at once."""
    return {
        "kind": "command",
        "argv": [sys.executable, "-m", "benchmarks.constant_server", "{port}"],
        "cwd": str(ROOT),
    }


def in_gunicorn(app: str, threads: int) -> dict[str, object]:
    """Make a server of gunicorn's, started by a command, with one of the limits in it."""
    words = ["--threads", str(threads), "--keep-alive", "600", "--backlog", "512", "--no-control-socket"]
    argv = [sys.executable, "-m", "gunicorn", *words, "--bind", "127.0.0.1:{port}"]
    return {"kind": "command", "argv": [*argv, f"benchmarks.limited.wsgi:make_app({app})"], "cwd": str(ROOT)}


def on_link(limit: str, bytes_per_s: int, *words: object) -> dict[str, object]:
    """Make a server behind a link of known speed, which the suite states."""
    stated = {"link": f"{bytes_per_s / 1e6:g}MB/s"} if "link" in CommandServer.model_fields else {}
    return threads(limit, "--link", bytes_per_s, *words, **stated)


def calibrated(threads: int, parallel: str, serial: str = "0s") -> dict[str, object]:
    """Make Loadstone's own server with a known demand."""
    return {"threads": threads, "calibration": {"parallel": parallel, "serial": serial}}


def closed(users: int, think_time: object = 0, *, user: str = "HttpUser") -> dict[str, object]:
    """Make a closed load of simple requests. Those that the server never takes in are given up after the window."""
    load = {"user": user, "users": users, "spawn_rate": users, "requests": [{"get": "/"}]}
    return {**load, "think_time": think_time, "stop_timeout": "3s"}


def calibrating(users: int) -> dict[str, object]:
    """Make a closed load on the route of known demand."""
    return {"users": users, "spawn_rate": users, "think_time": 0, "mix": {"calibration": 1}}


def open_load(rate: float, users: int, kind: str = "poisson") -> dict[str, object]:
    """Make an open load, with at most `users` requests in progress."""
    load = {"users": users, "spawn_rate": users, "requests": [{"get": "/"}]}
    return {**load, "arrivals": {"rate": rate, "kind": kind}, "stop_timeout": "3s"}
