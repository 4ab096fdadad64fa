"""Grounds for a scaling law: each reason by an example, and what no data may get a law by."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.analyse.grounds import Grounds, LevelFacts, find_grounds, withdrawn
from loadstone.suite.thresholds import DEFAULTS, Thresholds
from loadstone.suite.verdict import Verdict
from loadstone.theory import operational
from loadstone.theory.fitting import fit_amdahl, fit_law
from loadstone.theory.scaling import Fit, usl

NAMES = [
    *("Locust's CPU", "server's CPU", "the whole machine's CPU"),
    *("all server threads busy", "the network", "users' pauses"),
]
OWN = {"server.workers": {"server's CPU", "all server threads busy"}, "load.workers": {"Locust's CPU"}}
OWN["server.threads"] = OWN["server.workers"]
NOBODYS = ["several limits", "repeats disagree", "no clear limit", "too many failures", "invalid figures"]
VERDICTS = [*NAMES, "a serial section in the server", *NOBODYS]


def level(
    value: float, throughput: float = 0.0, runs: int = 5, verdict: str = "server's CPU", **shares: float
) -> LevelFacts:
    """Make a level of a server with CPUs of its own, which is the limit; `shares` are by the names in `Verdict`."""
    usual = {"generator": 0.4, "server_cpu": 0.97, "shared_host": 0.5, "server_concurrency": 0.99, "think_time": 0.02}
    return LevelFacts(
        value=value,
        experiment=f"sweep={value:g}",
        throughput=tuple((throughput or 1000.0 * value) * (1 + 0.002 * run) for run in range(runs)),
        verdict=Verdict(verdict),
        utilisations={Verdict[name.upper()]: share for name, share in (usual | shares).items()},
        users=50.0,
        think_s=0.0,
        unloaded_response_s=0.002,
        server_demand_s=0.001,
        generator_demand_s=0.0015,
    )


def thinking(value: float, runs: tuple[float, ...] = (32.9, 33.0, 33.1)) -> LevelFacts:
    """Make a level as published: 50 users who wait 1.5 s, whatever is swept."""
    slack = {"Locust's CPU": 0.05, "server's CPU": 0.02, "the whole machine's CPU": 0.1, "users' pauses": 0.99}
    return replace(
        level(value, verdict="users' pauses"),
        throughput=runs,
        utilisations={Verdict(name): share for name, share in slack.items()},
        think_s=1.5,
        unloaded_response_s=0.005,
        generator_demand_s=0.00222,
    )


def generating(value: float, verdict: str = "Locust's CPU", **shares: float) -> LevelFacts:
    usual = {"generator": 0.98, "server_cpu": 0.5, "server_concurrency": 0.3}
    return level(value, 700.0 * value, 3, verdict, **(usual | shares))


def with_share(facts: LevelFacts, party: str, share: float) -> LevelFacts:
    return replace(facts, utilisations={**facts.utilisations, Verdict(party): share})


def reasons(found: Grounds) -> dict[float, str]:
    return {facts.value: why for facts, why in found.left_out}


def values(found: Grounds) -> list[float]:
    return [facts.value for facts in found.used]


# Grounds.


@pytest.mark.parametrize("vary", ["server.workers", "server.threads"])
def test_a_server_that_bound_every_level_has_a_law(vary: str) -> None:
    """All its slots are taken too, as where a CPU is waited for: that is the server still."""
    found = find_grounds(vary, [level(n) for n in (4, 1, 3, 2)])
    assert (found.party, values(found), found.left_out, found.reason) == ("server", [1, 2, 3, 4], (), None)
    assert not found.indicative


@pytest.mark.parametrize("verdict", ["server's CPU", "all server threads busy", "a serial section in the server"])
def test_each_verdict_of_the_server_is_grounds_for_its_law_and_none_for_the_generators(verdict: str) -> None:
    levels = [level(n, verdict=verdict) for n in (1, 2, 4)]
    assert find_grounds("server.workers", levels).reason is None
    other = find_grounds("load.workers", levels)
    assert other.used == ()
    assert str(other.reason).startswith(f"every level was {Verdict(verdict).as_limit}")


def test_a_generator_that_bound_every_level_has_a_law() -> None:
    found = find_grounds("load.workers", [generating(n) for n in (1, 2, 4)])
    assert (found.party, values(found), found.reason) == ("generator", [1, 2, 4], None)
    assert found.indicative, "three levels of three runs"


def test_a_generators_law_needs_no_host() -> None:
    levels = [generating(n) for n in (1, 2, 4)]
    bare = [replace(facts, utilisations={Verdict.GENERATOR: 0.98}) for facts in levels]
    assert find_grounds("load.workers", bare).reason is None


@pytest.mark.parametrize(("levels", "runs", "indicative"), [(4, 5, False), (3, 5, True), (4, 4, True), (3, 3, True)])
def test_few_levels_or_repeats_are_indicative(levels: int, runs: int, indicative: bool) -> None:
    found = find_grounds("server.workers", [level(n + 1, runs=runs) for n in range(levels)])
    assert found.reason is None
    assert found.indicative == indicative
    thin = find_grounds("server.workers", [level(n + 1, runs=5 - (n == 1)) for n in range(4)])
    assert thin.indicative


# Levels that are left out.


def test_levels_beyond_the_machine_are_left_out_by_name() -> None:
    beyond = [level(4, 3600, verdict="the whole machine's CPU", shared_host=0.97), level(8, 3500, shared_host=0.75)]
    found = find_grounds("server.workers", [*(level(n) for n in (1, 2, 3)), *beyond])
    assert values(found) == [1, 2, 3]
    assert reasons(found) == {
        4: "limited by the whole machine's CPU at 0.97",
        8: "the whole machine's CPU at 0.75",
    }
    assert found.reason is None
    assert found.indicative, "four levels were wanted, three are left"


@pytest.mark.parametrize("name", ["Locust's CPU", "the whole machine's CPU", "the network", "users' pauses"])
def test_every_other_party_must_have_slack(name: str) -> None:
    slack = DEFAULTS.slack
    levels = [level(1), level(2), level(3), with_share(level(4), name, slack)]
    assert reasons(find_grounds("server.workers", levels)) == {4: f"{name} at 0.75"}
    levels[-1] = with_share(level(4), name, math.nextafter(slack, 0))
    assert reasons(find_grounds("server.workers", levels)) == {}
    assert reasons(find_grounds("server.workers", levels, Thresholds(slack=0.6))) == {4: f"{name} at 0.75"}


@pytest.mark.parametrize("name", NAMES[1:])
def test_every_party_but_the_generator_must_have_slack_for_its_law(name: str) -> None:
    levels = [generating(1), generating(2), generating(3), with_share(generating(4), name, 0.8)]
    assert reasons(find_grounds("load.workers", levels)) == {4: f"{name} at 0.80"}


def test_a_level_names_the_fullest_of_the_others() -> None:
    found = find_grounds("server.workers", [level(1, generator=0.8, network=0.9, think_time=0.85)])
    assert reasons(found) == {1: "the network at 0.90"}


def test_no_law_of_the_server_without_the_host() -> None:
    """What was not measured accuses nobody; of the server, it doesn't clear the others either."""
    unknown = level(4)
    others = {name: share for name, share in unknown.utilisations.items() if name != "the whole machine's CPU"}
    unknown = replace(unknown, utilisations=others)
    assert reasons(find_grounds("server.workers", [level(1), unknown])) == {4: "the whole machine's CPU not measured"}
    lone = replace(unknown, utilisations={Verdict.SHARED_HOST: 0.5})
    assert reasons(find_grounds("server.workers", [lone])) == {}
    odd = level(4, shared_host=math.nan)
    assert reasons(find_grounds("server.workers", [odd])) == {4: "the whole machine's CPU at nan"}


