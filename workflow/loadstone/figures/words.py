"""What the head of a column means: `Requests/sec`, `avg_latency`, `p95 (ms)`, `# Samples`, `Anfragen/s`.

A head is split into words; case, punctuation, accents and units are set aside. It has a meaning only if it has a word
that names it and no word that is not explained: `requests per user` is not a number of requests.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from loadstone.figures import vocabulary as v
from loadstone.figures.numbers import SECONDS

MAX_HEAD = 80
"""Characters of a head; a longer one is a sentence."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a column states."""

    name: str
    """`users`, `requests`, `rps`, `mean`, `quantile` …: a key of `IN_WORDS`."""
    unit: float | None = None
    """Size of the head's unit in seconds, requests/s or as a share; None if the head has none."""
    quantile: float | None = None
    """Share of requests, of a quantile."""
    weak: bool = False
    """Whether another column of the same meaning has precedence: a peak, a mean that is not called one, a letter."""


IN_WORDS = {
    "label": "name of the test",
    "users": "users",
    "requests": "requests, failed ones included",
    "successes": "requests that succeeded",
    "failures": "requests that failed",
    "failed_share": "share of requests that failed",
    "success_share": "share of requests that succeeded",
    "failures_per_s": "failures/s",
    "duration": "duration of the test",
    "rps": "requests/s",
    "mean": "mean response time",
    "quantile": "quantile of response times",
    "max": "longest response time",
    "think": "think time",
    "think_low": "shortest think time",
    "think_high": "longest think time",
    "ramp": "time in which users start",
    "spawn_rate": "users started per second",
}
"""Meaning → words for a person."""

KNOWN = (
    *("users", "connections", "threads", "VUs", "requests", "failures", "error %", "duration", "requests/s", "rps"),
    *("throughput", "mean", "avg latency", "average response time", "median", "p95", "max", "think time"),
)
"""Names to suggest where no column is understood."""


_UNITS = {**SECONDS, "%": 0.01}
_UNIT_AT_END = frozenset(SECONDS) - {"m", "h", "std"}
_BRACKETS = re.compile(r"[(\[{]\s*([^()\[\]{}]*?)\s*[)\]}]")
_COMPOUND = re.compile(r"\b(fehler|error|failure|fail|success)(quote|rate|ratio|count)\b")
_PER_TIME = (
    (
        re.compile(r"(?:/|\bper\b|\bpro\b|\bpar\b|\bpor\b)[\s_]*(?:s|sec|second|sekunde|seconde|segundo)\b"),
        " persecond ",
    ),
    (re.compile(r"(?:/|\bper\b|\bpro\b)[\s_]*(?:min|minute)\b"), " perminute "),
    (re.compile(r"(?:/|\bper\b|\bpro\b)[\s_]*(?:h|hr|hour|stunde)\b"), " perhour "),
)
_QUANTILE = re.compile(
    r"\bp[\s(_]*([0-9]{1,2}(?:\.[0-9]+)?|99[0-9]{1,3})\b\)?|"
    r"\b([0-9]{1,2}(?:\.[0-9]+)?)\s*(?:%\s*-?(?:ile|line|tile)?|th\b|st\b|nd\b|rd\b|e\b|pct\b|\.?\s*-?perz?c?entile?\b)"
)
_QUANTILE_WORDS = v.words(
    "percentile percentiles perzentil perzentile centile percentil quantile quantil ile pct pctl tile 百分位"
)


