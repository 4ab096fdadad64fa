"""Replace the name of each commit in a suite's settings by its full hash, which is then the run's value.

A branch that has moved therefore reruns its experiments, and a branch that has not moved does not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from loadstone.errors import SuiteError
from loadstone.suite.foreign_servers import CommandServer
from loadstone.suite.layers import Layer
from loadstone.suite.repository import resolve_commit
from loadstone.suite.settings import Settings


@dataclass(slots=True)
class CommitNames:
    """The commits that one suite names. Each is looked up once, so that all experiments get the same one."""

    path: Path
    """The suite's file. Its repository is the one that is asked."""
    complaints: list[str] = field(default_factory=list)
    """One line per name that stands for no commit."""
    _hashes: dict[str, str] = field(default_factory=dict)

    def resolve(self, settings: Settings, place: str, layers: Sequence[Layer] = ()) -> Settings:
        """Return the settings with a full hash. A name that is not found stays, and gets one complaint.

        `place` is where the experiment stands in the file, unless one of its `layers` sets the commit.
        """
        server = settings.server
        if not isinstance(server, CommandServer) or server.commit is None:
            return settings
        if server.commit not in self._hashes:
            self._hashes[server.commit] = server.commit
            try:
                self._hashes[server.commit] = resolve_commit(self.path.parent, server.commit)
            except SuiteError as error:
                origin = next((layer.place for layer in layers if _sets_commit(layer.values)), place)
                self.complaints.append(f"{self.path}: {origin}.server.commit: {error}")
        return settings.model_copy(update={"server": server.model_copy(update={"commit": self._hashes[server.commit]})})


def _sets_commit(values: Mapping[str, object]) -> bool:
    server = values.get("server")
    return isinstance(server, dict) and server.get("commit") is not None
