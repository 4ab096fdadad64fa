"""How many pairs of runs there are, and in which order: fixed before the first run.

The runs of a pair follow each other, and the commit that comes first alternates: A B, B A, A B, … A slow drift of the
machine therefore affects both commits alike, and so does an advantage of coming first or second. Nothing ends early:
an interval of runs that were stopped when they looked good would promise too much.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from loadstone.plan.schedule import Run, random_seed
from loadstone.results.ab import SideName
from loadstone.suite.settings import Settings

MIN_PAIRS = 2
"""Fewer give no interval."""
MAX_PAIRS = 500


@dataclass(frozen=True, slots=True)
class ScheduledRun:
    """One run of one commit. Its server is still the suite's."""

    side: SideName
    run: Run
    """Its `repeat` is the number of its pair."""


@dataclass(frozen=True, slots=True)
class AbSchedule:
    """All runs in order."""

    runs: tuple[ScheduledRun, ...]
    pairs: Mapping[str, int]
    """Experiment → its number of pairs."""

    @property
    def expected_s(self) -> float:
        """Wall-clock seconds of all runs, without builds."""
        return sum(scheduled.run.expected_s for scheduled in self.runs)


def make_schedule(experiments: Mapping[str, Settings], seed: int, budget_s: float | None = None) -> AbSchedule:
    """Lay out the runs of all experiments.

    Without a budget, each experiment has as many pairs as the suite gives it repeats, and at least two. With a budget
    in seconds, all have the same number: an even one, so that each commit comes first equally often, and at least two.
    """
    pairs = {name: max(MIN_PAIRS, settings.repeats.min) for name, settings in experiments.items()}
    if budget_s is not None:
        pairs = dict.fromkeys(pairs, _affordable(experiments, budget_s))
    return AbSchedule(runs=tuple(_in_order(experiments, seed, pairs)), pairs=pairs)


def _affordable(experiments: Mapping[str, Settings], budget_s: float) -> int:
    one_of_each_s = 2 * sum(settings.expected_s for settings in experiments.values())
    return min(MAX_PAIRS, max(MIN_PAIRS, int(budget_s / one_of_each_s) // 2 * 2))


def _in_order(experiments: Mapping[str, Settings], seed: int, pairs: Mapping[str, int]) -> Iterator[ScheduledRun]:
    for pair in range(1, max(pairs.values(), default=0) + 1):
        sides: tuple[SideName, SideName] = ("A", "B") if pair % 2 else ("B", "A")
        block = sorted((name for name in pairs if pair <= pairs[name]), key=lambda name: _rank(seed, name, pair))
        for name in block:
            conditions = dict(experiments[name].conditions)
            run = Run.model_construct(experiment=name, repeat=pair, seed=random_seed(seed, name, pair), **conditions)
            yield from (ScheduledRun(side, run) for side in sides)


def _rank(seed: int, name: str, pair: int) -> bytes:
    return hashlib.sha256(f"{seed}\0ab\0{name}\0{pair}".encode()).digest()
