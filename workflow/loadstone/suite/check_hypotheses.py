"""Hold hypotheses against the suite they stand in: one line for everything that can't be judged, before anything runs.

What is checked is what `loadstone.suite.hypotheses` can't know: whether the experiments, sweeps, endpoints and
published rows exist, whether the metric is known of them, and whether the design can tell apart what it is to tell
apart.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from loadstone.suite.differences import flat
from loadstone.suite.hypotheses import (
    ALL,
    ENDPOINTS,
    METRICS,
    PUBLISHED_METRICS,
    TESTS,
    Compare,
    Hypothesis,
    Metric,
    Trend,
    Value,
    parse_region,
    parse_shape,
    parse_verdict,
)
from loadstone.suite.model import Sweep
from loadstone.suite.settings import Settings
from loadstone.text import listed, short

MIN_LEVELS_OF_LINE = 3
"""Any two levels lie on a straight line."""

USERS = "load.users"
MAY_DIFFER = frozenset({USERS, "load.spawn_rate", "duration", "warm_up"})
"""Settings in which the sweeps of one trend may differ: what the model takes account of, and how long they ran."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a hypothesis can refer to."""

    names: Collection[str]
    """All experiments, those too whose settings are refused."""
    experiments: Mapping[str, Settings]
    """Those whose settings are sound."""
    sweeps: Mapping[str, Sweep]
    rows: Collection[str] | None
    """Of the published table; None where there is none."""


def check_hypotheses(path: Path, hypotheses: Mapping[str, Hypothesis], known: Known) -> list[str]:
    """List what is wrong, a line for each key."""
    return [
        f"{path}: hypotheses.{name}{complaint}"
        for name, hypothesis in hypotheses.items()
        for complaint in _check(hypothesis, known)
    ]


def _check(hypothesis: Hypothesis, known: Known) -> Iterator[str]:
    tests = hypothesis.tests
    if len(tests) != 1:
        given = f"{' and '.join(tests)} are given" if tests else "no test is given"
        yield f": {given}; allowed: exactly one of {', '.join(TESTS)}"
        return
    expect = hypothesis.expect
    if hypothesis.compare is not None:
        yield from _check_compare(hypothesis.compare, expect, known)
    elif hypothesis.value is not None:
        yield from _check_value(hypothesis.value, expect, known)
    elif hypothesis.trend is not None:
        yield from _check_trend(hypothesis.trend, expect, known)
    elif hypothesis.bottleneck is not None:
        yield from _one_of(".bottleneck", hypothesis.bottleneck, known.names, "experiment")
        yield from _readable(expect, parse_verdict)


def _check_compare(compare: Compare, expect: str, known: Known) -> Iterator[str]:
    yield from _metric(".compare", compare.metric, METRICS, (compare.endpoint, compare.to_endpoint))
    yield from _readable(expect, lambda text: parse_region(text, ""))
    of, to = compare.sides
    if of == to:
        yield ".compare: compares an experiment with itself; allowed: another one as `to`, or another `to_endpoint`"
        return
    yield from _one_of(".compare.of", compare.of, known.names, "experiment")
    if compare.to is not None:
        yield from _one_of(".compare.to", compare.to, known.names, "experiment")
    yield from _endpoint(".compare.endpoint", *of, known)
    key = "to_endpoint" if compare.to_endpoint else "endpoint"
    if of[1] != to[1] or of[0] != to[0]:
        yield from _endpoint(f".compare.{key}", *to, known)


def _check_value(value: Value, expect: str, known: Known) -> Iterator[str]:
    metrics = METRICS if value.published is None else PUBLISHED_METRICS
    yield from _metric(".value", value.metric, metrics, (value.endpoint,))
    if value.metric in metrics:
        yield from _readable(expect, lambda text: parse_region(text, metrics[value.metric].unit))
    if (value.of is None) == (value.published is None):
        yield ".value: what is judged must be told once; allowed: either `of`, an experiment, or `published`, a row"
    elif value.of is not None:
        yield from _one_of(".value.of", value.of, known.names, "experiment")
        yield from _endpoint(".value.endpoint", value.of, value.endpoint or ALL, known)
    elif known.rows is None:
        yield f".value.published: {short(value.published)} is no row; allowed: none, as the suite names no such table"
    elif value.published is not None:
        yield from _one_of(".value.published", value.published, known.rows, "row of the published table")


