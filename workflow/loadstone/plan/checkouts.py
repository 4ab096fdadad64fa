"""The commits that a campaign checks out: each one once, built by the words in the suite."""

import hashlib
import json
from collections.abc import Iterable

from loadstone.errors import SuiteError
from loadstone.suite.foreign_servers import CommandServer
from loadstone.suite.repository import FULL_HASH
from loadstone.suite.settings import Server
from loadstone.suite.types import Model

HASH_DIGITS = 12
DIGEST_DIGITS = 8


class Checkout(Model):
    """A commit and how it is built."""

    commit: str
    """The full hash."""
    build: tuple[str, ...] | None
    """Words of the command that builds it; None if it needs none."""

    @property
    def name(self) -> str:
        """Name of its folder: the beginning of the hash, and a digest of the build words."""
        digest = hashlib.sha256(json.dumps(self.build).encode()).hexdigest()
        return f"{self.commit[:HASH_DIGITS]}-{digest[:DIGEST_DIGITS]}"


def checkout_of(server: Server) -> Checkout | None:
    """Return what a server needs to be checked out; None if it names no commit.

    Raises `SuiteError` unless the commit is a full hash, as in a suite that was loaded.
    """
    if not isinstance(server, CommandServer) or server.commit is None:
        return None
    if not FULL_HASH.fullmatch(server.commit):
        raise SuiteError(f"server.commit: {server.commit!r} is not allowed here; allowed: the full hash of a commit")
    return Checkout(commit=server.commit, build=server.build)


def list_checkouts(servers: Iterable[Server]) -> dict[str, Checkout]:
    """List the checkouts that servers need, each once: name → checkout."""
    found = [checkout for server in servers if (checkout := checkout_of(server)) is not None]
    return {checkout.name: checkout for checkout in found}
