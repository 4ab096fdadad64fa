"""From a suite to its runs: which, in what order, how long.

Runs are ordered in blocks: repeat 1 of every experiment in one shuffled order, then repeat 2 in another, so that a slow
drift of the machine falls on all experiments alike. The order depends on the suite's seed and on the set of names, not
on the order in which the file lists them.
"""

import hashlib
import random
from collections.abc import Iterator

from loadstone.suite import Conditions, Model, Settings, Suite

OVERHEAD_S = 4.0
"""Seconds that a run takes beyond ramp-up, warm-up and window, as far as can be told beforehand."""


class Run(Conditions):
    """One independent run of one experiment: the unit that is measured."""

    experiment: str
    repeat: int
    seed: int
    """Fixes what each user asks for, and when."""

    @property
    def label(self) -> str:
        """How people refer to it."""
        return f"{self.experiment}, repeat {self.repeat}"

    @property
    def expected_s(self) -> float:
        """Wall-clock seconds that it will take."""
        return OVERHEAD_S + self.load.ramp_up_s + self.warm_up + self.duration


class Plan(Model):
    """A suite and its runs in order: what the stages after measuring read."""

    suite: Suite
    runs: tuple[Run, ...]

    @property
    def expected_s(self) -> float:
        """Wall-clock seconds of all runs together."""
        return sum(run.expected_s for run in self.runs)


def make_plan(suite: Suite) -> Plan:
    """Lay out all runs of `suite` in the order in which they are to be measured."""
    canonical = suite.model_copy(update={"experiments": dict(sorted(suite.experiments.items()))})
    return Plan(suite=canonical, runs=tuple(_in_blocks(canonical)))


def _in_blocks(suite: Suite) -> Iterator[Run]:
    for repeat in range(1, max(s.repeats for s in suite.experiments.values()) + 1):
        block = [name for name, settings in suite.experiments.items() if repeat <= settings.repeats]
        # names are ranked by hash, not shuffled: another experiment more leaves the order of the rest as it was
        block.sort(key=lambda name: _digest(suite.seed, "order", name, repeat))
        for name in block:
            yield _run(suite, name, suite.experiments[name], repeat)


def _run(suite: Suite, name: str, settings: Settings, repeat: int) -> Run:
    return Run.model_construct(  # its conditions have been checked
        experiment=name,
        repeat=repeat,
        seed=random.Random(_digest(suite.seed, "run", name, repeat)).getrandbits(32),  # noqa: S311 - not for secrets
        **dict(settings.conditions),
    )


def _digest(*parts: object) -> bytes:
    return hashlib.sha256("\0".join(map(str, parts)).encode()).digest()


def differences(run: Conditions, base: Conditions) -> dict[str, object]:
    """Tell in which keys `run` differs from `base`, as dotted keys and the run's values."""
    ours, theirs = _flat(run), _flat(base)
    return {key: value for key, value in ours.items() if value != theirs.get(key)}


def common_ground(suite: Suite) -> Conditions:
    """Find for every key the value that most experiments share: what differences are told against."""
    flats = [_flat(settings.conditions) for settings in suite.experiments.values()]
    usual = max(suite.experiments.values(), key=lambda s: sum(_agreement(_flat(s.conditions), flat) for flat in flats))
    return usual.conditions


def _agreement(one: dict[str, object], other: dict[str, object]) -> int:
    return sum(value == other.get(key) for key, value in one.items())


def _flat(conditions: Conditions) -> dict[str, object]:
    values = {"duration": conditions.duration, "warm_up": conditions.warm_up}
    parts = {"server": conditions.server, "load": conditions.load}
    return values | {f"{name}.{key}": value for name, part in parts.items() for key, value in part}
