"""The verdict on a run whose number of users follows a shape: one per plateau, and what they have in common.

Means over the whole window hide a resource that was at its limit with many users and idle with few. So the run has a
verdict only where all its plateaus have the same one, and the figures of all can be used.
"""

from loadstone.analyse.bottleneck import judge
from loadstone.results.signals import Plateau, Signals
from loadstone.results.tables import RunKey
from loadstone.results.verdicts import PlateauVerdict, RunVerdict
from loadstone.suite.thresholds import DEFAULTS, Thresholds
from loadstone.suite.verdict import Verdict
from loadstone.text import named, several

MAX_NAMED = 6
"""Plateaus that a remark names."""


def judge_run(run: RunKey, s: Signals, limits: Thresholds = DEFAULTS) -> RunVerdict:
    """Judge a run, and each of its plateaus."""
    whole = RunVerdict.of(run, judge(s, limits))
    if s.plateaus is None:
        return whole
    plateaus = tuple(_judge_plateau(each, limits) for each in s.plateaus)
    whole = whole.model_copy(update={"plateaus": plateaus})
    if not whole.verdict.is_sound or (len(plateaus) == 1 and s.fewest_users == s.most_users):
        return whole
    return whole.model_copy(update=_in_common(plateaus))


def _judge_plateau(plateau: Plateau, limits: Thresholds) -> PlateauVerdict:
    s = plateau.signals
    return PlateauVerdict(
        users=round(s.users),
        begin_s=plateau.begin_s,
        end_s=plateau.end_s,
        throughput_rps=s.throughput,
        mean_ms=1000 * s.response_s if s.throughput else None,
        **dict(judge(s, limits)),
    )


def _in_common(plateaus: tuple[PlateauVerdict, ...]) -> dict[str, object]:
    """Return the verdict that all plateaus have, or *several limits* with those of each.

    Plateaus whose figures cannot be used are named first.
    """
    if not plateaus:
        return _undetermined("the number of users changed all the time, so there is no plateau to judge")
    sound = [each for each in plateaus if each.verdict.is_sound]
    unsound = [each for each in plateaus if not each.verdict.is_sound]
    by_users = [f"{several(each.users, 'user')}: {each.verdict}" for each in (*unsound, *sound)]
    listed = named(list(dict.fromkeys(by_users)), MAX_NAMED)
    if not sound:
        return _undetermined(f"the figures of no plateau can be used: {listed}")
    if len({each.verdict for each in plateaus}) == 1:
        first = sound[0]
        remark = f"on {several(len(sound), 'plateau')}" + (f"; {first.remark}" if first.remark else "")
        sentence = f"On {several(len(sound), 'plateau')}: {first.sentence}"
        return {
            "verdict": first.verdict,
            "parties": first.parties,
            "also": first.also,
            "remark": remark,
            "sentence": sentence,
        }
    named_by_each = (each.parties or (each.verdict,) for each in sound)  # several limits are at least two
    parties = tuple(dict.fromkeys(party for parties in named_by_each for party in parties))
    return {
        "verdict": Verdict.MIXED,
        "parties": parties,
        "also": parties[1] if len(parties) > 1 else None,
        "remark": f"its plateaus differ: {listed}",
        "sentence": f"Its plateaus differ: {listed}.",
    }


def _undetermined(remark: str) -> dict[str, object]:
    sentence = f"{remark[:1].upper()}{remark[1:]}."
    return {"verdict": Verdict.UNDETERMINED, "parties": (), "also": None, "remark": remark, "sentence": sentence}