@pytest.mark.parametrize("verdict", NOBODYS)
def test_a_verdict_that_is_nobodys_is_left_out(verdict: str) -> None:
    found = find_grounds("server.workers", [level(n, verdict=verdict) for n in (1, 2, 4)])
    assert reasons(found) == dict.fromkeys((1.0, 2.0, 4.0), verdict)
    assert found.reason == f"every level: {verdict}"


def test_several_limits_name_the_other_party_where_it_is_known() -> None:
    found = find_grounds("server.workers", [level(1, verdict="several limits", network=0.88)])
    assert reasons(found) == {1: "the network at 0.88"}


def test_levels_of_few_runs_are_left_out() -> None:
    found = find_grounds("server.workers", [level(1), level(2), level(3, runs=2), level(4, runs=1), level(5, runs=0)])
    assert reasons(found) == {3: "2 runs of at least 3", 4: "1 run of at least 3", 5: "0 runs of at least 3"}
    assert str(found.reason).startswith("2 of 5 levels can be used, 3 are needed; ")
    zero = replace(level(1), throughput=(1.0, 0.0, 1.0))
    assert reasons(find_grounds("server.workers", [zero])) == {1: "a run without throughput"}


# Why there is no law.


def test_think_time_as_published() -> None:
    """Flat points that Amdahl's law fits perfectly: the sentence has the ceiling, the points, and the users needed."""
    levels = [thinking(n) for n in (1, 2, 4)]
    fit = fit_amdahl([n for n in (1, 2, 4) for _ in range(3)], [x for facts in levels for x in facts.throughput])
    assert fit.serial_fraction.value == pytest.approx(1)
    assert withdrawn(fit) is None
    found = find_grounds("load.workers", levels)
    assert (found.party, found.used) == ("generator", ())
    assert reasons(found) == dict.fromkeys((1.0, 2.0, 4.0), "limited by users' pauses at 0.99")
    users = operational.users_to_saturate(4, 0.00222, 1.5)
    assert found.reason == (
        "every level was limited by users' pauses: N/(R₀ + Z) = 33.2 requests/s, 32.9 to 33.1 measured; "
        f"at least {users:,} users would be needed to saturate 4 workers of the generator"
    )
    assert f"{users:,}" == "2,707"


