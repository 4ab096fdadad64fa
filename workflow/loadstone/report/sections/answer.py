"""The answer at the top of the page: what was run, what bound it, what is surprising, and what not to rely on.

Every sentence is computed, and left out where there is nothing to say.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from loadstone import text
from loadstone.analyse.audit_row import RowAudit
from loadstone.report.campaign import Campaign
from loadstone.report.charts import answer as charts
from loadstone.report.charts.answer import MEASURED, POSSIBLE, PUBLISHED, SERVER
from loadstone.report.doubts import Doubts
from loadstone.report.section import Section, drawn
from loadstone.report.sections.capacity import SearchView, search_views
from loadstone.report.sections.hypotheses import HypothesisRow, hypothesis_rows
from loadstone.report.sections.published import PublishedRow, audit_table, published_rows
from loadstone.report.sections.warnings import doubt_sentence
from loadstone.results.hypotheses import Outcome
from loadstone.suite.verdict import Verdict
from loadstone.theory.closed_run import Account

MAX_HYPOTHESES_NAMED = 4
"""Refuted hypotheses that are quoted."""
MAX_VERDICTS_NAMED = 4
"""Verdicts of a group that are listed."""

HEADLINE = "Users' pauses limited the published rates, not the server."
"""For rows that the audit finds limited by users' pauses."""

LIMITS = {
    Verdict.GENERATOR: "the load generator was the limit",
    Verdict.SHARED_HOST: "all of the machine's CPUs were busy",
    Verdict.SERVER_CPU: "its CPU was the limit",
    Verdict.SERVER_CONCURRENCY: "all its slots were taken",
    Verdict.SERIAL_SECTION: "part of its work is serialised",
    Verdict.LOCK: "a lock in it was the limit",
    Verdict.POOL: "a pool in it was the limit",
    Verdict.DOWNSTREAM: "it waited for another service",
    Verdict.DISK: "it waited for a disk",
    Verdict.RATE_LIMITER: "a rate limiter was the limit",
    Verdict.ACCEPT_QUEUE: "its accept queue was full",
    Verdict.UNEVEN_CONNECTIONS: "its connections were spread unevenly over its processes",
    Verdict.PAUSES: "its pauses were the limit",
    Verdict.SERVER_OR_BEHIND: "the server, or what it waits for, was the limit",
    Verdict.THINK_TIME: "think time was again the limit",
    Verdict.TOO_FEW_USERS: "the number of users was the limit",
    Verdict.NETWORK: "the network was the limit",
}
"""Verdict → a clause about what limited the highest rate of the server."""


@dataclass(frozen=True, slots=True)
class AnswerPart:
    """One or two sentences of the answer."""

    about: str
    text: str
    headline: str = ""
    """The conclusion, to be read first."""


def answer(
    campaign: Campaign,
    doubts: Doubts,
    published: Sequence[PublishedRow],
    hypotheses: Sequence[HypothesisRow],
    capacities: Sequence[SearchView],
) -> list[AnswerPart]:
    """Put the answer together, a few sentences per topic."""
    sentences = {
        "What bound it": bound_sentence(campaign),
        "Hypotheses": refuted_sentence(hypotheses),
        "Capacity": capacity_sentence(capacities),
        "What to doubt": doubt_sentence(campaign, doubts),
        "What was run": run_sentence(campaign),
    }
    reason = published_sentence(campaign, published)
    first = [AnswerPart("Published", reason, HEADLINE)] if reason else []
    return first + [AnswerPart(about, sentence) for about, sentence in sentences.items() if sentence]


def run_sentence(campaign: Campaign) -> str:
    """State what was run."""
    runs = len(campaign.own_runs)
    swept = {level.experiment for sweep in campaign.plan.suite.sweeps.values() for level in sweep.levels}
    experiments = text.several(len(campaign.experiments), "experiment")
    parts = [f"{text.several(runs, 'run')} of {experiments}"]
    if swept:
        sweeps = text.several(len(campaign.plan.suite.sweeps), "sweep")
        parts[0] += f", {text.count(len(swept))} of them levels of {sweeps}"
    if campaign.searches:
        steps = sum(len(searched.result.probes) for searched in campaign.searches.values())
        searches = text.several(len(campaign.searches), "capacity search")
        parts.append(f"{searches} with {text.several(steps, 'step')}")
    rows = campaign.plan.suite.published
    if rows:
        verb = "repeats" if len(rows.rows) == 1 else "repeat"
        parts.append(f"{text.several(len(rows.rows), 'experiment')} {verb} published figures")
    return f"{'; '.join(parts)}."