@cache
def understand(head: str) -> Meaning | None:
    """Return the meaning of a column's head; None if it is not known."""
    if len(head) > MAX_HEAD:
        return None
    text = unicodedata.normalize("NFKD", re.sub(r"([a-z])([A-Z])(?=[a-z])", r"\1 \2", head))
    text = "".join(c for c in text if not unicodedata.combining(c)).casefold().replace("μ", "u").strip("* `\t")
    text = text.replace("_", " ")
    if quantile := _quantile(text):
        return quantile
    text, unit = _take_unit(text)
    for pattern, word in _PER_TIME:
        text = pattern.sub(word, text)
    text = _COMPOUND.sub(r"\1 \2", text)
    text = text.replace("#", " number ").replace("%", " percent ").replace("non-2xx", " non2xx ")
    words = re.findall(r"[^\W_]+", text)
    found = _meaning(words, unit)
    if found is None and len(words) > 1 and words[-1] in _UNIT_AT_END and unit is None:
        end = words[:-2] if words[-2] == "in" and len(words) > 2 else words[:-1]
        found = _meaning(end, SECONDS[words[-1]])
        if found and words[-1] == "min" and found.name not in ("duration", "think", "ramp"):
            return None  # the shortest, not minutes
    return found


def states_throughput(heads: Iterable[str]) -> bool:
    """Whether heads name a rate, or a number of requests."""
    return any((meaning := understand(head)) and meaning.name in ("rps", "requests", "successes") for head in heads)


def _quantile(text: str) -> Meaning | None:
    match = _QUANTILE.search(text)
    if match is None:
        return Meaning("max") if text == "100%" else None
    digits = match[1] or match[2]
    share = float(digits) / 100 if len(digits) < 3 or "." in digits else int(digits) / 10 ** len(digits)
    share = round(share, 6)
    rest, unit = _take_unit(text[: match.start()] + " " + text[match.end() :])
    words = re.findall(r"[^\W_]+", rest)
    if words and words[-1] in _UNIT_AT_END and unit is None:
        unit = SECONDS[words.pop()]
    explained = v.RESPONSE | v.TIME | _QUANTILE_WORDS | v.FILLER | v.THINGS | {"duration"}
    return Meaning("quantile", unit, share) if 0 < share < 1 and explained >= set(words) else None


def _take_unit(text: str) -> tuple[str, float | None]:
    """Take a unit in brackets away; other words in brackets are words."""
    unit = None

    def replace(found: re.Match[str]) -> str:
        nonlocal unit
        if found[1] in _UNITS:
            unit = _UNITS[found[1]]
            return " "
        return f" {found[1]} "

    text = _BRACKETS.sub(replace, text)
    head, comma, tail = text.rpartition(",")
    if comma and tail.strip() in SECONDS:
        return head, SECONDS[tail.strip()]
    return text, unit


@dataclass(frozen=True, slots=True)
class _Rule:
    """A meaning, for heads with a word of each set in `named` and no others than these and the `allowed` ones."""

    name: str
    named: tuple[frozenset[str], ...]
    allowed: frozenset[str] = frozenset()
    unit: str = "none"
    """Which unit the head may have: `none`, `time`, `share`; `must` and `long`, a time (of a second at least)."""
    weak_with: frozenset[str] = frozenset()
    weak_without: frozenset[str] = frozenset()

    def fits(self, core: frozenset[str], unit: float | None) -> bool:
        """Whether the words and the unit of a head have this meaning."""
        share = unit == _UNITS["%"]
        timed = unit is not None and not share
        right = {
            "none": unit is None,
            "time": not share,
            "share": share,
            "must": timed,
            "long": timed and (unit or 0) >= 1,
        }
        return (
            right[self.unit] and core <= self.allowed.union(*self.named) and all(core & words for words in self.named)
        )

    def weak(self, core: frozenset[str]) -> bool:
        """Whether a clearer head has precedence."""
        return bool(core & self.weak_with) or bool(self.weak_without and not core & self.weak_without)


