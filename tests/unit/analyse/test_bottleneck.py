"""The verdict: each rule by an example."""

import pytest

from loadstone.analyse.bottleneck import judge
from loadstone.analyse.rules.soundness import failure_bound
from loadstone.results.signals import Signals
from loadstone.suite.thresholds import Thresholds
from tests.support.example_signals import EAGER, IDLE, verdict


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
