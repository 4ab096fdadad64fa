"""The verdict: each rule by an example, and what must hold for all signals."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from loadstone.analyse.bottleneck import judge
from loadstone.analyse.rules.soundness import failure_bound
from loadstone.results.signal_groups import GROUPED, TELLING
from loadstone.results.signals import Signals
from loadstone.suite.thresholds import Thresholds
from loadstone.suite.verdict import SERVER_VERDICTS
from tests.support.commandline import loadstone

# 50 users who wait 1.5 s on average: think time, on a machine that is bored
IDLE: dict[str, Any] = {
    "users": 50.0, "throughput": 33.2, "response_s": 0.005, "think_s": 1.5, "unloaded_response_s": 0.004,
    "failures": 0.0, "requests": 2000.0, "server_workers": 1, "server_threads": 4, "server_cores": 2.0,
    "server_cpu": 0.02, "server_seconds": 0.0005, "generator_cpu": [0.05, 0.06], "generator_ceiling": 2000.0,
    "host_busy": 0.1, "host_steal": 0.0, "bytes_per_s": 1e4, "link_bytes_per_s": 1e8, "steady": True,
}  # fmt: skip
# 50 users who never wait, 1 000 requests/s, nothing at its limit
EAGER = IDLE | {
    "throughput": 1000.0, "response_s": 0.05, "think_s": 0.0, "unloaded_response_s": 0.001, "server_cpu": 0.5,
    "requests": 20_000.0, "generator_cpu": [0.5], "host_busy": 0.5,
}  # fmt: skip
SERVER = set(SERVER_VERDICTS)


def verdict(base: dict[str, Any], **changes: object) -> str:
    return judge(Signals(**(base | changes))).verdict


def test_each_rule() -> None:
    assert verdict(IDLE) == "users' pauses"
    assert verdict(EAGER) == "no clear limit"
    assert verdict(EAGER, generator_cpu=[0.3, 0.95]) == "Locust's CPU"
    assert verdict(EAGER, generator_ceiling=1100.0, generator_cpu=[0.8]) == "Locust's CPU"
    assert verdict(EAGER, behind_schedule=True) == "no clear limit", "late requests are a symptom"
    assert verdict(EAGER, server_cpu=0.95) == "server's CPU"
    assert verdict(EAGER, host_busy=0.95) == "the whole machine's CPU"
    assert verdict(EAGER, server_cpu=0.95, host_steal=0.2, host_busy=0.75) == "the whole machine's CPU"
    assert verdict(EAGER, server_seconds=0.0038) == "all server threads busy"
    assert verdict(EAGER, bytes_per_s=0.9e8) == "the network"
    assert verdict(EAGER, failures=400.0) == "too many failures"
    assert verdict(EAGER, throughput=900.0) == "invalid figures"
    assert verdict(EAGER, steady=False) == "invalid figures"


def test_several_limits_name_both() -> None:
    found = judge(Signals(**(EAGER | {"server_cpu": 0.95, "bytes_per_s": 0.9e8})))
    assert (found.verdict, found.parties, found.also) == (
        "several limits",
        ("server's CPU", "the network"),
        "the network",
    )
    found = judge(Signals(**(IDLE | {"generator_cpu": [0.95]})))
    assert found.parties == ("Locust's CPU", "users' pauses")


def test_waiting_for_a_cpu_fills_slots_but_is_the_host() -> None:
    assert verdict(EAGER, server_seconds=0.0038, host_busy=0.97) == "the whole machine's CPU"


def test_errors_and_invalid_end_the_matter() -> None:
    assert verdict(EAGER, failures=400.0, server_cpu=0.95, steady=False) == "too many failures"
    assert verdict(EAGER, server_cpu=0.95, steady=False) == "invalid figures"


def test_cycles_cut_off_at_the_ends_do_not_make_a_short_run_invalid() -> None:
    """One user, seven requests where 6.3 are expected."""
    one = IDLE | {"users": 1.0, "throughput": 0.74, "requests": 7.0}
    assert Signals(**one).consistency > 1.03
    assert judge(Signals(**one)).verdict == "users' pauses"
    assert judge(Signals(**(one | {"requests": 700.0}))).verdict == "invalid figures"


def test_the_edges_of_a_window_count_with_the_root_of_the_users() -> None:
    """50 users may be off by 14 requests, whatever the share: 20 requests too few of 100 are too many, 12 are not."""
    short = IDLE | {"requests": 112.0, "throughput": 33.2 * 1.12}
    assert judge(Signals(**short)).verdict == "users' pauses"
    assert judge(Signals(**(short | {"requests": 220.0}))).verdict == "invalid figures"


def test_as_many_requests_as_the_edges_may_hide_are_sound() -> None:
    """Four users may be off by 2·√4 requests: by half of eight, or by as many as four again."""
    twice = IDLE | {"users": 4.0, "think_s": 1.0, "response_s": 1.0, "throughput": 4.0, "requests": 8.0}
    assert Signals(**twice).consistency == 2
    assert verdict(twice) != "invalid figures"
    assert verdict(twice, requests=8.01) == "invalid figures"
    half = twice | {"throughput": 1.0, "requests": 4.0}
    assert Signals(**half).consistency == 0.5
    assert verdict(half) != "invalid figures"
    assert verdict(half, requests=4.01) == "invalid figures"


def test_edges_explain_nothing_of_a_run_whose_requests_were_not_counted_or_none() -> None:
    assert verdict(EAGER, throughput=900.0, requests=None) == "invalid figures"
    assert verdict(EAGER, throughput=0.0) == "invalid figures"


@pytest.mark.parametrize(
    ("signal", "value", "expected"),
    [
        ("generator_cpu", [0.9], "Locust's CPU"),
        ("server_cpu", 0.9, "server's CPU"),
        ("host_busy", 0.9, "the whole machine's CPU"),
        ("bytes_per_s", 0.85e8, "the network"),
    ],
)
def test_a_limit_counts_once_it_is_reached(signal: str, value: object, expected: str) -> None:
    assert verdict(EAGER, **{signal: value}) == expected


def test_think_time_from_its_limit_on() -> None:
    at_limit = IDLE | {
        "throughput": 30.0,
        "think_s": 1.496,
        "unloaded_response_s": 0.004,
        "response_s": 50 / 30 - 1.496,
    }
    assert Signals(**at_limit).think == pytest.approx(0.9)
    assert verdict(at_limit | {"think_s": 1.4961, "response_s": 50 / 30 - 1.4961}) == "users' pauses"
    assert verdict(at_limit | {"think_s": 1.49, "response_s": 50 / 30 - 1.49}) == "no clear limit"


def test_think_time_at_its_limit_binds_alone_or_beside_another() -> None:
    """Ten users who wait 0.75 s could send 10 requests/s at R₀ = 0.25 s; they send 9."""
    at_limit = IDLE | {
        "users": 10.0, "throughput": 9.0, "think_s": 0.75, "unloaded_response_s": 0.25, "response_s": 0.35,
    }  # fmt: skip
    assert Signals(**at_limit).think == 0.9
    assert judge(Signals(**at_limit)).parties == ("users' pauses",)
    assert judge(Signals(**(at_limit | {"bytes_per_s": 0.9e8}))).parties == ("the network", "users' pauses")
    below = at_limit | {"throughput": 8.99, "bytes_per_s": 0.9e8}
    assert judge(Signals(**below)).parties == ("the network",)


def test_open_load_with_slack_is_limited_by_its_rate() -> None:
    """Users wait for arrivals, not of their own will."""
    assert verdict(IDLE, arrival_rate=33.2) == "arrival rate"
    assert judge(Signals(**(IDLE | {"arrival_rate": 33.2, "host_busy": 0.8}))).remark == "near the knee"
    late = judge(Signals(**(IDLE | {"arrival_rate": 33.2, "behind_schedule": True})))
    assert late.parties == ("arrival rate",), "late now and then, but carried"


def test_runner_up_is_the_nearest_to_its_own_limit() -> None:
    close = EAGER | {"server_cpu": 0.8, "bytes_per_s": 0.78e8, "generator_cpu": [0.5]}
    assert str(judge(Signals(**close)).runner_up).startswith("the network (u_link = 0.78")
    assert "server's CPU" in str(judge(Signals(**(close | {"bytes_per_s": 0.7e8}))).runner_up)


def test_remarks_of_what_can_not_be_used() -> None:
    assert judge(Signals(**(EAGER | {"steady": False}))).remark == "the run never settled"
    assert judge(Signals(**(EAGER | {"throughput": 900.0}))).remark == "X·(R+Z)/N = 0.9"


def test_one_user_who_never_waits_is_no_thinker_but_one_too_few() -> None:
    alone = EAGER | {"users": 1.0, "throughput": 500.0, "response_s": 0.002, "unloaded_response_s": 0.002}
    found = judge(Signals(**(alone | {"generator_cpu": [0.3], "server_cpu": 0.3, "host_busy": 0.3})))
    assert found.verdict == "too few users"
    assert "More users would raise throughput." in found.sentence
    assert found.probe.startswith("raise load.users, for example to 2")


def test_remarks() -> None:
    assert judge(Signals(**IDLE)).remark is None
    assert judge(Signals(**(IDLE | {"host_busy": 0.8}))).remark == "near the knee"
    assert "unobserved resource" in str(judge(Signals(**EAGER)).remark)
    assert "unobserved resource" in str(judge(Signals(**(EAGER | {"unloaded_response_s": 0.025}))).remark), "just twice"
    assert judge(Signals(**(EAGER | {"unloaded_response_s": 0.026}))).remark is None


def test_resources_without_slack_are_named_where_none_is_the_limit() -> None:
    near = EAGER | {"server_cpu": 0.75, "bytes_per_s": 0.8e8}
    assert judge(Signals(**near)).remark == "nearly full: server's CPU (u_server = 0.75), the network (u_link = 0.8)"
    assert "unobserved resource" in str(judge(Signals(**(EAGER | {"server_cpu": 0.74}))).remark)
    assert judge(Signals(**(near | {"steady": False}))).remark == "the run never settled"


def test_users_who_wait_are_no_resource() -> None:
    waiting = IDLE | {"throughput": 27.0, "response_s": 50 / 27 - 1.5}
    assert Signals(**waiting).think == pytest.approx(0.81, abs=0.005)
    assert "unobserved resource" in str(judge(Signals(**waiting)).remark)


def test_server_is_accused_with_slack_elsewhere_and_no_less() -> None:
    full = {"server_seconds": 0.0038}
    assert verdict(EAGER, **full, server_cpu=0.749) == "all server threads busy"
    assert verdict(EAGER, **full, server_cpu=0.75) == "no clear limit"
    assert verdict(EAGER, **full, host_busy=0.899) == "all server threads busy"
    assert verdict(EAGER, **full, host_busy=0.9) == "the whole machine's CPU"
    assert verdict(EAGER, server_cpu=0.95, host_steal=0.049) == "server's CPU"
    assert verdict(EAGER, server_cpu=0.95, host_steal=0.05) == "no clear limit"


def test_workers_beyond_the_cores_add_no_cpu() -> None:
    assert Signals(**(EAGER | {"server_workers": 8, "server_cores": 2.0, "server_cpu": 1.9})).server == 0.95


def test_failures_by_chance_are_no_errors() -> None:
    """1 failure of 20 is a share of 5 %, but may well be a rate of 0.3 %."""
    assert failure_bound(1, 20) == pytest.approx(0.00256, abs=1e-4)
    assert verdict(EAGER, failures=1.0, requests=20.0) != "too many failures"


def test_no_failures_and_no_requests_bound_nothing() -> None:
    assert failure_bound(0, 20) == 0
    assert failure_bound(1, 0) == 0
    assert failure_bound(0, 0) == 0


def test_failures_end_the_matter_above_their_limit() -> None:
    signals = Signals(**(EAGER | {"failures": 3.0, "requests": 100.0}))
    bound = failure_bound(3, 100)
    assert judge(signals, Thresholds(most_failures=bound)).verdict != "too many failures"
    assert judge(signals, Thresholds(most_failures=bound - 1e-6)).verdict == "too many failures"


@pytest.mark.parametrize(("failures", "requests"), [(None, 100.0), (3.0, None), (3.0, 0.0), (None, None)])
def test_failures_are_evidence_where_both_numbers_are_known(failures: float | None, requests: float | None) -> None:
    def evidence(**changes: float | None) -> dict[str, float]:
        found = judge(Signals(**(EAGER | {"steady": False} | changes)))
        return {e.signal: e.value for e in found.evidence}

    assert "failures" not in evidence(failures=failures, requests=requests)
    assert evidence(failures=3.0, requests=100.0)["failures"] == failure_bound(3, 100)


shares = st.sampled_from((0.0, 0.74, 0.76, 0.84, 0.86, 0.89, 0.91, 1.0)) | st.floats(0, 1.2)
"""The rules draw their lines at 0.75, 0.85 and 0.9: figures on both sides of each come up often."""
steals = st.sampled_from((0.0, 0.04, 0.06, 0.2)) | st.floats(0, 0.3)


@st.composite
def signals(draw: st.DrawFn) -> dict[str, Any]:
    """Draw signals of a run that is neither invalid nor full of errors."""
    users = draw(st.floats(1, 1000))
    think, response = draw(st.floats(0, 3)), draw(st.floats(1e-4, 2))
    throughput = users / (think + response)
    workers, threads, cores = draw(st.integers(1, 8)), draw(st.integers(1, 8)), float(draw(st.integers(1, 8)))
    host, steal = min(1.0, draw(shares)), draw(steals)
    return {
        "users": users,
        "throughput": throughput,
        "response_s": response,
        "think_s": think,
        "unloaded_response_s": draw(st.floats(0, 1)) * response,
        "failures": 0.0,
        "requests": 1000.0,
        "server_workers": workers,
        "server_threads": threads,
        "server_cores": cores,
        "server_cpu": draw(shares) * min(workers, cores),
        "server_seconds": draw(shares) * workers * threads / throughput,
        "generator_cpu": draw(st.lists(shares, min_size=1, max_size=4)),
        "generator_ceiling": throughput / max(0.01, draw(shares)),
        "host_busy": max(0.0, host - steal),
        "host_steal": steal,
        "bytes_per_s": draw(shares) * 1e6,
        "link_bytes_per_s": 1e6,
        "steady": True,
    }


OPTIONAL = sorted(set(Signals.model_fields) - GROUPED - {"users", "throughput", "response_s", "think_s"})
# all slots are taken, and CPUs that the hypervisor took leave none for the server
STOLEN = EAGER | {"server_seconds": 0.0038, "host_busy": 0.8, "host_steal": 0.1}


def is_accused_without(full: dict[str, Any], dropped: set[str]) -> bool:
    """Whether the server becomes a candidate only once some signals are left out."""
    partly = {key: value for key, value in full.items() if key not in dropped}
    server = SERVER & set(judge(Signals(**partly)).parties)
    return bool(server and not SERVER & set(judge(Signals(**full)).parties))


@example(STOLEN, {"host_steal"})
@given(signals(), st.sets(st.sampled_from(OPTIONAL)))
def test_missing_signal_never_accuses_the_server(full: dict[str, Any], dropped: set[str]) -> None:
    assert not is_accused_without(full, dropped)


@pytest.mark.parametrize("name", OPTIONAL)
def test_no_single_signal_missing_accuses_the_server(name: str) -> None:
    """Every utilisation on both sides of the limits that the rules compare it with, in every combination."""
    sides: dict[str, tuple[object, ...]] = {
        "server_cpu": (0.5, 0.8, 0.95), "server_seconds": (0.002, 0.0038), "host_busy": (0.5, 0.85, 0.95),
        "host_steal": (0.0, 0.06), "generator_cpu": ([0.5], [0.95]), "bytes_per_s": (1e4, 0.9e8),
        "behind_schedule": (False, True), "unloaded_response_s": (0.001, 0.048),
    }  # fmt: skip
    for values in itertools.product(*sides.values()):
        full = EAGER | dict(zip(sides, values, strict=True))
        assert not is_accused_without(full, {name}), full


def test_busy_without_steal_can_name_the_host_but_not_rule_it_out() -> None:
    unknown = STOLEN | {"host_steal": None}
    assert verdict(STOLEN) == "the whole machine's CPU"
    assert verdict(unknown) == "no clear limit"
    assert verdict(unknown, host_busy=0.9) == "the whole machine's CPU"
    assert verdict(IDLE | {"host_steal": None}) == "users' pauses"
    assert verdict(IDLE | {"host_steal": None, "host_busy": 0.9}) == "several limits"


def test_evidence_states_that_steal_is_unknown() -> None:
    def host(**changes: float | None) -> tuple[float, str]:
        [found] = [e for e in judge(Signals(**(STOLEN | changes))).evidence if e.signal == "u_host"]
        return found.value, found.meaning

    assert host() == (pytest.approx(0.9), "share of all CPUs that was busy or stolen")
    assert host(host_steal=None) == (0.8, "share of all CPUs that was busy; the share stolen is unknown")


@given(signals(), st.booleans(), st.floats(0, 8))
def test_more_server_cpu_never_turns_a_server_verdict_into_think_time(
    full: dict[str, Any], slots: bool, more: float
) -> None:
    workers, threads, cores = (full[f"server_{name}"] for name in ("workers", "threads", "cores"))
    full |= {"server_seconds": workers * threads / full["throughput"]} if slots else {"server_cpu": min(workers, cores)}
    assume(SERVER & set(judge(Signals(**full)).parties))
    after = judge(Signals(**(full | {"server_cpu": full["server_cpu"] + more})))
    assert after.verdict != "users' pauses"


@given(signals())
def test_verdict_names_its_evidence(full: dict[str, Any]) -> None:
    found = judge(Signals(**full))
    by_signal = {evidence.signal: evidence for evidence in found.evidence}
    for party, names in (
        ("Locust's CPU", ("u_gen", "X/ceiling")),
        ("server's CPU", ("u_server",)),
        ("the network", ("u_link",)),
    ):
        if party in found.parties:
            assert any(by_signal[name].value >= by_signal[name].limit for name in names)
    assert set(found.missing) == TELLING


@given(signals())
def test_identity_names_nobody(full: dict[str, Any]) -> None:
    """X·(R + Z)/N is 1 in every one of these runs, whatever the verdict."""
    assert Signals(**full).consistency == pytest.approx(1)


def test_command(tmp_path: Path) -> None:
    path = tmp_path / "signals.json"
    path.write_text(json.dumps(EAGER | {"server_cpu": 0.95}), encoding="utf-8")
    found = json.loads(loadstone("verdict", path).stdout)
    assert found["verdict"] == "server's CPU"
    assert {"verdict", "also", "evidence", "runner_up", "missing"} <= set(found)


def test_command_with_the_four_signals_that_are_needed(tmp_path: Path) -> None:
    path = tmp_path / "signals.json"
    path.write_text('{"users": 50, "throughput": 33, "response_s": 0.005, "think_s": 1.5}', encoding="utf-8")
    found = json.loads(loadstone("verdict", path).stdout)
    assert found["verdict"] == "users' pauses"
    assert "server_cpu" in found["missing"]


@pytest.mark.parametrize("text", ["", "[]", '{"users": 1}', '{"users": 0, "throughput": 1}', '{"foo": 1}'])
def test_wrong_signals_are_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "signals.json"
    path.write_text(text, encoding="utf-8")
    answer = loadstone("verdict", path)
    assert answer.returncode == 2
    assert answer.stderr.startswith(f"loadstone: {path}: ")


PARALLEL = {"overlapping": 0.3, "think_s": None}


@pytest.mark.parametrize("unknown", [PARALLEL, {"unattributed": 0.02, "think_s": None}])
def test_without_a_think_time_it_is_never_the_verdict(unknown: dict[str, Any]) -> None:
    """And X·(R+Z)/N, which cannot be computed, makes no run invalid."""
    found = judge(Signals(**(IDLE | unknown)))
    assert found.verdict == "no clear limit"
    assert not {"u_think", "X·(R+Z)/N"} & {each.signal for each in found.evidence}
    assert "think_s" in found.missing
    assert "their think time is unknown" in str(found.remark)
    assert "users' pauses" not in found.probe
    assert verdict(IDLE | unknown, arrival_rate=33.0) == "no clear limit"
    assert verdict(IDLE | unknown, server_cpu=0.95) == "server's CPU", "what is known is judged"
    assert verdict(IDLE | unknown, throughput=900.0) == "no clear limit", "30 times what one request at a time allows"
    assert verdict(IDLE | unknown, failures=400.0) == "too many failures"
    assert verdict(IDLE | unknown, steady=False) == "invalid figures"


def test_parallel_requests_are_evidence_with_their_share() -> None:
    found = judge(Signals(**(EAGER | PARALLEL)))
    [share] = [each for each in found.evidence if each.signal == "overlapping"]
    assert (share.value, share.limit) == (0.3, 0.01)
    assert str(found.remark).endswith("users send requests in parallel, so their think time is unknown")
    few = judge(Signals(**(EAGER | {"overlapping": 0.01})))
    assert few == judge(Signals(**EAGER)), "up to 1 % count for nothing"


def test_signals_of_a_run_without_them_have_no_new_keys() -> None:
    assert json.loads(Signals(**IDLE).model_dump_json()).keys() == {
        *IDLE, "arrival_rate", "behind_schedule", "host_run_queue",
    }  # fmt: skip