def test_the_users_needed_are_by_the_demand_of_the_party() -> None:
    levels = [thinking(n) for n in (1, 2, 4)]
    assert "at least 6,004 users would be needed to saturate 4 workers of the server" in str(
        find_grounds("server.workers", levels).reason
    )
    assert "at least 1,501 users would be needed to saturate each worker of the server" in str(
        find_grounds("server.threads", levels).reason
    )
    levels[-1] = replace(levels[-1], server_demand_s=None)
    assert "at least 6,004 users" in str(find_grounds("server.workers", levels).reason), "by the next level's demand"
    unknown = [replace(facts, server_demand_s=None) for facts in levels]
    assert str(find_grounds("server.workers", unknown).reason).endswith(
        "how many users would saturate the server is unknown without its CPU seconds per request"
    )


def test_users_that_were_there_are_not_called_enough() -> None:
    """Whose cycle is all network: by the server's CPU alone eight would do, but fifty did not."""
    levels = [replace(thinking(n), think_s=0.0, unloaded_response_s=1.5) for n in (1, 2, 4)]
    assert "more than 50 users would be needed" in str(find_grounds("server.workers", levels).reason)


def test_think_time_without_the_unloaded_response() -> None:
    levels = [thinking(1), replace(thinking(2), unloaded_response_s=None)]
    assert "N/Z = 33.3 requests/s, 32.9 to 33.1 measured" in str(find_grounds("load.workers", levels).reason)
    eager = replace(thinking(1), think_s=0.0, unloaded_response_s=None)
    assert str(find_grounds("load.workers", [eager]).reason).startswith("every level was limited by users' pauses; ")


