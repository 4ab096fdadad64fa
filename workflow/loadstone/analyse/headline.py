"""The most important statements about a campaign, for the end of `loadstone run` and the first screen of the page.

Every statement is computed, from figures that both of them show. It is left out where they do not suffice.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

from loadstone.analyse.experiment_rows import Outcomes, share_failed
from loadstone.plan.probes import probed_experiment
from loadstone.results.hypotheses import JudgedHypothesis, Outcome
from loadstone.results.search import SearchResult
from loadstone.suite.hypotheses import ALL, METRICS, Compare
from loadstone.suite.load_settings import Load
from loadstone.suite.model import Sweep
from loadstone.suite.settings import Settings
from loadstone.suite.types import Exponential
from loadstone.suite.verdict import Verdict, phrase_limits
from loadstone.text import figure, named, plain, several, whole_percent

MAX_STATEMENTS = 3
SENTENCE_END = re.compile(r"(?<=[.!?]) (?=[A-Z])")
NO_PART_OF_THE_SERVER = {"albums", "albums_max", "port"}
"""Settings in which two experiments may differ and still have the same server."""


def conclude(outcomes: Outcomes) -> tuple[str, ...]:
    """State the most important results, in at most three statements of one or two sentences.

    If no figure can be used, that is the only one. Then come the pace of users who pause, with what the same users get
    without pauses; capacities; comparisons that the suite asks for; the fastest experiment; and sweeps.
    """
    usable = usable_experiments(outcomes)
    if not usable:
        return tuple(_nothing_usable(outcomes))
    pace, told = _pace(outcomes, usable)
    compared = list(_comparisons(outcomes, usable)) or list(_two_experiments(outcomes, usable))
    found = [*pace, *_capacities(outcomes), *compared, *_fastest(outcomes, usable, told), *_sweeps(outcomes, usable)]
    return tuple(found[:MAX_STATEMENTS])


def usable_experiments(outcomes: Outcomes) -> list[str]:
    """Name the experiments whose figures the statements are about: no probes, and none that must not be used."""
    known = outcomes.verdicts.experiments
    return [
        name
        for name in outcomes.names
        if probed_experiment(name) is None and name in known and known[name].verdict.is_sound
        if outcomes.mean_of(name, "throughput_rps")
    ]


def _nothing_usable(outcomes: Outcomes) -> Iterator[str]:
    known = outcomes.verdicts.experiments
    reasons = [known[name].verdict for name in outcomes.names if name in known]
    if reasons:
        counts = [f"{verdict} in {several(reasons.count(verdict), 'experiment')}" for verdict in dict.fromkeys(reasons)]
        yield f"No figure of this campaign can be used: {named(counts)}."
    yield from _capacities(outcomes)


# the pace of users who pause


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """An experiment whose rate is the pace of its users, who pause."""

    experiment: str
    most_rps: float
    """N/Z, the rate that so many users send on average if responses take no time."""
    without: str | None
    """The experiment with as many users who never pause on the same server, if there is one."""


def find_pace(outcomes: Outcomes, usable: Sequence[str]) -> Pace | None:
    """Find the experiment that shows best that users' pauses set a rate; None where no rate is set by them.

    It repeats a published row if one does, then has a counterpart without pauses, then the most users.
    """
    known = outcomes.plan.experiments
    published = outcomes.plan.suite.published.rows if outcomes.plan.suite.published else {}
    pausing = [
        name
        for name in usable
        if outcomes.verdicts.experiments[name].verdict == Verdict.THINK_TIME and _pauses(known[name].load)
    ]
    if not pausing:
        return None
    others = {name: _without_pauses(outcomes, name, usable) for name in pausing}
    chosen = max(pausing, key=lambda name: (name in published, others[name] is not None, known[name].load.users))
    most = known[chosen].load.users / known[chosen].load.mean_think_time_s
    return Pace(experiment=chosen, most_rps=most, without=others[chosen])


def _pace(outcomes: Outcomes, usable: Sequence[str]) -> tuple[list[str], set[str]]:
    """State that users' pauses set a rate, and what as many users without pauses get; with the experiments named."""
    pace = find_pace(outcomes, usable)
    if pace is None:
        return [], set()
    chosen, most = pace.experiment, pace.most_rps
    load, busy = outcomes.plan.experiments[chosen].load, server_cpu(outcomes, chosen)
    rate = outcomes.mean_of(chosen, "throughput_rps") or 0.0
    statements = [
        _published_pace(outcomes, chosen, most)
        or f"{chosen} got {figure(rate)} requests/s: the pace of its users, not the limit of the server.",
        f"{_users(load)} {_write_pauses(load)} can send about {figure(most)} requests/s at most, however "
        f"fast the server is{f'; its CPU was {whole_percent(busy)} busy' if busy is not None else ''}.",
    ]
    other = [pace.without] if pace.without else []
    return [*statements, *(_compare_with_pauses(outcomes, chosen, each) for each in other)], {chosen, *other}


