"""Servers that Loadstone knows only by their responses: one that is already running, and one that a command starts.

The models state where such a server listens, and refuse one that no load may be sent to.
"""

import ipaddress
import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from loadstone.suite.types import Model

URL = re.compile(r"http://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}/?")


def check_url(url: str) -> str:
    """Accept `http://HOST:PORT`; return it without a trailing slash. Raises ValueError for anything else.

    A user name passes: `ExternalServer` refuses it with a message that does not repeat the password.
    """
    try:
        parts = urlsplit(url)
        bare = url.replace(f"{parts.netloc.rpartition('@')[0]}@", "", 1) if "@" in parts.netloc else url
        if not parts.port or not URL.fullmatch(bare):
            raise ValueError
    except ValueError:
        raise ValueError("http://HOST:PORT, and nothing after it") from None
    return url.removesuffix("/")


def is_loopback(host: str) -> bool:
    """Whether `host`, judged by its text alone, can only be this machine: 127.0.0.0/8, ::1 or localhost."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class ExternalServer(Model):
    """A server that is already running and offers the album API."""

    kind: Literal["external"] = "external"
    """The server is already running: Loadstone neither starts nor stops it."""
    url: Annotated[str, AfterValidator(check_url)]
    """Address of the server: http://HOST:PORT."""
    albums: int = Field(default=3, ge=0, le=1_000_000)
    """Number of albums that the server is sure to hold, with the ids 1 to this number. Users request albums by these
    ids."""
    allow_remote: bool = False
    """Whether the server may be on another machine. Set it to true only if that machine's owner agrees to the load."""

    @model_validator(mode="after")
    def _askable(self) -> "ExternalServer":
        if "@" in self.url:
            raise ValueError("url: a user name or password would appear in every result; allowed: http://HOST:PORT")
        if not self.allow_remote and not is_loopback(self.host):
            raise ValueError(f"url: {remote_refused(self.host)}")
        return self

    @property
    def host(self) -> str:
        """Name or address."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """TCP port."""
        return urlsplit(self.url).port or 0


def _as_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


class CommandServer(Model):
    """A server that offers the album API and is started by a command, anew for each run."""

    kind: Literal["command"] = "command"
    """Loadstone starts the server by a command before each run, and stops it afterwards."""
    argv: Annotated[tuple[str, ...], BeforeValidator(_as_tuple), Field(min_length=1)]
    """The command as a list of words. It runs in the project's folder, without a shell."""
    url: Annotated[str, AfterValidator(check_url)]
    """Address at which the server will listen, on this machine: http://127.0.0.1:PORT."""
    ready: Annotated[str, Field(pattern=r"^/[!-~]*$")] = "/healthz"
    """Path that answers with a status below 400 once the server is ready."""
    albums: int = Field(default=3, ge=0, le=1_000_000)
    """Number of albums that the server is sure to hold when it starts, with the ids 1 to this number."""

    @model_validator(mode="after")
    def _near(self) -> "CommandServer":
        if "@" in self.url or not is_loopback(self.host):
            raise ValueError("url: the command's server must be on this machine; allowed: http://127.0.0.1:PORT")
        return self

    @property
    def host(self) -> str:
        """Name or address."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """TCP port."""
        return urlsplit(self.url).port or 0

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
