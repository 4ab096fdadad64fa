"""From a suite to its runs: which runs, in which order, and how long they take.

Runs are ordered in blocks: repeat 1 of every experiment in one shuffled order, then repeat 2 in another. A slow drift
of the machine therefore affects all experiments alike. Baselines come first, since verdicts need them. The order
depends on the suite's seed and on the set of names, not on the order in which the file lists them.

With repeats by need, `min` repeats are sure. After them come rounds: before each, a look at the results so far grants
one more repeat to each experiment that needs it. The first look also grants probes that a verdict asks for; a probe has
all of its repeats in that round. `Grants` hold what the looks have granted.
"""

import hashlib
import random
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from pydantic import Field

from loadstone.errors import SuiteError
from loadstone.plan.baselines import baselines_and_probes, is_baseline
from loadstone.plan.probes import MAX_FOLLOW_UPS, follow_ups, is_follow_up
from loadstone.suite.model import Suite
from loadstone.suite.settings import Conditions, Settings
from loadstone.suite.types import FolderName, Model, format_duration
from loadstone.text import clock, several


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


Grants = Sequence[Collection[str]]
"""The experiments that got one more repeat, and the probes that were granted, per round."""

CHECK_S = 4.5
"""Seconds of Snakemake's own start, and of the check of the machine before a campaign."""
BETWEEN_S = 0.95
"""Seconds per run beside it: 0.43 s between two runs, Snakemake's share and the start of a process, and 0.53 s for its
summary on two CPUs."""
LOOK_S = 2.7
"""Seconds of a look: reading and judging the results so far."""
END_S = 7.0
"""Seconds of the analysis and the page."""


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
    def repeats(self) -> dict[str, int]:
        """Number of planned runs per experiment, baseline and probe."""
        return dict(Counter(run.experiment for run in self.runs))

    @property
    def expected_s(self) -> float:
        """Wall-clock seconds of the whole campaign: runs and searches, what lies between them, the looks, the page."""
        searches = sum(search.expected_s for search in self.suite.capacity.values())
        probed = any(map(is_follow_up, self.added))
        rounds = (count - self.experiments[name].repeats.min for name, count in self.repeats.items())
        looks = max([int(probed), *rounds])
        runs = sum(run.expected_s + BETWEEN_S for run in self.runs)
        return CHECK_S + runs + searches + looks * LOOK_S + END_S

    @property
    def window_s(self) -> float:
        """Seconds of all windows together: the time that is measured."""
        searches = self.suite.capacity.values()
        return sum(run.duration for run in self.runs) + sum(
            search.expected_probes * search.settings.duration for search in searches
        )

    @property
    def rounds(self) -> int:
        """The most rounds that looks can grant; 0 without repeats by need, if no experiment has a probe to grant."""
        by_need = max(s.repeats.max - s.repeats.min for s in self.experiments.values())
        return max(by_need, int(bool(self.possible_probes)))

    @property
    def possible_probes(self) -> dict[str, Settings]:
        """The probes that the first look may grant, by name."""
        return follow_ups(self.suite.experiments)

    @property
    def digest(self) -> str:
        """Hash of the suite's meaning: comments, the order of lines and the title do not change it."""
        untitled = self.model_copy(update={"suite": self.suite.model_copy(update={"title": None})})
        return hashlib.sha256(untitled.model_dump_json().encode()).hexdigest()


def make_plan(suite: Suite, grants: Grants = ()) -> Plan:
    """List the runs of `suite` in the order in which they will be measured: the sure ones, then those of `grants`.

    A probe among the `grants` is added to the plan, one without a grant is not part of it.

    Raises `SuiteError` if the sure runs take longer than the suite's budget.
    """
    canonical = _canonical(suite)
    added = baselines_and_probes(canonical.experiments, baselines=canonical.baselines)
    baselines = {name: settings for name, settings in added.items() if is_baseline(name)}
    rest = canonical.experiments | {name: settings for name, settings in added.items() if name not in baselines}
    sure = (*_in_blocks(canonical.seed, baselines), *_in_blocks(canonical.seed, rest))
    plan = Plan(suite=canonical, added=added, runs=sure)
    if suite.budget is not None and plan.expected_s > suite.budget:
        raise SuiteError(
            f"budget: {format_duration(suite.budget)} is less than the {clock(plan.expected_s)} that the sure runs "
            "take; allowed: more, or fewer experiments, shorter durations or a smaller repeats.min"
        )
    granted = {name for names in grants for name in names}
    probes = {name: s for name, s in plan.possible_probes.items() if name in granted} if granted else {}
    runs = (*sure, *_in_rounds(canonical.seed, rest | probes, grants))
    return plan.model_copy(update={"runs": runs, "added": dict(sorted((added | probes).items()))})


def make_longest_plan(suite: Suite, most_probes: int | None = None) -> Plan:
    """List all runs that looks can add to `suite`: every experiment has its `max` repeats, whatever the budget.

    All probes are in it that a look can choose from; with `most_probes`, only so many of each experiment.
    """
    experiments = suite.experiments.items()
    by_experiment: dict[str, list[str]] = {}
    for name in follow_ups(suite.experiments):
        by_experiment.setdefault(name.rpartition("@")[0], []).append(name)
    probes = [name for names in by_experiment.values() for name in names[:most_probes]]
    rounds = max([int(bool(probes)), *(settings.repeats.max - settings.repeats.min for _, settings in experiments)])
    grants = [[name for name, s in experiments if s.repeats.max - s.repeats.min >= n] for n in range(1, rounds + 1)]
    return make_plan(suite, [[*names, *probes] if n == 0 else names for n, names in enumerate(grants)])


def describe_rest(plan: Plan) -> str:
    """State which runs may be added to the sure ones of `plan`, whose suite has repeats by need, or probes."""
    longest, budget = make_longest_plan(plan.suite, MAX_FOLLOW_UPS), plan.suite.budget
    within = f"within the budget of {clock(budget)}" if budget else f"{clock(longest.expected_s)} in total at most"
    of_probes = sum(count for name, count in longest.repeats.items() if is_follow_up(name))
    return (
        f"These runs are sure. Looks at the results may add up to {several(len(longest.runs) - len(plan.runs), 'run')} "
        f"where a question is open{f', {of_probes} of them probes' * bool(of_probes)}, {within}."
    )


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
    for repeat in range(1, max((s.repeats.min for s in experiments.values()), default=0) + 1):
        block = [name for name, settings in experiments.items() if repeat <= settings.repeats.min]
        # names are ranked by hash, not shuffled: adding an experiment leaves the order of the others unchanged
        block.sort(key=lambda name: _digest(seed, "order", name, repeat))
        for name in block:
            yield _run(seed, name, experiments[name], repeat)


def _in_rounds(seed: int, experiments: Mapping[str, Settings], grants: Grants) -> Iterator[Run]:
    """Lay out what was granted: one repeat of an experiment, all of a probe. Raises KeyError for an unknown name."""
    repeats = {name: 0 if is_follow_up(name) else settings.repeats.min for name, settings in experiments.items()}
    for number, names in enumerate(grants, start=1):
        left = {name: experiments[name].repeats.min if is_follow_up(name) else 1 for name in names}
        while left:
            for name in sorted(left, key=lambda name: _digest(seed, "round", name, number)):
                repeats[name] += 1
                yield _run(seed, name, experiments[name], repeats[name])
            left = {name: count - 1 for name, count in left.items() if count > 1}


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
