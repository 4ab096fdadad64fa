"""Servers of which only the answers are known: one that somebody else runs, and one that a command of theirs starts.

Where they are, and whether a load may be aimed there.
"""

import ipaddress
import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from loadstone.suite.types import Model

URL = re.compile(r"http://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}/?")


def check_url(url: str) -> str:
    """Accept `http://HOST:PORT`; return it without a slash at its end. Raises ValueError.

    A user's name is let through: `ExternalServer` refuses it in words that don't repeat the password.
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
    """Whether `host`, by its letters alone, can only be this machine: 127.0.0.0/8, ::1 or localhost."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class ExternalServer(Model):
    """A server that somebody else runs, and that speaks the album API."""

    kind: Literal["external"] = "external"
    """Who starts the system under test."""
    url: Annotated[str, AfterValidator(check_url)]
    """Where it listens: http://HOST:PORT."""
    albums: int = Field(default=3, ge=0, le=1_000_000)
    """Albums that it is sure to hold, with the ids 1 to this number: what users ask for by id."""
    allow_remote: bool = False
    """Whether it may be on another machine than this one, whose owner then knows of the load."""

    @model_validator(mode="after")
    def _askable(self) -> "ExternalServer":
        if "@" in self.url:
            raise ValueError("url: a user's name or password would stand in every result; allowed: http://HOST:PORT")
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


def _words(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


class CommandServer(Model):
    """A server that speaks the album API and is started by a command, afresh for each run."""

    kind: Literal["command"] = "command"
    """Who starts the system under test."""
    argv: Annotated[tuple[str, ...], BeforeValidator(_words), Field(min_length=1)]
    """The command, word by word; no shell reads it. It runs in the project's folder."""
    url: Annotated[str, AfterValidator(check_url)]
    """Where it will listen, on this machine: http://HOST:PORT."""
    ready: Annotated[str, Field(pattern=r"^/[!-~]*$")] = "/healthz"
    """Path that answers with a status below 400 once it is ready."""
    albums: int = Field(default=3, ge=0, le=1_000_000)
    """Albums that it is sure to hold when it starts, with the ids 1 to this number."""

    @model_validator(mode="after")
    def _near(self) -> "CommandServer":
        if "@" in self.url or not is_loopback(self.host):
            raise ValueError("url: a command starts its server on this machine; allowed: http://127.0.0.1:PORT")
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
        """It never may."""
        return False


def remote_refused(host: str) -> str:
    """Say why no load is aimed at a host."""
    return (
        f"{host} is not this machine (127.0.0.0/8, ::1 or localhost), and load on another is only for those who may "
        "put it there: say so by allow_remote: true"
    )
