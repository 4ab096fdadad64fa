"""What must hold for the verdict, whatever the signals."""

import itertools
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from loadstone.analyse.bottleneck import judge
from loadstone.results.signal_groups import GROUPED, TELLING
from loadstone.results.signals import Signals
from loadstone.suite.verdict import SERVER_VERDICTS
from tests.support.example_signals import EAGER, IDLE, signals, verdict

SERVER = set(SERVER_VERDICTS)


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
