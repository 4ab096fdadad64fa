"""What an experiment's runs agree on.

A run whose figures can't be used has no say where others can be used. Repeats have verdicts of their own, and a
sentence each: these are not joined. One run stands for those that agree.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from loadstone.results.tables import RunKey
from loadstone.results.verdicts import ExperimentVerdict, Judgement
from loadstone.suite.thresholds import DEFAULTS, Thresholds
from loadstone.suite.verdict import Verdict
from loadstone.text import named

MAX_NAMED = 6
"""Verdicts that a sentence names."""


def agree_by_experiment(
    judged: Mapping[RunKey, Judgement], throughput: Mapping[RunKey, float], limits: Thresholds = DEFAULTS
) -> dict[str, ExperimentVerdict]:
    """Give each experiment the verdict that most of its sound runs have; *repeats disagree*, where too few agree.

    Where no run is sound, all of them decide. `throughput` of each run, in requests/s, chooses the run that stands for
    the others.
    """
    by_experiment: dict[str, dict[int, Judgement]] = {}
    for (experiment, repeat), judgement in sorted(judged.items()):
        by_experiment.setdefault(experiment, {})[repeat] = judgement
    return {
        name: _agree(runs, {repeat: throughput[name, repeat] for repeat in runs}, limits)
        for name, runs in by_experiment.items()
    }


def agree(verdicts: Sequence[Verdict], limits: Thresholds = DEFAULTS) -> Verdict:
    """Return the verdict that at least 80 % of an experiment's runs share (`limits.agreement`), else DISAGREE."""
    verdict, count = Counter(verdicts).most_common(1)[0]
    return verdict if count >= limits.agreement * len(verdicts) else Verdict.DISAGREE


def _agree(runs: Mapping[int, Judgement], throughput: Mapping[int, float], limits: Thresholds) -> ExperimentVerdict:
    sound = {repeat: judgement for repeat, judgement in runs.items() if judgement.verdict.is_sound}
    voting = sound or dict(runs)
    verdict = agree([judgement.verdict for judgement in voting.values()], limits)
    agreeing = sorted(
        (repeat for repeat, judgement in voting.items() if judgement.verdict == verdict), key=throughput.__getitem__
    )
    disagree = verdict == Verdict.DISAGREE
    parties = {party for judgement in voting.values() for party in _parties(judgement, alone=not disagree)}
    representative = agreeing[(len(agreeing) - 1) // 2] if agreeing else None
    return ExperimentVerdict(
        verdict=verdict,
        parties=tuple(sorted(parties)),
        runs=dict(Counter(judgement.verdict for judgement in runs.values())),
        sentence=_disagreement(voting) if representative is None else runs[representative].sentence,
        representative=representative,
    )


def _parties(judgement: Judgement, *, alone: bool) -> tuple[Verdict, ...]:
    """List what a run names. If others name something else, a run that names nothing counts by its verdict."""
    return judgement.parties if judgement.parties or alone else (judgement.verdict,)


def _disagreement(voting: Mapping[int, Judgement]) -> str:
    found = Counter(_describe(judgement) for judgement in voting.values())
    return f"Repeats disagree: {named([f'{name} in {count}' for name, count in found.most_common()], MAX_NAMED)}."


def _describe(judgement: Judgement) -> str:
    if judgement.verdict != Verdict.MIXED:
        return judgement.verdict
    return f"{judgement.verdict} ({' and '.join(judgement.parties)})"