_ONE = frozenset({"duration"})
_PEAK = v.words("max maximum peak")
_CALLS = v.THINGS | v.DONE
_RATE_EXTRA = _CALLS | v.AVERAGE | _PEAK | v.words("actual achieved rate server")
_PERCENT = v.words("percent percentage pct")
_RULES = (
    _Rule("think", (v.THINK,), v.TIME, "time"),
    _Rule("think_low", (v.THINK, v.words("min low minimum shortest")), v.TIME, "time"),
    _Rule("think_high", (v.THINK, v.words("max high maximum longest")), v.TIME, "time"),
    _Rule("failures", (v.FAILED,), _CALLS),
    _Rule("failed_share", (v.FAILED,), _CALLS, "share"),
    _Rule("failed_share", (v.FAILED, v.SHARE), _CALLS),
    _Rule("failed_share", (v.FAILED, v.SHARE), _CALLS, "share"),
    _Rule("failures_per_s", (v.FAILED, v.words("persecond")), _CALLS),
    _Rule("success_share", (v.SUCCEEDED, v.SHARE), _CALLS),
    _Rule("success_share", (v.SUCCEEDED,), _CALLS | v.SHARE, "share"),
    _Rule("success_share", (v.words("availability"),)),
    _Rule("successes", (v.SUCCEEDED,), _CALLS),
    _Rule("rps", (v.RATES,), _RATE_EXTRA, weak_with=_PEAK),
    _Rule("rps", (v.THINGS, v.words("rate")), v.AVERAGE),
    _Rule("quantile", (v.MEDIAN,), v.RESPONSE | v.TIME | v.THINGS | _ONE, "time"),
    _Rule("max", (v.MOST,), unit="time"),
    _Rule("max", (v.MOST, v.RESPONSE | _ONE), v.TIME | v.THINGS, "time"),
    _Rule("max", (v.MOST,), v.TIME | v.THINGS, "must"),
    _Rule("mean", (v.RESPONSE,), v.TIME | v.THINGS | v.AVERAGE | {"server"}, "time", weak_without=v.AVERAGE),
    _Rule("mean", (v.AVERAGE,), v.TIME | v.THINGS | _ONE, "time"),
    _Rule("mean", (v.THINGS, _ONE), frozenset(), "time", weak_with=_ONE),
    _Rule("duration", (v.LASTING,), v.LASTS, "time"),
    _Rule("duration", (v.words("time"),), unit="long", weak_with=v.words("time")),
    _Rule("mean", (v.words("time"),), unit="must", weak_with=v.words("time")),
    _Rule("requests", (v.THINGS | v.words("completed complete responses"),), v.DONE),
    _Rule("users", (v.USERS,), v.CONCURRENT),
    _Rule("users", (v.THREADS,), v.CONCURRENT, weak_with=v.THREADS),
    _Rule("users", (v.words("concurrent parallel simultaneous concurrency"), v.THINGS)),
)
"""What heads mean; the first rule that fits decides."""


def _meaning(words: list[str], unit: float | None) -> Meaning | None:
    """Find the meaning of words; each of them must be explained."""
    whole = " ".join(words)
    bare = " ".join(word for word in words if word not in v.FILLER)
    if phrase := v.PHRASES.get(whole) or v.PHRASES.get(bare):
        return Meaning(phrase, unit, weak=len(whole) == 1 or whole == "count")
    given = frozenset(words)
    core = given - v.FILLER
    for rule in _RULES if core else ():
        if rule.fits(core, unit):
            quantile = 0.5 if rule.name == "quantile" else None
            return Meaning(rule.name, _unit(rule.name, core, unit), quantile, weak=rule.weak(core))
    if unit is None and given and given <= v.LABELS | v.FILLER and given & v.LABELS:
        return Meaning("label", weak=not given & v.words("row name label scenario experiment"))
    return None


def _unit(name: str, core: frozenset[str], unit: float | None) -> float | None:
    """Return the size of the unit that a head states, in words or in brackets."""
    if name == "rps":
        per = {"perminute": 1 / 60, "rpm": 1 / 60, "perhour": 1 / 3600}
        return next((per[word] for word in core if word in per), 1.0)
    return _UNITS["%"] if name in ("failed_share", "success_share") and core & _PERCENT else unit