def test_a_shared_host_is_told_by_its_capacity() -> None:
    """The default suite's sweep on two cores: one worker has CPU left, the rest share it with the generator."""
    levels = [
        level(1, 2400, 3, shared_host=0.7),
        replace(level(2, verdict="the whole machine's CPU", shared_host=0.97), throughput=(3490.0, 3490.0, 3496.0)),
        replace(level(4, verdict="the whole machine's CPU", shared_host=0.98), throughput=(3300.0, 3300.0, 3300.0)),
    ]
    assert find_grounds("server.workers", levels).reason == (
        "1 of 3 levels can be used, 3 are needed; "
        "levels 2 and 4 were limited by the whole machine's CPU: its capacity X/u = 3,367 to 3,600 requests/s, "
        "3,300 to 3,496 measured; "
        "CPUs of their own are needed for server and generator: two machines, or one with more CPUs"
    )


def test_what_had_no_slack_is_not_said_to_have_limited() -> None:
    reason = str(find_grounds("server.workers", [level(1, 100, 3, network=0.8)]).reason)
    assert reason.startswith(
        "every level may have been limited by the network: its capacity X/u = 125 requests/s, 100 measured"
    )
    assert reason.endswith("a faster link is needed")
    half = [level(1, network=0.8), level(2, verdict="the network", network=0.95)]
    assert str(find_grounds("server.workers", half).reason).startswith(
        "every level may have been limited by the network"
    )


@pytest.mark.parametrize(
    ("throughput", "text"),
    [(0.012345, "0.0123"), (1.5, "1.50"), (33.0, "33.0"), (99.99, "100"), (999.9, "1,000"), (12345.6, "12,346")],
)
def test_figures_have_three_digits(throughput: float, text: str) -> None:
    assert f", {text} measured" in str(find_grounds("load.workers", [thinking(1, (throughput,) * 3)]).reason)


def test_each_ceiling_is_told_with_its_levels() -> None:
    levels = [thinking(1), level(2, verdict="too many failures"), *(generating(n, shared_host=0.6) for n in (4, 8, 16))]
    reason = str(find_grounds("server.workers", levels).reason)
    for clause in (
        "level 1 was limited by users' pauses: N/(R₀ + Z)",
        "levels 4, 8 and 16 were limited by Locust's CPU: its capacity X/u",
        "level 2: too many failures",
        "a generator with CPU left is needed",
        "to saturate 16 workers of the server",
    ):
        assert clause in reason
    hidden = replace(level(1, verdict="the network"), utilisations={})
    assert reasons(find_grounds("server.workers", [hidden])) == {1: "limited by the network"}


def test_too_few_levels() -> None:
    for levels, count in (([], "0 of 0 levels"), ([level(1)], "1 of 1 level"), ([level(1), level(2)], "2 of 2 levels")):
        found = find_grounds("server.workers", levels)
        assert found.reason == f"{count} can be used, 3 are needed"
        assert found.indicative
    assert find_grounds("server.workers", [level(1), level(1), level(2)]).reason is not None, "two levels, one twice"


@pytest.mark.parametrize("vary", ["load.users", "server.albums", "load.think_time"])
def test_a_factor_that_is_no_capacity_has_no_law(vary: str) -> None:
    found = find_grounds(vary, [level(n) for n in (1, 2, 3, 4)])
    assert (found.party, found.used, found.left_out) == (None, (), ())
    assert str(found.reason).startswith(f"no scaling law is about {vary}: ")
    assert ("asymptotes" in str(found.reason)) == (vary == "load.users")


# A fit that was made and is withdrawn.


def test_a_law_that_the_repeats_contradict_is_withdrawn() -> None:
    rng = np.random.default_rng(5)
    n = np.repeat([1.0, 2.0, 4.0, 8.0, 16.0], 3)
    x = [usl(k, 100, 0.1, 0.01) * math.exp(rng.normal(0, 0.03)) for k in n]
    fit: Fit = fit_amdahl(n.tolist(), x)
    assert fit.lack_of_fit_p is not None
    reason = withdrawn(fit)
    assert reason is not None
    assert reason.startswith("withdrawn for lack of fit: the amdahl law misses throughput by up to ")
    assert reason.endswith(f"repeats scatter by 3 % (p = {fit.lack_of_fit_p:.1g})")
    good = fit_law("usl", fit.runs)
    assert withdrawn(good) is None
    assert withdrawn(replace(good, lack_of_fit_p=0.01)) is None
    assert withdrawn(replace(good, lack_of_fit_p=0.0099)) is not None
    assert withdrawn(replace(good, lack_of_fit_p=None)) is None
    assert withdrawn(replace(fit, lack_of_fit_p=None)) is not None, "it misses single runs too"


