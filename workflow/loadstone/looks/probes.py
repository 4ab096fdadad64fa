"""Which probes the verdict on an experiment asks for, after its first runs and the probe with twice the users."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean

from loadstone.plan.probes import MAX_FOLLOW_UPS, Probe, follow_ups_of, probe_name
from loadstone.plan.schedule import Plan
from loadstone.results.signals import Signals
from loadstone.results.tables import RunKey
from loadstone.results.verdicts import CampaignVerdicts, ExperimentVerdict
from loadstone.suite.thresholds import Thresholds
from loadstone.suite.verdict import Verdict

OPEN = (Verdict.UNDETERMINED, Verdict.SERVER_OR_BEHIND)
"""Verdicts that name no resource."""
OF_SLOTS = (Verdict.SERVER_CONCURRENCY, Verdict.POOL)
"""Verdicts by which requests wait for one of some places to be worked on, of which slots may be the reason."""


def find_probes(plan: Plan, verdicts: CampaignVerdicts, signals: Mapping[RunKey, Signals]) -> dict[str, str]:
    """Find the probes that would help to settle the verdicts: name → why it is wanted.

    `signals` are completed by `against_baselines`. An experiment gets at most `MAX_FOLLOW_UPS`.
    """
    possible = plan.possible_probes
    wanted: dict[str, str] = {}
    for name, settings in plan.suite.experiments.items():
        agreed = verdicts.experiments[name]
        if not settings.probe or not agreed.verdict.is_sound:
            continue
        runs = [s for run, s in signals.items() if run[0] == name and run in verdicts.counting]
        reasons = dict(_reasons(agreed, runs, plan.suite.thresholds))
        useful = [probe for probe in follow_ups_of(name, possible) if probe in reasons]
        wanted |= {probe_name(name, probe): reasons[probe] for probe in useful[:MAX_FOLLOW_UPS]}
    return wanted


def _reasons(agreed: ExperimentVerdict, runs: Sequence[Signals], limits: Thresholds) -> Iterator[tuple[Probe, str]]:
    elasticity = None if agreed.elasticity is None else agreed.elasticity.value
    follows_users = elasticity is not None and elasticity >= limits.least_elasticity_of_think_time
    at_capacity = elasticity is not None and elasticity <= limits.most_elasticity_at_capacity
    if Verdict.GENERATOR in agreed.parties:
        yield Probe.CLIENT, f"it may be {Verdict.GENERATOR.as_limit}"
    elif _mean([_highest(s.generator, s.ceiling) for s in runs]) >= limits.slack:
        yield Probe.CLIENT, "its load generator is near its limit"
    if {*OF_SLOTS} & {*agreed.parties} or _mean([s.slots for s in runs]) >= limits.saturated:
        yield Probe.SLOTS, "it may be limited by its slots"
    elif agreed.verdict in OPEN and not follows_users:
        yield Probe.SLOTS, "nothing measured shows what its requests wait for"
    if agreed.verdict in (Verdict.UNDETERMINED, Verdict.THINK_TIME) and not follows_users and not at_capacity:
        yield Probe.HALF_THINK, f"it may be {Verdict.THINK_TIME.as_limit}, or by a capacity that is near"


def _mean(values: Sequence[float | None]) -> float:
    """Return the mean of the known values; 0 if none is known."""
    known = [value for value in values if value is not None]
    return fmean(known) if known else 0.0


def _highest(*values: float | None) -> float | None:
    return max((value for value in values if value is not None), default=None)