def _check_trend(trend: Trend, expect: str, known: Known) -> Iterator[str]:
    yield from _metric(".trend", trend.metric, METRICS, (trend.endpoint,))
    yield from _readable(expect, parse_shape)
    for name in trend.over:
        yield from _one_of(".trend.over", name, known.sweeps, "sweep")
    sweeps = {name: known.sweeps[name] for name in trend.over if name in known.sweeps}
    if len(sweeps) < len(trend.over):
        if len(set(trend.over)) < len(trend.over):
            yield ".trend.over: a sweep stands twice; allowed: each once"
        return
    yield from dict.fromkeys(
        complaint
        for sweep in sweeps.values()
        for level in sweep.levels
        for complaint in _endpoint(".trend.endpoint", level.experiment, trend.endpoint or ALL, known)
    )
    yield from _design(sweeps, known, expect)


def _design(sweeps: Mapping[str, Sweep], known: Known, expect: str) -> Iterator[str]:
    """Check that the sweeps' levels are numbers, of one factor, and that they can tell it from the number of users."""
    first, *others = sweeps
    varied = sweeps[first].vary
    for name in others:
        if sweeps[name].vary != varied:
            theirs = sweeps[name].vary
            yield f".trend.over: {name} is over {theirs}, {first} over {varied}; allowed: sweeps of one factor"
            return
    values = {level.value for sweep in sweeps.values() for level in sweep.levels}
    if any(isinstance(value, bool | str | tuple) for value in values):
        yield f".trend.over: {first} is over {varied}, whose values are no numbers; allowed: sweeps over numbers"
        return
    linear = expect.strip() == "linear"
    fewest = MIN_LEVELS_OF_LINE if linear else 2
    if len(values) < fewest:
        yield f".trend.over: {len(values)} values of {varied}; allowed: at least {fewest}{' for linear' * linear}"
    if others:
        yield from _crossed(sweeps, known)


def _crossed(sweeps: Mapping[str, Sweep], known: Known) -> Iterator[str]:
    levels = [level for sweep in sweeps.values() for level in sweep.levels]
    if any(level.experiment not in known.experiments for level in levels):
        return  # its settings are complained about already
    varied = next(iter(sweeps.values())).vary
    settings = [known.experiments[level.experiment] for level in levels]
    alike = [{k: v for k, v in flat(s).items() if k not in MAY_DIFFER | {varied}} for s in settings]
    if differing := sorted(key for key in alike[0] if any(one[key] != alike[0][key] for one in alike)):
        yield f".trend.over: {', '.join(sweeps)} differ in {differing[0]}; allowed: sweeps that differ in {USERS} alone"
        return
    points = [(float(str(level.value)), s.load.users) for level, s in zip(levels, settings, strict=True)]
    (x, y), *rest = points
    apart = [(n - x, users - y) for n, users in rest]
    if varied == USERS or not any(a * d != b * c for a, b in apart for c, d in apart):
        yield f".trend.over: {', '.join(sweeps)} can't tell {varied} from {USERS}; allowed: sweeps that cross the two"


def _metric(key: str, name: str, metrics: Mapping[str, Metric], endpoints: Collection[str | None]) -> Iterator[str]:
    if name not in metrics:
        yield f"{key}.metric: {short(name)} is not allowed; allowed: {', '.join(metrics)}"
    elif not metrics[name].by_endpoint and any(endpoint not in (None, ALL) for endpoint in endpoints):
        yield f"{key}.endpoint: {name} is known of all endpoints together only; allowed: no endpoint"


def _one_of(key: str, name: str, names: Collection[str], what: str) -> Iterator[str]:
    if name not in names:
        yield f"{key}: {short(name)} is no {what}; allowed: {listed(names) or 'none, as there are none'}"


def _endpoint(key: str, experiment: str, endpoint: str, known: Known) -> Iterator[str]:
    settings = known.experiments.get(experiment)
    if settings is None:
        return  # complained about already
    asked = [ENDPOINTS[task] for task, weight in settings.load.mix if weight]
    if endpoint not in (ALL, *asked):
        yield f"{key}: {short(endpoint)} is not asked for in {experiment}; allowed: {', '.join((*asked, ALL))}"


def _readable(expect: str, parse: Callable[[str], object]) -> Iterator[str]:
    try:
        parse(expect)
    except ValueError as error:
        yield f".expect: {short(expect)} is not allowed; allowed: {error}"
