"""Servers that Loadstone knows only by their responses: one that is already running, and one that a command starts.

The models state where such a server listens, and refuse one that no load may be sent to.
"""

import re
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from loadstone.suite.load_settings import MAX_WORKERS
from loadstone.suite.types import Model, Rate, SparseModel
from loadstone.suite.urls import check_url, is_loopback

PORTS = {"http": 80, "https": 443}
PLACEHOLDERS = ("port", "workers", "threads")
"""Names that `{…}` in a command stands for."""


def _words(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_words), Field(min_length=1)]


class LogLine(Model):
    """Ready, once the command's log holds a line with a text."""

    log: str = Field(min_length=1)
    """Part of the line, such as `Application startup complete`."""


def _check_ready(ready: str | LogLine) -> str | LogLine:
    if isinstance(ready, str) and ready != "tcp" and not re.fullmatch(r"/[!-~]*", ready):
        raise ValueError("a path such as /health, tcp, or {log: part of a line}")
    return ready


Ready = Annotated[str | LogLine, AfterValidator(_check_ready)]


class ForeignServer(SparseModel):
    """What both kinds have in common."""

    SPARSE: ClassVar[frozenset[str]] = frozenset({"workers", "threads", "verify", "link"})

    url: Annotated[str, AfterValidator(check_url)]
    workers: int | None = Field(default=None, ge=1, le=MAX_WORKERS)
    """Worker processes that the server has. Verdicts need it to know the server's utilisation."""
    threads: int | None = Field(default=None, ge=1, le=100_000)
    """Requests that each worker handles at the same time. With workers, it makes the number of slots known."""
    verify: bool = True
    """Whether an https certificate has to be valid. Set it to false for certificates of your own."""
    albums: int = Field(default=3, ge=0, le=1_000_000)
    """For the album API: the number of albums that the server is sure to hold when a run starts, with the ids 1 to this
    number."""
    link: Rate | None = None
    """Speed of the network between the load generator and the server, such as 100mbit, 1gbit or 20MB/s, with which a
    verdict can state that the network is full. Default: that of the network interface, for an external
    server on another machine."""

    @property
    def host(self) -> str:
        """Name or address."""
        return urlsplit(self.url.replace(":{port}", "")).hostname or ""

    @property
    def port(self) -> int | None:
        """TCP port; None if Loadstone chooses a free one."""
        if "{port}" in self.url:
            return None
        parts = urlsplit(self.url)
        return parts.port or PORTS[parts.scheme]


class ExternalServer(ForeignServer):
    """A server that is already running."""

    kind: Literal["external"] = "external"
    """The server is already running: Loadstone neither starts nor stops it."""
    url: Annotated[str, AfterValidator(check_url)]
    """Address of the server: http://HOST:PORT or https://HOST:PORT, with a base path or without."""
    ready: Ready | None = None
    """What shows that it is running: a path that answers with a status below 500, or tcp (a connection). Default:
    /healthz for the album API, otherwise tcp."""
    allow_remote: bool = False
    """Whether the server may be on another machine. Set it to true only if that machine's owner agrees to the load."""

    @model_validator(mode="after")
    def _askable(self) -> "ExternalServer":
        if "@" in self.url:
            raise ValueError("url: a user name or password would appear in every result; allowed: http://HOST:PORT")
        if self.port is None:
            raise ValueError("url: {port} is for servers that a command starts; allowed: http://HOST:PORT")
        if isinstance(self.ready, LogLine):
            raise ValueError("ready: the log of an external server is unknown; allowed: a path or tcp")
        if not self.allow_remote and not is_loopback(self.host):
            raise ValueError(f"url: {remote_refused(self.host)}")
        return self


STOP_SIGNALS = ("SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP")


def _check_stop(name: str) -> str:
    if name not in STOP_SIGNALS:
        raise ValueError(", ".join(STOP_SIGNALS))
    return name


class CommandServer(ForeignServer):
    """A server that is started by a command, anew for each run."""

    SPARSE: ClassVar[frozenset[str]] = ForeignServer.SPARSE | {"cwd", "env", "stop", "commit", "build"}

    kind: Literal["command"] = "command"
    """Loadstone starts the server by a command before each run, and stops it afterwards."""
    argv: Words
    """The command as a list of words, run without a shell. {port}, {workers} and {threads} stand for their values."""
    cwd: str | None = None
    """Folder in which it runs, relative to the suite's folder (with `commit`: to the checked-out commit), which is the
    default."""
    env: dict[str, str] = Field(default={})
    """Environment variables for it, with the same placeholders. Results show them."""
    url: Annotated[str, AfterValidator(check_url)] = "http://127.0.0.1:{port}"
    """Address at which the server will listen, on this machine. {port} stands for a free port."""
    ready: Ready | None = None
    """What shows that it is ready: a path that answers with a status below 400, tcp (a connection), or {log: part of a
    line}. Default: /healthz for the album API, otherwise tcp."""
    stop: Annotated[str, AfterValidator(_check_stop)] = "SIGTERM"
    """Signal that stops it in order: SIGTERM, SIGINT, SIGQUIT or SIGHUP."""
    commit: str | None = Field(default=None, min_length=1)
    """A commit, branch or tag of the suite's repository, which is checked out into a folder of the campaign; the
    command runs there. In results: the full hash."""
    build: Words | None = None
    """Command as a list of words that builds the commit, once, in the folder of its checkout."""

    @model_validator(mode="after")
    def _near(self) -> "CommandServer":
        if "@" in self.url or not is_loopback(self.host):
            raise ValueError("url: the command's server must be on this machine; allowed: http://127.0.0.1:PORT")
        for key in PLACEHOLDERS[1:]:
            if any("{" + key + "}" in word for word in (*self.argv, *self.env.values())) and not getattr(self, key):
                raise ValueError(f"argv: {{{key}}} needs the key {key}")
        if self.port is None and not any("{port}" in word for word in (*self.argv, *self.env.values())):
            raise ValueError(
                "argv: the server cannot know its port; write {port} in argv or env, or give the url of its own port"
            )
        if self.build and self.commit is None:
            raise ValueError("build: needs commit; build your working tree yourself before the campaign")
        return self

    @property
    def allow_remote(self) -> bool:
        """Always false: the command starts its server on this machine."""
        return False


def remote_refused(host: str) -> str:
    """Explain why no load is sent to a host, and how to allow it."""
    return (
        f"{host} is not this machine (127.0.0.0/8, ::1 or localhost); "
        "if its owner agrees to the load, set allow_remote: true"
    )