# What must hold for all sweeps.


@st.composite
def levels_of(draw: st.DrawFn, vary: str) -> LevelFacts:
    """Draw a level: half of them can be used."""
    usable, own = draw(st.booleans()), OWN[vary]
    shares = {name: draw(st.floats(0, 0.74 if usable and name not in own else 1.2)) for name in NAMES}
    missing = set() if usable else draw(st.sets(st.sampled_from(NAMES)))
    runs = st.lists(st.floats(1, 1e5), min_size=3) if usable else st.lists(st.floats(0, 1e5), max_size=6)
    return LevelFacts(
        value=float(draw(st.integers(1, 8))),
        experiment="any",
        throughput=tuple(draw(runs)),
        verdict=Verdict(draw(st.sampled_from(sorted(own) if usable else VERDICTS))),
        utilisations={Verdict(name): share for name, share in shares.items() if name not in missing},
        users=draw(st.floats(1, 1e4)),
        think_s=draw(st.floats(0, 10)),
        unloaded_response_s=draw(st.none() | st.floats(0, 10)),
        server_demand_s=draw(st.none() | st.floats(1e-6, 1)),
        generator_demand_s=draw(st.none() | st.floats(1e-6, 1)),
    )


factors = st.sampled_from(sorted(OWN))
sweeps = factors.flatmap(lambda vary: st.tuples(st.just(vary), st.lists(levels_of(vary), max_size=6)))


@given(sweeps)
def test_every_level_is_used_or_left_out_with_a_reason(sweep: tuple[str, list[LevelFacts]]) -> None:
    vary, levels = sweep
    found = find_grounds(vary, levels)
    kept = [*found.used, *(facts for facts, _ in found.left_out)]
    assert sorted(map(id, kept)) == sorted(map(id, levels))
    assert all(why for _, why in found.left_out)
    assert (found.reason is None) == (len({facts.value for facts in found.used}) >= 3)
    assert found.reason != ""


@given(sweeps, st.data())
def test_more_of_another_party_never_gives_grounds(sweep: tuple[str, list[LevelFacts]], data: st.DataObject) -> None:
    vary, levels = sweep
    before = find_grounds(vary, levels)
    others = st.sampled_from([name for name in NAMES if name not in OWN[vary]])
    raised = []
    for facts in levels:
        more = {name: data.draw(st.floats(0, 1)) for name in data.draw(st.sets(others))}
        higher = {name: share + more.get(name, 0.0) for name, share in facts.utilisations.items()}
        raised.append(replace(facts, utilisations=higher))
    after = find_grounds(vary, raised)
    assert {facts.value for facts in after.used} <= {facts.value for facts in before.used}
    assert before.reason is None or after.reason is not None


@given(factors, st.lists(st.integers(1, 64), min_size=3, max_size=6, unique=True), st.floats(0.9, 1.2), st.data())
def test_flat_data_of_think_time_never_have_grounds(
    vary: str, ns: list[int], share: float, data: st.DataObject
) -> None:
    """Whatever the verdict says: users who wait of their own will hide any capacity."""
    verdicts = st.sampled_from(["users' pauses", "several limits", "no clear limit", "server's CPU", "Locust's CPU"])
    flat = [thinking(float(n), (33.0, 33.0, 33.0)) for n in ns]
    levels = [
        replace(with_share(facts, "users' pauses", share), verdict=Verdict(data.draw(verdicts))) for facts in flat
    ]
    found = find_grounds(vary, levels)
    assert found.used == ()
    assert "33.0 measured" in str(found.reason)