def _pauses(load: Load) -> bool:
    return not load.scheduled and load.think_time is not None and load.mean_think_time_s > 0


def _users(load: Load) -> str:
    return "One user" if load.users == 1 else several(load.users, "user")


def _write_pauses(load: Load) -> str:
    verb = "who pauses" if load.users == 1 else "who pause"
    if isinstance(load.think_time, Exponential):
        return f"{verb} {plain(load.think_time.exponential)} s on average"
    low, high = load.think_time or (0.0, 0.0)
    return f"{verb} {plain(low)} s" if low == high else f"{verb} {plain(low)} to {plain(high)} s"


def _published_pace(outcomes: Outcomes, experiment: str, most: float) -> str:
    """State that published rates are the pace of their users, by arithmetic; empty where they are not."""
    rows = outcomes.plan.suite.published.rows if outcomes.plan.suite.published else {}
    users, known = outcomes.plan.experiments[experiment].load.users, outcomes.plan.experiments
    alike = [
        outcomes.published.get(row, {}).get("rps", 0.0)
        for name, row in rows.items()
        if name in known and _pauses(known[name].load) and known[name].load.users == users
    ]
    paced = sorted(rate for rate in alike if rate >= outcomes.plan.suite.thresholds.think_time * most)
    own = outcomes.published.get(rows.get(experiment, ""), {}).get("rps")
    if own not in paced:
        return ""
    low, high = figure(paced[0]), figure(paced[-1])
    rates = low if low == high else f"{low} to {high}"
    return f"The published {rates} requests/s is the pace of the users, not the limit of the server."


def _without_pauses(outcomes: Outcomes, experiment: str, usable: Sequence[str]) -> str | None:
    """Find the highest rate of the same server with as many users who never pause; the same client's, if it has one."""
    known = outcomes.plan.experiments
    own = known[experiment]
    alike = [name for name in usable if _differs_by_pauses(known[name], own)]
    same_client = [name for name in alike if known[name].load.user == own.load.user]
    rates = {name: outcomes.mean_of(name, "throughput_rps") or 0.0 for name in same_client or alike}
    return max(rates, key=rates.__getitem__, default=None)


def _differs_by_pauses(other: Settings, own: Settings) -> bool:
    """Whether an experiment has the same server and as many users as another, and its users never pause."""
    load = other.load
    never = not load.scheduled and load.think_time is not None and load.mean_think_time_s == 0
    requests = ("mix", "requests", "locustfile", "classes", "imported")
    alike = load.users == own.load.users and all(getattr(load, key) == getattr(own.load, key) for key in requests)
    servers = [each.server.model_dump(exclude=NO_PART_OF_THE_SERVER) for each in (other, own)]
    return never and alike and servers[0] == servers[1]


def _compare_with_pauses(outcomes: Outcomes, paused: str, eager: str) -> str:
    rate, before = (outcomes.mean_of(name, "throughput_rps") or 0.0 for name in (eager, paused))
    agreed = outcomes.verdicts.experiments[eager]
    users = outcomes.plan.experiments[eager].load.users
    who = "The same user" if users == 1 else f"The same {several(users, 'user')}"
    times = f", {_times(rate / before)} as many" if before else ""
    limit = phrase_limits(agreed.verdict, agreed.parties)
    return f"{who} without pauses got {figure(rate)} requests/s from it{times} ({eager}: {limit})."


def _times(ratio: float) -> str:
    return f"{figure(ratio)} times"


def server_cpu(outcomes: Outcomes, experiment: str) -> float | None:
    """Return the share of the CPUs that its workers could use, as the mean over the runs that count."""
    shares = [
        each.value
        for run in outcomes.verdicts.runs
        if run.experiment == experiment and run.counts
        for each in run.evidence
        if each.signal == "u_server"
    ]
    return fmean(shares) if shares else None


# capacities, comparisons, and the rest


def _capacities(outcomes: Outcomes) -> Iterator[str]:
    for name, found in outcomes.searches.items():
        yield f"{name} {describe_capacity(found)}."


def describe_capacity(found: SearchResult) -> str:
    """State the result of a search as the end of a sentence that begins with its name."""
    met, missed = figure(found.met_at), figure(found.missed_at)
    if found.met_at is None:
        return f"misses {found.slo} even at the lowest rate, {missed} requests/s"
    if found.missed_at is None:
        return f"meets {found.slo} up to the highest rate tried, {met} requests/s"
    return f"meets {found.slo} at {met} requests/s but not at {missed}"


