"""From a suite to its runs: which runs, in which order, and how long they take.

Runs are ordered in blocks: repeat 1 of every experiment in one shuffled order, then repeat 2 in another. A slow drift
of the machine therefore affects all experiments alike. Baselines come first, since verdicts need them. The order
depends on the suite's seed and on the set of names, not on the order in which the file lists them.
"""

import hashlib
import itertools
import random
from collections.abc import Iterator, Mapping

from pydantic import Field

from loadstone.plan.baselines import baselines_and_probes, is_baseline
from loadstone.suite.model import Suite
from loadstone.suite.settings import Conditions, Settings
from loadstone.suite.types import FolderName, Model


class Run(Conditions):
    """One independent run of one experiment: the unit that is measured."""

    experiment: FolderName
    repeat: int = Field(ge=1)
    seed: int
    """Determines what each user requests, and when."""

    @property
    def label(self) -> str:
        """Its name in messages."""
        return f"{self.experiment}, repeat {self.repeat}"


class Plan(Model):
    """A suite and its runs in order, as the stages after measuring read it."""

    suite: Suite
    added: dict[str, Settings]
    """Baselines and probes, which Loadstone adds to the suite's experiments: see `loadstone.plan.baselines`."""
    runs: tuple[Run, ...]

    @property
    def experiments(self) -> dict[str, Settings]:
        """The suite's experiments, then the baselines and probes."""
        return self.suite.experiments | self.added

    @property
    def expected_s(self) -> float:
        """Wall-clock seconds of all runs and searches together."""
        return sum(run.expected_s for run in self.runs) + sum(s.expected_s for s in self.suite.capacity.values())

    @property
    def digest(self) -> str:
        """Hash of the suite's meaning: comments and the order of lines do not change it."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def make_plan(suite: Suite) -> Plan:
    """List all runs of `suite` in the order in which they will be measured."""
    canonical = _canonical(suite)
    added = baselines_and_probes(canonical.experiments, baselines=canonical.baselines)
    baselines = {name: settings for name, settings in added.items() if is_baseline(name)}
    rest = canonical.experiments | {name: settings for name, settings in added.items() if name not in baselines}
    runs = itertools.chain(_in_blocks(canonical.seed, baselines), _in_blocks(canonical.seed, rest))
    return Plan(suite=canonical, added=added, runs=tuple(runs))


def _canonical(suite: Suite) -> Suite:
    """Sort all names, so that moving lines in the file changes nothing."""
    published = suite.published
    if published is not None:
        published = published.model_copy(update={"rows": dict(sorted(published.rows.items()))})
    return suite.model_copy(
        update={
            "experiments": dict(sorted(suite.experiments.items())),
            "sweeps": dict(sorted(suite.sweeps.items())),
            "capacity": dict(sorted(suite.capacity.items())),
            "hypotheses": dict(sorted(suite.hypotheses.items())),
            "published": published,
        }
    )


def _in_blocks(seed: int, experiments: Mapping[str, Settings]) -> Iterator[Run]:
    for repeat in range(1, max((s.repeats for s in experiments.values()), default=0) + 1):
        block = [name for name, settings in experiments.items() if repeat <= settings.repeats]
        # names are ranked by hash, not shuffled: adding an experiment leaves the order of the others unchanged
        block.sort(key=lambda name: _digest(seed, "order", name, repeat))
        for name in block:
            yield _run(seed, name, experiments[name], repeat)


def _run(seed: int, name: str, settings: Settings, repeat: int) -> Run:
    return Run.model_construct(  # its conditions have been checked
        experiment=name,
        repeat=repeat,
        seed=random_seed(seed, name, repeat),
        **dict(settings.conditions),
    )


def random_seed(seed: int, name: str, repeat: int) -> int:
    """Derive a run's seed from the suite's seed and the run's name."""
    return random.Random(_digest(seed, "run", name, repeat)).getrandbits(32)  # noqa: S311 - not for secrets


def _digest(*parts: object) -> bytes:
    return hashlib.sha256("\0".join(map(str, parts)).encode()).digest()
