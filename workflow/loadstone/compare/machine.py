"""What the machine did that could explain a difference between two campaigns, so that code is not blamed for it.

Each run records which share of the machine was neither its own nor idle. Kernel work and the cost of measuring are in
that share in both campaigns alike, so it is compared between runs of the same experiment and never by itself.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from loadstone.compare.model import CampaignResults, Cause, ChangeFinding, RunResult
from loadstone.results.signals import NOTABLE_OTHER_LOAD
from loadstone.text import percent

DISTURBED = 0.05
"""Share of the machine that others used beyond the experiment's quietest run, above which a run is disturbed."""

MIN_UNDISTURBED = 3
"""Runs that each side must have left for a comparison without the disturbed ones."""

NOTABLE_GAP = 0.02
"""Difference of the others' mean share between the campaigns that is more than the scatter of kernel work and of the
cost of measuring: on a quiet machine with two CPUs, that share of single runs has a standard deviation of 0.012."""

CHANGE_PER_SHARE = 10.0
"""Largest change of a metric's logarithm per share of the machine that others took: a server near its capacity answers
much more slowly if it gets a little less CPU. A judgement, not an estimate: the recorded runs
(`benchmarks/data/recorded_runs.csv`) are too few and too disturbed for one."""

CHANGE_PER_SPEED = 3.0
"""The same per change of the logarithm of the machine's speed."""

NOTABLE_SPEED = 0.02
"""Change of the machine's speed below which it explains nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What is known of both campaigns' machine, for one experiment."""

    others: tuple[float | None, float | None] = (None, None)
    """Mean share of the machine that others used, before and after."""
    drifts: tuple[float | None, float | None] = (None, None)
    """Change of throughput over each campaign, where there was a drift."""
    spins: tuple[float | None, float | None] = (None, None)
    """How long a fixed computation took, in ms."""
    gap: float = field(init=False)
    """How much larger the others' share was after than before; 0 if it is not known."""

    def __post_init__(self) -> None:
        before, after = self.others
        object.__setattr__(self, "gap", 0.0 if before is None or after is None else after - before)

    def explain(self, by_figures: ChangeFinding, slowdown: float) -> Cause | None:
        """Name what could explain a finding; None if nothing can. `slowdown` is the logarithm, positive if slower.

        A difference is explained by others who used more of the machine on the slower side, or so much there that
        their number matters as well as their share; by a slower machine there; and by a drift of the same size within
        a campaign. *No change* is explained if others used clearly more of it on either side, since a change could be
        hidden.
        """
        if by_figures in (ChangeFinding.NO_CHANGE, ChangeFinding.CANNOT_TELL):
            return Cause.BUSY if abs(self.gap) > DISTURBED else None
        gap = math.copysign(self.gap, self.gap * slowdown)
        if (self.others[slowdown > 0] or 0.0) > NOTABLE_OTHER_LOAD:
            return Cause.BUSY
        if gap > NOTABLE_GAP and abs(slowdown) <= CHANGE_PER_SHARE * gap:
            return Cause.BUSY
        if abs(slowdown) <= max((abs(math.log1p(drift)) for drift in self.drifts if drift is not None), default=0.0):
            return Cause.CHANGED
        speed = math.copysign(self._slower_machine, self._slower_machine * slowdown)
        return Cause.CHANGED if speed > NOTABLE_SPEED and abs(slowdown) <= CHANGE_PER_SPEED * speed else None

    @property
    def _slower_machine(self) -> float:
        """By how much the machine became slower, as a logarithm; 0 if it is not known."""
        before, after = self.spins
        return math.log(after / before) if before and after else 0.0

    def describe(self) -> str:
        """State what differed, with figures; empty if nothing of the kind was recorded."""
        parts = []
        if abs(self.gap) > NOTABLE_GAP or max(share or 0.0 for share in self.others) > NOTABLE_OTHER_LOAD:
            before, after = ("an unknown share" if share is None else percent(share) for share in self.others)
            parts.append(f"other processes and the kernel used {before} of the machine before and {after} after")
        for side, drift in zip(("before", "after"), self.drifts, strict=True):
            if drift is not None:
                verb = "fell" if drift < 0 else "rose"
                parts.append(f"throughput {verb} by {percent(abs(drift))} during the campaign {side}")
        if abs(self._slower_machine) > NOTABLE_SPEED:
            before_ms, after_ms = self.spins
            parts.append(f"a fixed computation took {before_ms:.3g} ms before and {after_ms:.3g} ms after")
        return "; ".join(parts)


def watch_machine(before: CampaignResults, after: CampaignResults, runs: Sequence[Sequence[RunResult]]) -> Machine:
    """Gather what is known of the machine for the runs of one experiment, before and after."""
    return Machine(
        others=(_mean_share(runs[0]), _mean_share(runs[1])),
        drifts=(before.drift, after.drift),
        spins=(before.spin_ms, after.spin_ms),
    )


def _mean_share(runs: Sequence[RunResult]) -> float | None:
    known = [run.others for run in runs if run.others is not None]
    return math.fsum(known) / len(known) if known and len(known) == len(runs) else None


def leave_out_disturbed(
    before: Sequence[RunResult], after: Sequence[RunResult]
) -> tuple[list[RunResult], list[RunResult]]:
    """Return the runs during which others used about as little of the machine as in the quietest run of both sides.

    Returns all runs if the share is not known of every run, or if fewer than `MIN_UNDISTURBED` would be left.
    """
    shares = [run.others for run in (*before, *after)]
    known = [share for share in shares if share is not None]
    if not known or len(known) < len(shares):
        return list(before), list(after)
    limit = min(known) + DISTURBED
    quiet_before, quiet_after = ([run for run in runs if (run.others or 0.0) <= limit] for runs in (before, after))
    if min(len(quiet_before), len(quiet_after)) < MIN_UNDISTURBED:
        return list(before), list(after)
    return quiet_before, quiet_after
