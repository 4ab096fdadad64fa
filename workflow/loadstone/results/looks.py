"""`looks/<round>.json`: what a look at the results so far granted, and why. The stage `look` writes it."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from loadstone.plan.schedule import Grants
from loadstone.results.bounded import Amount, Known
from loadstone.results.json_file import read_json
from loadstone.suite.types import Model
from loadstone.text import named


class ExperimentAtLook(Model):
    """One experiment with repeats by need, or a probe that its verdict asks for, as a look found it."""

    repeats: int = Field(ge=0)
    """Repeats that it had; 0 for a probe, which gets all of its repeats at once."""
    more: bool
    """Whether it gets another one."""
    reason: str
    """Which question needs it, or why the experiment rests."""


class Look(Model):
    """One look: after the sure repeats, or after the repeats that the look before granted."""

    round: int = Field(ge=1)
    campaign: str
    """Digest of the plan of sure runs. A look at another suite's results grants nothing."""
    spent_s: Amount
    """Wall-clock seconds of the campaign if nothing more were granted: measured so far, and the page to come."""
    budget_s: Known
    """Seconds that the whole campaign may take; None without a bound."""
    open: tuple[str, ...]
    """Hypotheses that the results leave open."""
    experiments: dict[str, ExperimentAtLook]

    @property
    def sentence(self) -> str:
        """What the look found, in a line."""
        probes = [name for name in self.granted if not self.experiments[name].repeats]
        repeats = [name for name in self.granted if self.experiments[name].repeats]
        parts = [f"another repeat of {named(repeats, 6)}: {self._reasons(repeats)}"] * bool(repeats)
        parts += [f"further probes {named(probes, 6)}: {self._reasons(probes)}"] * bool(probes)
        nothing = f"no experiment gets another repeat; {_several_open(self.open)}"
        return f"look {self.round}: {'; '.join(parts) or nothing}"

    def _reasons(self, names: Sequence[str]) -> str:
        return named(list(dict.fromkeys(self.experiments[name].reason for name in names)), 3)

    @property
    def granted(self) -> tuple[str, ...]:
        """The experiments that get one more repeat, and the probes that are measured."""
        return tuple(name for name, found in self.experiments.items() if found.more)


def _several_open(names: tuple[str, ...]) -> str:
    return f"open: {named(names, 6)}" if names else "no hypothesis is open"


def look_path(folder: Path, number: int) -> Path:
    """Return the path of the look before round `number`."""
    return folder / f"{number}.json"


def read_look(path: Path) -> Look:
    """Read a look. Raises `ResultError` where it is missing, `DamagedError` where it is damaged."""
    return read_json(Look, path)


def read_looks(folder: Path, campaign: str) -> tuple[Look, ...]:
    """Read the looks that a campaign has taken so far, in order; those of another suite are left out.

    Raises `DamagedError` where one is damaged.
    """
    looks: list[Look] = []
    while (path := look_path(folder, len(looks) + 1)).exists():
        look = read_look(path)
        if look.campaign != campaign:
            break
        looks.append(look)
        if not look.granted:
            break
    return tuple(looks)


def grants_of(looks: tuple[Look, ...]) -> Grants:
    """List what looks granted, per round."""
    return [look.granted for look in looks]
