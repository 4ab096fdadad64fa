"""The figures behind an experiment's verdict, and all signals with their meanings, to check it by."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from loadstone import text
from loadstone.analyse.shares import why_above_one
from loadstone.report.campaign import Campaign
from loadstone.results.signal_groups import GROUPED
from loadstone.results.signals import Signals
from loadstone.results.tables import RunKey
from loadstone.results.verdicts import Evidence

LEFT_OUT = frozenset({"plateaus", "proceeding_low", "proceeding_high"})
"""Signals that have a table of their own, or stand next to another one."""
ORDER = sorted(Signals.model_fields, key=lambda name: name in GROUPED)
"""All signals, those in groups last."""
MEANINGS = {
    "failures": "Requests that failed.",
    "requests": "Requests that ended in the window.",
    "server_workers": "The server's worker processes.",
    "server_threads": "Threads of each of them, as configured.",
    "bytes_per_s": "Bytes of responses per second.",
    "link_bytes_per_s": "The network link's speed, bytes per second.",
    "generator_waited": "CPUs for which the threads of the generator's busiest worker waited, on average.",
    "proceeding": "Mean number of threads that proceed with requests, and its 95 % interval.",
    "downstream_waiting": "Connections to elsewhere on which the server waits for an answer.",
    "most_users": "Most users that ran; unknown where all ran all the time.",
    "fewest_users": "Fewest users that ran; unknown where all ran all the time.",
}
"""Signals whose meaning is not described where they are defined, or only next to another one → the meaning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRow:
    """One figure behind the verdict."""

    signal: str
    value: str
    limit: str
    meaning: str
    full: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalRow:
    """One signal of an experiment."""

    name: str
    value: str
    """The mean over the runs that count."""


def evidence_rows(campaign: Campaign, used: Sequence[RunKey]) -> Iterator[EvidenceRow]:
    """List the figures behind the verdicts of some runs, each as the mean over them."""
    values: dict[str, list[float]] = {}
    about: dict[str, Evidence] = {}
    for key in used:
        for each in campaign.judged[key].evidence:
            values.setdefault(each.signal, []).append(each.value)
            about[each.signal] = each
    for signal, each in about.items():
        value = sum(values[signal]) / len(values[signal])
        why = why_above_one(signal, value)
        yield EvidenceRow(
            signal=signal,
            value=text.utilisation(value),
            limit=text.utilisation(each.limit),
            meaning=f"{each.meaning}; above 1: {why}" if why else each.meaning,
            full=signal.startswith(("u_", "X/ceiling")) and value >= each.limit,
        )


def meanings(names: Collection[str]) -> dict[str, str]:
    """Describe signals: name → meaning, those in groups last."""
    fields = Signals.model_fields
    return {name: _meaning(name, fields[name].description) for name in ORDER if name in names}


def _meaning(name: str, description: str | None) -> str:
    words = MEANINGS.get(name) or description or ""
    return " ".join(words.replace("`", "").split())


def signal_rows(campaign: Campaign, experiment: str) -> list[SignalRow]:
    """List the signals that any counting run of an experiment has, each as the mean over those that have it."""
    runs = [campaign.signals[key] for key in campaign.used_of(experiment)]
    return [SignalRow(name=name, value=value) for name, value in _values(runs)]


def _values(runs: Sequence[Signals]) -> Iterator[tuple[str, str]]:
    for name in ORDER:
        known = [value for run in runs if (value := getattr(run, name)) is not None]
        if known and name not in LEFT_OUT and not all(value == Signals.model_fields[name].default for value in known):
            yield name, _mean(known) + (_interval(runs) if name == "proceeding" else "")


def _interval(runs: Sequence[Signals]) -> str:
    bounds = [(run.proceeding_low, run.proceeding_high) for run in runs]
    known = [(low, high) for low, high in bounds if low is not None and high is not None]
    if not known:
        return ""
    low, high = (fmean(each) for each in zip(*known, strict=True))
    return f" ({text.interval(low, high)})"


def _mean(known: Sequence[Any]) -> str:
    if isinstance(known[0], bool):
        return "yes" if all(known) else f"{sum(known)} of {len(known)} runs" if any(known) else "no"
    if isinstance(known[0], Mapping):
        keys = dict.fromkeys(key for each in known for key in each)
        means = {key: fmean(each.get(key, 0.0) for each in known) for key in keys}
        return ", ".join(f"{key} {text.figure(mean)}" for key, mean in means.items() if mean > 0)
    if isinstance(known[0], list):
        return ", ".join(text.figure(fmean(each)) for each in zip(*known, strict=False))
    return text.figure(fmean(known))
