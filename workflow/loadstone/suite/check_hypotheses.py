"""Check hypotheses against their suite before anything runs: one line for each mistake that would prevent a judgement.

`loadstone.suite.hypotheses` checks what can be checked without the suite. This module checks whether the experiments,
sweeps, endpoints and published rows exist, whether the metric is recorded for them, and whether the design of the
sweeps can separate the effects that a trend is about.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from loadstone.suite.differences import flatten
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
from loadstone.text import listed, several, short

MIN_LEVELS_OF_LINE = 3
"""Any two levels lie on a straight line."""

USERS = "load.users"
MAY_DIFFER = frozenset({USERS, "load.spawn_rate", "duration", "warm_up"})
"""Settings in which the sweeps of one trend may differ: those that the model accounts for, and lengths of time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteContents:
    """What a hypothesis can refer to."""

    names: Collection[str]
    """All experiments, including those whose settings are refused."""
    experiments: Mapping[str, Settings]
    """Experiments whose settings are accepted."""
    sweeps: Mapping[str, Sweep]
    rows: Collection[str] | None
    """Rows of the published table; None if the suite names no table."""


def check_hypotheses(path: Path, hypotheses: Mapping[str, Hypothesis], suite: SuiteContents) -> list[str]:
    """List the mistakes in the hypotheses of the suite file at `path`, one line per key."""
    return [
        f"{path}: hypotheses.{name}{complaint}"
        for name, hypothesis in hypotheses.items()
        for complaint in _check(hypothesis, suite)
    ]


def _check(hypothesis: Hypothesis, suite: SuiteContents) -> Iterator[str]:
    tests = hypothesis.tests
    if len(tests) != 1:
        given = f"{' and '.join(tests)} are given" if tests else "no test is given"
        yield f": {given}; allowed: exactly one of {', '.join(TESTS)}"
        return
    expect = hypothesis.expect
    if hypothesis.compare is not None:
        yield from _check_compare(hypothesis.compare, expect, suite)
    elif hypothesis.value is not None:
        yield from _check_value(hypothesis.value, expect, suite)
    elif hypothesis.trend is not None:
        yield from _check_trend(hypothesis.trend, expect, suite)
    elif hypothesis.bottleneck is not None:
        yield from _check_experiment(".bottleneck", hypothesis.bottleneck, suite)
        yield from _check_expect(expect, parse_verdict)


def _check_compare(compare: Compare, expect: str, suite: SuiteContents) -> Iterator[str]:
    yield from _check_metric(".compare", compare.metric, METRICS, (compare.endpoint, compare.to_endpoint))
    yield from _check_expect(expect, lambda text: parse_region(text, ""))
    of, to = compare.sides
    if of == to:
        yield ".compare: both sides are the same; allowed: a different experiment as `to`, or a different `to_endpoint`"
        return
    yield from _check_experiment(".compare.of", compare.of, suite)
    if compare.to is not None:
        yield from _check_experiment(".compare.to", compare.to, suite)
    yield from _check_endpoint(".compare.endpoint", *of, suite)
    key = "to_endpoint" if compare.to_endpoint else "endpoint"
    yield from _check_endpoint(f".compare.{key}", *to, suite)


def _check_value(value: Value, expect: str, suite: SuiteContents) -> Iterator[str]:
    metrics = METRICS if value.published is None else PUBLISHED_METRICS
    yield from _check_metric(".value", value.metric, metrics, (value.endpoint,))
    if value.metric in metrics:
        yield from _check_expect(expect, lambda text: parse_region(text, metrics[value.metric].unit))
    if value.of is not None and value.published is not None:
        yield ".value: `of` and `published` are both given; allowed: exactly one of them"
    elif value.of is not None:
        yield from _check_experiment(".value.of", value.of, suite)
        yield from _check_endpoint(".value.endpoint", value.of, value.endpoint or ALL, suite)
    elif value.published is None:
        yield ".value: neither `of` nor `published` is given; allowed: exactly one of them"
    elif suite.rows is None:
        row = short(value.published)
        yield f".value.published: {row} is not a row; allowed: none, since the suite names no published table"
    else:
        yield from _check_name(".value.published", value.published, suite.rows, "a row of the published table")


def _check_trend(trend: Trend, expect: str, suite: SuiteContents) -> Iterator[str]:
    yield from _check_metric(".trend", trend.metric, METRICS, (trend.endpoint,))
    yield from _check_expect(expect, parse_shape)
    for name in trend.over:
        yield from _check_name(".trend.over", name, suite.sweeps, "a sweep")
    sweeps = {name: suite.sweeps[name] for name in trend.over if name in suite.sweeps}
    if len(sweeps) < len(trend.over):
        if len(set(trend.over)) < len(trend.over):
            yield ".trend.over: a sweep is listed twice; allowed: each sweep once"
        return
    yield from dict.fromkeys(
        complaint
        for sweep in sweeps.values()
        for level in sweep.levels
        for complaint in _check_endpoint(".trend.endpoint", level.experiment, trend.endpoint or ALL, suite)
    )
    yield from _check_design(sweeps, suite, expect)