def _comparisons(outcomes: Outcomes, usable: Sequence[str]) -> Iterator[str]:
    """State the ratios between two experiments that hypotheses are about: gates first, then refuted ones."""
    tests = {name: each.compare for name, each in outcomes.plan.suite.hypotheses.items()}
    order = (Outcome.REFUTED, Outcome.SUPPORTED, Outcome.INCONCLUSIVE)
    for judged in sorted(outcomes.hypotheses, key=lambda each: (not each.gate, order.index(each.outcome))):
        compare = tests.get(judged.id)
        if compare is None or judged.effect is None or judged.unit != "ratio":
            continue
        (of, endpoint), (to, other) = compare.sides
        if of != to and endpoint == other == ALL and {of, to} <= set(usable):
            yield _comparison(compare, judged, of, to)


def _comparison(compare: Compare, judged: JudgedHypothesis, of: str, to: str) -> str:
    known = judged.low is not None and judged.high is not None
    interval = f" ({figure(judged.low)} to {figure(judged.high)})" if known else ""
    label = METRICS[compare.metric].label
    outcome = "left open" if judged.outcome == Outcome.INCONCLUSIVE else str(judged.outcome)
    gate = "gate" if judged.gate else "hypothesis"
    times = f"{_times(judged.effect or 0.0)} that of {to}{interval}"
    return f"The {label} of {of} is {times}: the {gate} {judged.id} is {outcome}."


def _two_experiments(outcomes: Outcomes, usable: Sequence[str]) -> Iterator[str]:
    """Compare the two experiments of a suite that has no more."""
    own = [name for name in outcomes.names if probed_experiment(name) is None]
    if len(own) != 2 or len(usable) != 2 or outcomes.plan.suite.sweeps:
        return
    rates = {name: outcomes.mean_of(name, "throughput_rps") or 0.0 for name in usable}
    slow, fast = sorted(usable, key=rates.__getitem__)
    yield (
        f"{fast} handled {figure(rates[fast])} requests/s, {slow} {figure(rates[slow])}: "
        f"{_times(rates[fast] / rates[slow])} as many."
    )


def _fastest(outcomes: Outcomes, usable: Sequence[str], told: set[str]) -> Iterator[str]:
    """State the highest throughput, and what limited it."""
    rates = {name: outcomes.mean_of(name, "throughput_rps") or 0.0 for name in usable}
    fastest = max(rates, key=rates.__getitem__)
    if fastest not in told:
        yield describe_experiment(outcomes, fastest)


def describe_experiment(outcomes: Outcomes, name: str) -> str:
    """State what an experiment handled, and what limited it.

    Such as: checkout handled 412 requests/s (p95 18 ms, no failures). The server used 95 % of the CPUs that its workers
    can use.
    """
    rate, p95 = outcomes.mean_of(name, "throughput_rps"), outcomes.mean_of(name, "p95_ms")
    failed = outcomes.failed.get(name)
    beside = [f"p95 {figure(p95)} ms"] if p95 is not None else []
    if failed and failed.share is not None:
        beside.append(f"{share_failed(failed.share)} failed" if failed.failures else "no failures")
    figures = f" ({', '.join(beside)})" if beside else ""
    return f"{name} handled {figure(rate)} requests/s{figures}. {_reason(outcomes, name)}"


def _reason(outcomes: Outcomes, name: str) -> str:
    """Return the first sentence of a verdict in words; for several limits, and without words, their names."""
    agreed = outcomes.verdicts.experiments[name]
    words = outcomes.verdicts.sentence_of(name) or agreed.sentence
    if words and agreed.verdict != Verdict.MIXED:
        lead = SENTENCE_END.split(words)[0].rstrip(".")
    else:
        lead = phrase_limits(agreed.verdict, agreed.parties)
    return f"{lead[:1].upper()}{lead[1:]}."


def _sweeps(outcomes: Outcomes, usable: Sequence[str]) -> Iterator[str]:
    for name, sweep in outcomes.plan.suite.sweeps.items():
        rates = {
            plain(list(level.value) if isinstance(level.value, tuple) else level.value): rate
            for level in sweep.levels
            if level.experiment in usable and (rate := outcomes.mean_of(level.experiment, "throughput_rps"))
        }
        if len(rates) > 1:
            yield _sweep(name, sweep, rates)


def _sweep(name: str, sweep: Sweep, rates: dict[str, float]) -> str:
    first, *_, last = rates
    most = max(rates, key=rates.__getitem__)
    between = "" if most in (first, last) else f", and the most, {figure(rates[most])}, with {most}"
    ends = f"{figure(rates[first])} requests/s with {sweep.vary} {first}, {figure(rates[last])} with {last}"
    return f"{name}: {ends}{between}."
