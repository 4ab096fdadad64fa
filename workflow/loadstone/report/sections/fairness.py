"""Users that were not served alike: shown only where chance does not explain it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from loadstone import text
from loadstone.report.campaign import Campaign
from loadstone.results.signals import Signals
from loadstone.results.tables import RunKey

MIN_REQUESTS_PER_USER = 10.0
"""Requests per user from which a user without any, or an uneven number of them, is no chance."""
LEAST_FAIRNESS = 0.8
"""Jain's index below which the users' numbers of requests are certainly uneven. Chance alone keeps it at 0.9 or more
where users have ten requests or more: it is about 1/(1 + 1/10)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FairnessRow:
    """How one run's users were served."""

    repeat: int
    users: int
    served: int | None
    slow: int | None
    """Users with more than twice the median user's mean response time."""
    slow_ratio: float | None
    """Their mean response time over that of the others."""
    fairness: float | None
    """Jain's index of the users' requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FairnessView:
    """What is shown of an experiment whose users were not served alike."""

    sentence: str
    rows: list[FairnessRow]
    """All runs that show their users."""


def is_uneven(signals: Signals) -> bool:
    """Whether users were certainly not served alike."""
    return _unserved(signals) or bool(signals.slow_users) or _unequal(signals)


def _unserved(signals: Signals) -> bool:
    served = signals.users_served
    return served is not None and served < int(signals.users) and _are_many(signals)


def _unequal(signals: Signals) -> bool:
    return signals.fairness is not None and signals.fairness < LEAST_FAIRNESS and _are_many(signals)


def _are_many(signals: Signals) -> bool:
    """Whether there are enough requests to judge by, and users of whom the same is expected."""
    known = signals.fairness is not None and signals.requests is not None
    return known and (signals.requests or 0.0) >= MIN_REQUESTS_PER_USER * signals.users


def uneven_runs(campaign: Campaign) -> list[RunKey]:
    """List the experiments' runs whose users were not served alike."""
    runs = (key for name in campaign.experiments for key in campaign.runs_of(name))
    return [key for key in runs if is_uneven(campaign.signals[key])]


def fairness_view(campaign: Campaign, name: str) -> FairnessView | None:
    """Lay out how an experiment's users were served; None where it was alike, or is unknown."""
    keys = campaign.runs_of(name)
    uneven = [key for key in keys if is_uneven(campaign.signals[key])]
    if not uneven:
        return None
    worst = min(uneven, key=lambda key: _served_share(campaign.signals[key]))
    which = f" (repeat {worst[1]})" if len(keys) > 1 else ""
    phrases = list(_phrases(campaign.signals[worst]))
    return FairnessView(
        sentence=f"Users were not served alike: {'; '.join(phrases)}{which}.",
        rows=[row for key in keys if (row := _row(key, campaign.signals[key]))],
    )


def _served_share(signals: Signals) -> tuple[float, float]:
    served = signals.users if signals.users_served is None else signals.users_served
    return served / signals.users, -float(signals.slow_users or 0)


def _phrases(signals: Signals) -> Iterator[str]:
    users = text.several(round(signals.users), "user")
    if _unserved(signals):
        yield f"{text.count(signals.users_served or 0)} of {users} had a completed request"
    if signals.slow_users:
        ratio = f"{text.figure(signals.slow_ratio)} times" if signals.slow_ratio else "more than twice"
        yield f"{text.count(signals.slow_users)} of {users} waited {ratio} as long for a response as the others"
    if _unequal(signals) and not _unserved(signals):
        yield f"their numbers of requests differ (Jain's index {text.figure(signals.fairness)}; 1 is even)"


def _row(key: RunKey, signals: Signals) -> FairnessRow | None:
    if signals.users_served is None and signals.fairness is None and signals.slow_users is None:
        return None
    return FairnessRow(
        repeat=key[1],
        users=round(signals.users),
        served=signals.users_served,
        slow=signals.slow_users,
        slow_ratio=signals.slow_ratio,
        fairness=signals.fairness,
    )


def uneven_sentence(campaign: Campaign, runs: Sequence[RunKey]) -> str:
    """Count the runs whose users were not served alike, in a clause; empty without any."""
    uneven = uneven_runs(campaign)
    if not uneven:
        return ""
    return f"in {text.count(len(uneven))} of {text.several(len(runs), 'run')} users were not served alike"
