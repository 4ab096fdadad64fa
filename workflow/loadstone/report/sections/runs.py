"""The table of all runs: the figures of each, and the reasons to be careful with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loadstone import text
from loadstone.plan.baselines import is_baseline
from loadstone.report.campaign import Campaign
from loadstone.report.doubts import GROWING, Doubts, reasons
from loadstone.report.section import Section
from loadstone.results.run_record import Check
from loadstone.results.tables import RunKey

MOMENT_S = 0.05
"""Seconds of additional warm-up that are not worth mentioning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One run."""

    experiment: str
    repeat: int
    begin_s: float
    """Begin of the window, in seconds after the start of the load."""
    length_s: float
    more_warm_up_s: float
    """How much longer the warm-up was than configured."""
    settled: str
    verdict: str
    figures: Mapping[Any, Any]
    """Its row of the summary, all endpoints together."""
    albums: tuple[int, int] | None
    """Albums at both ends of the window; None where the server does not report them."""
    growth: str
    """Growth of the store and the change in response time with it; empty without growth, or where it is a doubt."""
    steal: float | None
    checks: list[Check]
    doubt: str
    """Reasons to be careful with it; empty for a sound run."""


def run_rows(campaign: Campaign, doubts: Doubts) -> list[RunRow]:
    """List the runs in the order in which they were measured, without baselines."""
    together = campaign.together
    figures = {(str(row["experiment"]), int(row["repeat"])): row for row in together.to_dict("records")}
    judged = campaign.judged
    rows = []
    for record in sorted(campaign.records, key=lambda record: record.phases.server_started):
        key = record.run.experiment, record.run.repeat
        if is_baseline(key[0]):
            continue
        window = campaign.windows[key]
        more = window.begin - window.configured_begin
        rows.append(
            RunRow(
                experiment=key[0],
                repeat=key[1],
                begin_s=window.begin - record.phases.load_started,
                length_s=window.end - window.begin,
                more_warm_up_s=more if more > MOMENT_S else 0.0,
                settled={True: "yes", False: "no", None: "–"}[window.settled],
                verdict=judged[key].verdict,
                figures=figures[key],
                albums=window.albums,
                growth="" if any(doubt.kind == GROWING for doubt in doubts[key]) else _growth(campaign, key),
                steal=campaign.signals[key].host_steal,
                checks=record.checks,
                doubt=reasons(doubts[key]),
            )
        )
    return rows


def _growth(campaign: Campaign, key: RunKey) -> str:
    window = campaign.windows[key]
    if window.albums_end == window.albums_begin:
        return ""
    share = f"+{text.percent(window.growth)}"
    if window.growth_effect_ms is None:
        return share
    effect, p = text.signed(window.growth_effect_ms), text.p_value(window.growth_effect_p)
    return f"{share}, b·Δn {effect} ms ({p})"


def longer_warm_up_sentence(rows: Sequence[RunRow]) -> str:
    """State how often the warm-up took longer than configured."""
    longer = [row.more_warm_up_s for row in rows if row.more_warm_up_s]
    if not longer:
        return "In no run did the warm-up take longer than configured."
    return (
        f"In {len(longer)} of {text.several(len(rows), 'run')} the warm-up took longer than configured, by up to "
        f"{text.figure(max(longer))} s: the window begins later there."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsView:
    """What the section shows."""

    rows: list[RunRow]
    albums: bool
    """Whether the store of any run is known to hold albums."""


def section(campaign: Campaign, doubts: Doubts) -> Section:
    """All runs, in the order in which they were measured."""
    rows = run_rows(campaign, doubts)
    view = RunsView(rows=rows, albums=any(row.albums for row in rows))
    return Section(anchor="runs", title="Method: the runs", view=view)