def published_sentence(campaign: Campaign, rows: Sequence[PublishedRow]) -> str:
    """State what limited the published rates, by arithmetic, and what the same users reached here."""
    audited = audit_table(campaign)
    waiting = [row for row in audited.rows if row.bound == Verdict.THINK_TIME] if audited else []
    told = [row for row in waiting if row.possible_rps is not None and row.row.users is not None and row.rps]
    if audited is None or not told:
        return ""
    most = max(told, key=lambda row: row.row.users or 0.0)
    alike = sorted(row.rps or 0.0 for row in told if row.row.users == most.row.users)
    published = text.figure(alike[0])
    published += f" to {text.figure(alike[-1])}" if text.figure(alike[-1]) != published else ""
    wrong = [row for row in audited.rows if row.account in (Account.FEWER, Account.IMPOSSIBLE)]
    also = f"; {len(wrong)} more cannot come from the stated number of users" if wrong else ""
    return (
        f"{len(told)} of {text.several(len(audited.rows), 'row')}{also}: {text.plain(most.row.users)} users with "
        f"a mean think time of {text.figure(_mean_wait(most))} s cannot send more than "
        f"{text.figure(most.possible_rps)} requests/s, however fast the server is, and the published rate is "
        f"{published}.{_again(rows)}"
    )


def _mean_wait(row: RowAudit) -> float | None:
    return row.row.think.mean if row.row.think else None


def _again(rows: Sequence[PublishedRow]) -> str:
    """State how our rates compare, and what as many users without pauses got."""
    ratios = [row.throughput.ratio for row in rows if row.throughput.ratio is not None and row.reason is None]
    sentences = ""
    if ratios:
        low, high = text.ratio(min(ratios)), text.ratio(max(ratios))
        sentences = f" Measured again: {low} to {high} of that." if low != high else f" Measured again: {low} of that."
    known = [row for row in rows if row.capacity and row.capacity.times is not None]
    if known:
        row = max(known, key=lambda row: row.load.users)
        capacity = row.capacity
        assert capacity is not None  # noqa: S101 - they were picked by it
        sentences += (
            f" As many users without pauses got {text.figure(capacity.goodput.value)} requests/s from the same server, "
            f"{text.ratio(capacity.times)} the {text.figure(row.throughput.published)} published, in "
            f"{capacity.experiment}{_limited(capacity.verdict)}."
        )
    return sentences


def _limited(verdict: Verdict) -> str:
    return f", where {LIMITS[verdict]}" if verdict in LIMITS else ""


def bound_sentence(campaign: Campaign) -> str:
    """State what bound each group of experiments: repeats of published rows, levels of sweeps, and the rest."""
    clauses = [f"{group}: {_verdicts(campaign, names)}" for group, names in groups(campaign).items()]
    return text.sentence(clauses)


def groups(campaign: Campaign) -> dict[str, list[str]]:
    """Group the experiments: repeats of published rows, levels of sweeps, and the rest; empty groups are left out."""
    suite = campaign.plan.suite
    published = set(suite.published.rows) if suite.published else set()
    levels = {level.experiment for sweep in suite.sweeps.values() for level in sweep.levels}
    by_group = {
        "the published experiments": [name for name in campaign.experiments if name in published],
        "the other experiments": [name for name in campaign.experiments if name not in published | levels],
        "the levels of sweeps": [name for name in campaign.experiments if name in levels - published],
    }
    if not published:
        by_group["the experiments"] = by_group.pop("the other experiments")
    return {group: names for group, names in by_group.items() if names}


