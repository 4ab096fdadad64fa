"""The answer in a headline and a few sentences, with the bars that show it.

The sentences are those of the terminal (`loadstone.analyse.headline`), so that both state the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from loadstone import text
from loadstone.analyse.headline import SENTENCE_END, conclude, find_pace, usable_experiments
from loadstone.report.campaign import Campaign

MAX_BARS = 6
"""Bars that are drawn."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of requests/s."""

    label: str
    rps: float

    @property
    def value(self) -> str:
        """The figure at its end."""
        return text.figure(self.rps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """The answer, to be read first."""

    text: str
    sentences: Sequence[str]
    """What explains it."""
    bars: Sequence[Bar]
    """Rates to compare; empty where there is nothing to compare."""

    @property
    def most(self) -> float:
        """The longest bar, requests/s."""
        return max((bar.rps for bar in self.bars), default=0.0)


def make_headline(campaign: Campaign) -> Headline:
    """Put the answer together: the first sentence is the headline, the others explain it."""
    statements = conclude(campaign.outcomes) or ("No experiment has figures that can be used.",)
    first, *rest = SENTENCE_END.split(statements[0])
    bars = [bar for bar in _bars(campaign) if bar.rps > 0][:MAX_BARS]
    return Headline(text=first, sentences=[*rest, *statements[1:]], bars=bars if len(bars) > 1 else [])


def _bars(campaign: Campaign) -> Iterator[Bar]:
    """Take the rates that the sentences are about: of pausing users, of searches, of a sweep, or the highest ones."""
    outcomes = campaign.outcomes
    usable = usable_experiments(outcomes)
    pace = find_pace(outcomes, usable)
    if pace is not None:
        yield from _paced(campaign, pace.experiment, pace.most_rps, pace.without)
        return
    if campaign.searches:
        for name, searched in campaign.searches.items():
            yield Bar(f"{name}: meets {searched.result.slo}", searched.result.met_at or 0.0)
            yield Bar(f"{name}: misses it", searched.result.missed_at or 0.0)
        return
    rates = {name: outcomes.mean_of(name, "throughput_rps") or 0.0 for name in usable}
    levels = {level.experiment for sweep in campaign.plan.suite.sweeps.values() for level in sweep.levels}
    of_sweep = len(campaign.plan.suite.sweeps) == 1 and set(usable) <= levels
    names = usable if of_sweep or len(usable) <= MAX_BARS else sorted(usable, key=lambda name: -rates[name])
    yield from (Bar(name, rates[name]) for name in names)


def _paced(campaign: Campaign, experiment: str, most_rps: float, without: str | None) -> Iterator[Bar]:
    outcomes, load = campaign.outcomes, campaign.plan.experiments[experiment].load
    users = text.several(load.users, "user")
    rows = campaign.plan.suite.published.rows if campaign.plan.suite.published else {}
    published = outcomes.published.get(rows.get(experiment, ""), {}).get("rps")
    if published:
        yield Bar(f"published, {users}", published)
    yield Bar(f"most that {users} with these pauses can send", most_rps)
    again = f"{users}, measured again" if published else experiment
    yield Bar(again, outcomes.mean_of(experiment, "throughput_rps") or 0.0)
    if without is not None:
        yield Bar(f"{users} without pauses", outcomes.mean_of(without, "throughput_rps") or 0.0)
