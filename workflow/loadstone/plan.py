"""From a suite to its runs: which, in what order, how long.

Runs are ordered in blocks: repeat 1 of every experiment in one shuffled order, then repeat 2 in another, so that a slow
drift of the machine falls on all experiments alike. Baselines, which all are compared with, come first. The order
depends on the suite's seed and on the set of names, not on the order in which the file lists them.
"""

import hashlib
import itertools
import random
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import Field, ValidationError

from loadstone.baselines import added_settings, is_baseline
from loadstone.conditions import Conditions, Settings
from loadstone.errors import DamagedError, ResultError
from loadstone.suite import Suite
from loadstone.values import FolderName, Model

ABSENT = object()


class Run(Conditions):
    """One independent run of one experiment: the unit that is measured."""

    experiment: FolderName
    repeat: int = Field(ge=1)
    seed: int
    """Fixes what each user asks for, and when."""

    @property
    def label(self) -> str:
        """How people refer to it."""
        return f"{self.experiment}, repeat {self.repeat}"


class Plan(Model):
    """A suite and its runs in order: what the stages after measuring read."""

    suite: Suite
    added: dict[str, Settings]
    """What Loadstone adds to the suite's experiments by itself: see `loadstone.baselines`."""
    runs: tuple[Run, ...]

    @property
    def experiments(self) -> dict[str, Settings]:
        """The suite's experiments, then what was added."""
        return self.suite.experiments | self.added

    @property
    def expected_s(self) -> float:
        """Wall-clock seconds of all runs together, and of the searches."""
        return sum(run.expected_s for run in self.runs) + sum(s.expected_s for s in self.suite.capacity.values())

    @property
    def digest(self) -> str:
        """Fingerprint of what the suite means; its comments and the order of its lines mean nothing."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def make_plan(suite: Suite) -> Plan:
    """Lay out all runs of `suite` in the order in which they are to be measured."""
    canonical = _canonical(suite)
    added = added_settings(canonical.experiments, baselines=canonical.baselines)
    baselines = {name: settings for name, settings in added.items() if is_baseline(name)}
    rest = canonical.experiments | {name: settings for name, settings in added.items() if name not in baselines}
    runs = itertools.chain(_in_blocks(canonical.seed, baselines), _in_blocks(canonical.seed, rest))
    return Plan(suite=canonical, added=added, runs=tuple(runs))


def read_plan(path: Path) -> Plan:
    """Read a plan that was written as JSON. Raises `ResultError` where it can't be, or doesn't fit itself."""
    try:
        plan = Plan.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ResultError(f"{path}: can't be read: {error.strerror}") from None
    except ValidationError as error:
        message = f"{path}: damaged, or of another version of Loadstone: {error.errors()[0]['msg']}"
        raise DamagedError(message, path) from None
    from loadstone.plancheck import problem_of  # which knows of plans

    if problem := problem_of(path, plan):
        raise DamagedError(problem, path)
    return plan


def _canonical(suite: Suite) -> Suite:
    """Order all names, so that moving lines about in the file changes nothing."""
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
        # names are ranked by hash, not shuffled: another experiment more leaves the order of the rest as it was
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
    """Draw a run's seed from the suite's, by its name."""
    return random.Random(_digest(seed, "run", name, repeat)).getrandbits(32)  # noqa: S311 - not for secrets


def _digest(*parts: object) -> bytes:
    return hashlib.sha256("\0".join(map(str, parts)).encode()).digest()


def common_ground(suite: Suite) -> dict[str, object]:
    """Find for every key the value that most experiments share: what differences are told against.

    Servers of other kinds have other keys; one that most don't have is no common ground.
    """
    known = [flat(settings) for settings in suite.experiments.values()]
    keys = dict.fromkeys(key for values in known for key in values)
    shared = {key: [values.get(key, ABSENT) for values in known] for key in keys}
    common = {key: max(found, key=found.count) for key, found in shared.items()}
    return {key: value for key, value in common.items() if value is not ABSENT}


def differences(run: Conditions, base: Mapping[str, object]) -> dict[str, object]:
    """Tell in which keys `run` differs from `base`, as dotted keys and the run's values."""
    return {key: value for key, value in flat(run).items() if value != base.get(key)}


def flat(conditions: Conditions) -> dict[str, object]:
    """Write conditions as dotted keys and values."""
    values = {"duration": conditions.duration, "warm_up": conditions.warm_up}
    parts = {"server": conditions.server, "load": conditions.load}
    return values | {f"{name}.{key}": value for name, part in parts.items() for key, value in part}