def verdict_counts(campaign: Campaign) -> pd.DataFrame:
    """Count the verdicts of each group: group, verdict, experiments."""
    rows = [
        (group.removeprefix("the "), verdict, count)
        for group, names in groups(campaign).items()
        for verdict, count in Counter(campaign.verdicts.experiments[name].verdict for name in names).items()
    ]
    return pd.DataFrame(rows, columns=["group", "verdict", "experiments"])


def _verdicts(campaign: Campaign, names: Sequence[str]) -> str:
    counts = Counter(_verdict(campaign, name) for name in names).most_common()
    if len(counts) == 1:
        return f"{counts[0][0]} ({'all ' if len(names) > 1 else ''}{text.count(len(names))})"
    return text.named([f"{verdict} ({count})" for verdict, count in counts], MAX_VERDICTS_NAMED)


def _verdict(campaign: Campaign, name: str) -> str:
    """Name a verdict; for a mixed one its parties, or that the runs disagree."""
    agreed = campaign.verdicts.experiments[name]
    if agreed.verdict != Verdict.MIXED:
        return str(agreed.verdict)
    return " + ".join(agreed.parties) if set(agreed.runs) == {Verdict.MIXED} else "runs that disagree"


def refuted_sentence(hypotheses: Sequence[HypothesisRow]) -> str:
    """Name the refuted hypotheses: those about the published experiments first, then the largest surprises."""
    if not hypotheses:
        return ""
    counts = Counter(each.outcome for each in hypotheses)
    refuted = sorted(
        (each for each in hypotheses if each.outcome == Outcome.REFUTED),
        key=lambda each: (not each.about_published, -each.surprise),
    )
    rest = f"{counts[Outcome.SUPPORTED]} are supported and {counts[Outcome.INCONCLUSIVE]} left open"
    if not refuted:
        return f"None of {text.several(len(hypotheses), 'hypothesis')} is refuted: {rest}."
    named = [f"«{each.claim.rstrip('.')}»{_effect(each)}" for each in refuted[:MAX_HYPOTHESES_NAMED]]
    more = f"; and {len(refuted) - MAX_HYPOTHESES_NAMED} more" if len(refuted) > MAX_HYPOTHESES_NAMED else ""
    verb = "is" if len(refuted) == 1 else "are"
    return (
        f"Of {text.several(len(hypotheses), 'hypothesis')}, {len(refuted)} {verb} refuted: {'; '.join(named)}{more}. "
        f"{rest[:1].upper() + rest[1:]}."
    )


def _effect(each: HypothesisRow) -> str:
    if each.effect == "–":
        return ""
    return f" ({each.effect}{', ' + each.interval if each.interval else ''})"


def capacity_sentence(views: Sequence[SearchView]) -> str:
    """State the result of each search."""
    if not views:
        return ""
    return f"{text.named([f'{view.name} {view.outcome}' for view in views], 3)}."


def rates(rows: Sequence[PublishedRow]) -> pd.DataFrame:
    """Lay out the rates of each published row: row, kind, rps, times (the server's rate over the published one)."""
    records = []
    for row in rows:
        ours, capacity = row.throughput.estimate, row.capacity
        records += [
            (row.row, PUBLISHED, row.throughput.published, ""),
            (row.row, MEASURED, ours.value if ours else None, ""),
            (row.row, POSSIBLE, row.closed_loop, ""),
        ]
        if capacity is not None and capacity.times is not None:
            records.append((row.row, SERVER, capacity.goodput.value, text.ratio(capacity.times)))
    table = pd.DataFrame(records, columns=["row", "kind", "rps", "times"]).dropna()
    return table[table["rps"] > 0]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerView:
    """What the section shows."""

    parts: list[AnswerPart]


def section(campaign: Campaign, doubts: Doubts) -> Section:
    """The answer: what was run, what bound it, what is surprising, and what not to rely on."""
    published = published_rows(campaign, doubts)
    parts = answer(campaign, doubts, published, hypothesis_rows(campaign), search_views(campaign))
    shown = drawn(
        {
            "published": charts.published(rates(published)),
            "verdicts": charts.verdicts(verdict_counts(campaign)),
        }
    )
    return Section(anchor="answer", title="The answer", navigation="Answer", view=AnswerView(parts=parts), charts=shown)