def _check_design(sweeps: Mapping[str, Sweep], suite: SuiteContents, expect: str) -> Iterator[str]:
    """Check that the levels are numbers of one factor, and that its effect can be separated from that of the users."""
    first, *others = sweeps
    factor = sweeps[first].vary
    for name in others:
        if sweeps[name].vary != factor:
            other = sweeps[name].vary
            yield f".trend.over: {name} varies {other}, {first} varies {factor}; allowed: sweeps of one factor"
            return
    values = {level.value for sweep in sweeps.values() for level in sweep.levels}
    if any(isinstance(value, bool | str | tuple) for value in values):
        yield f".trend.over: {first} varies {factor}, whose values are not numbers; allowed: sweeps over numbers"
        return
    linear = expect.strip() == "linear"
    fewest = MIN_LEVELS_OF_LINE if linear else 2
    if len(values) < fewest:
        given = f"{several(len(values), 'value')} of {factor}"
        yield f".trend.over: {given}; allowed: at least {fewest}{' for linear' * linear}"
    if others:
        yield from _check_crossing(sweeps, suite)


def _check_crossing(sweeps: Mapping[str, Sweep], suite: SuiteContents) -> Iterator[str]:
    """Check that the sweeps differ in the number of users only, and vary it independently of their factor."""
    levels = [level for sweep in sweeps.values() for level in sweep.levels]
    if any(level.experiment not in suite.experiments for level in levels):
        return  # its settings are reported already
    factor = next(iter(sweeps.values())).vary
    settings = [suite.experiments[level.experiment] for level in levels]
    fixed = [{k: v for k, v in flatten(s).items() if k not in MAY_DIFFER | {factor}} for s in settings]
    if differing := sorted(key for key in fixed[0] if any(values[key] != fixed[0][key] for values in fixed)):
        yield f".trend.over: {', '.join(sweeps)} differ in {differing[0]}; allowed: sweeps that differ only in {USERS}"
        return
    names = ", ".join(sweeps)
    if factor == USERS:
        yield f".trend.over: {names} vary {USERS}; allowed: one sweep of {USERS}, or several of another factor"
        return
    points = [(float(str(level.value)), s.load.users) for level, s in zip(levels, settings, strict=True)]
    (x, y), *rest = points
    offsets = [(n - x, users - y) for n, users in rest]
    if not any(a * d != b * c for a, b in offsets for c, d in offsets):
        yield f".trend.over: {names} cannot separate {factor} from {USERS}; allowed: sweeps that cross the two"


def _check_metric(
    key: str, name: str, metrics: Mapping[str, Metric], endpoints: Collection[str | None]
) -> Iterator[str]:
    if name not in metrics:
        yield f"{key}.metric: {short(name)} is not allowed; allowed: {', '.join(metrics)}"
    elif not metrics[name].by_endpoint and any(endpoint not in (None, ALL) for endpoint in endpoints):
        yield f"{key}.endpoint: {name} is known only for all endpoints together; allowed: no endpoint"


def _check_experiment(key: str, name: str, suite: SuiteContents) -> Iterator[str]:
    return _check_name(key, name, suite.names, "an experiment")


def _check_name(key: str, name: str, names: Collection[str], kind: str) -> Iterator[str]:
    if name not in names:
        yield f"{key}: {short(name)} is not {kind}; allowed: {listed(names) or 'none, since there are none'}"


def _check_endpoint(key: str, experiment: str, endpoint: str, suite: SuiteContents) -> Iterator[str]:
    settings = suite.experiments.get(experiment)
    if settings is None:
        return  # reported already
    load = settings.load
    if load.mix is not None:
        requested = [ENDPOINTS[task] for task, weight in load.mix if weight]
    elif load.requests is not None and not load.group:
        requested = list(dict.fromkeys(request.endpoint for request in load.requests))
    else:
        return  # which endpoints a locustfile requests shows only when it runs
    if endpoint not in (ALL, *requested):
        yield f"{key}: {short(endpoint)} is not requested in {experiment}; allowed: {', '.join((*requested, ALL))}"


def _check_expect(expect: str, parse: Callable[[str], object]) -> Iterator[str]:
    try:
        parse(expect)
    except ValueError as error:
        yield f".expect: {short(expect)} is not allowed; allowed: {error}"
