"""Verdicts on servers whose processes, threads and connections were sampled: each cause, what clears it, its words."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.analyse.bottleneck import judge
from loadstone.results.signals import Signals
from loadstone.results.threads import ThreadState
from loadstone.results.verdicts import Judgement, Place
from loadstone.suite.verdict import SERVER_VERDICTS

# 50 users who never wait, 200 requests/s, CPUs nearly idle, on a quiet machine of two
QUIET: dict[str, Any] = {
    "users": 50.0, "throughput": 200.0, "response_s": 0.25, "think_s": 0.0, "unloaded_response_s": 0.005,
    "failures": 0.0, "requests": 1600.0, "cores": 2, "server_cpu": 0.05, "generator_cpu": [0.1], "host_busy": 0.2,
    "host_steal": 0.0, "other_cpus": 0.05, "other_cpus_peak": 0.1, "steady": True, "bytes_per_s": 1e4,
    "server_processes": 1, "busiest_process": 0.05, "busiest_thread": 0.01, "busiest_waited": 0.01,
    "generator_waited": 0.01, "connections": 50.0, "not_accepted": 0.0, "unread": 0.0, "inside": 50.0, "unsent": 0.0,
    "downstream_connections": 0.0, "downstream_waiting": 0.0, "iowait": 0.0, "io_stalled": 0.0,
    "listen_overflows": 0.0, "syn_retransmits": 0.0, "gap_share": 0.0, "gaps": 0, "evenness": 0.1, "goodput": 200.0,
    "goodput_evenness": 0.1, "refused": 0.0, "users_served": 50, "fairness": 1.0, "slow_users": 0,
}  # fmt: skip


def states(**numbers: float) -> dict[str, Any]:
    """Threads by state, and how many of them proceed."""
    by_state = {ThreadState(name): number for name, number in numbers.items()}
    proceeds = (ThreadState.RUNNING, ThreadState.DISK, ThreadState.SLEEP, ThreadState.DOWNSTREAM)
    return {"thread_states": by_state, "proceeding": sum(by_state.get(state, 0.0) for state in proceeds)}


LOCK = QUIET | states(lock=49, sleep=1, accept=1)
POOL = QUIET | {"throughput": 100.0, "response_s": 0.5, "unloaded_response_s": 0.02} | states(lock=14, sleep=2)
POOL |= {"unread": 34.0, "inside": 16.0}
SLOTS = POOL | states(sleep=2, accept=1) | {"unread": 48.0, "inside": 2.0}
LOOP = QUIET | states(events=1)
LIMITER = QUIET | {"throughput": 100.0, "response_s": 0.5, "unloaded_response_s": 0.002} | states(sleep=49)
FEW = QUIET | {"users": 4.0, "throughput": 79.0, "response_s": 4 / 79, "unloaded_response_s": 0.05, "users_served": 4}
DOWNSTREAM = FEW | states(downstream=3.9, lock=3) | {"downstream_waiting": 3.9}
DISK = QUIET | states(disk=8, lock=1) | {"unread": 42.0, "iowait": 0.85, "io_stalled": 0.9, "unloaded_response_s": 0.03}
UNSERVED = QUIET | states(sleep=1) | {"response_s": 0.005, "not_accepted": 49.0, "users_served": 1}
OVERFLOW = QUIET | states(sleep=1) | {"listen_overflows": 30.0, "syn_retransmits": 30.0, "not_accepted": 2.0}
SLOW_USERS = QUIET | {"slow_users": 5, "slow_ratio": 5.0, "unloaded_response_s": 0.15} | states(sleep=48)
PAUSES = QUIET | {"gap_share": 0.14, "gaps": 4, "gap_period_s": 2.0, "gap_spread": 0.05, "busiest_process": 0.7}
REFUSED = QUIET | {"failures": 800.0, "refused": 800.0, "goodput": 100.0}
ONE_OF_TWO = QUIET | {
    "throughput": 1000.0, "response_s": 0.05, "unloaded_response_s": 0.001, "server_processes": 2,
    "busiest_process": 0.98, "busiest_thread": 0.98, "fullest_share": 1.0, "server_cpu": 0.98, "server_workers": 2,
    "server_cores": 2.0,
}  # fmt: skip
UNSENT = QUIET | {"unsent": 45.0, "inside": 0.0} | states(client=45)
OVERLOAD = LOCK | {"arrival_rate": 400.0, "behind_schedule": True}
NEIGHBOUR = QUIET | {"other_cpus": 1.2, "busiest_waited": 0.4, "host_busy": 0.99} | states(lock=10, running=2)

CASES = {
    "a lock in the server": LOCK,
    "a pool in the server": POOL,
    "all server threads busy": SLOTS,
    "a rate limiter": LIMITER,
    "too few users": FEW | states(sleep=3.9),
    "a service behind the server": DOWNSTREAM,
    "the server's disk": DISK,
    "the server's accept queue": UNSERVED,
    "uneven connections": SLOW_USERS,
    "pauses of the server": PAUSES,
    "the network": UNSENT,
    "other programs on the machine": NEIGHBOUR,
}


def judged(base: dict[str, Any], **changes: object) -> Judgement:
    return judge(Signals(**(base | changes)))


@pytest.mark.parametrize("name", CASES)
def test_each_cause_is_named_with_its_figures(name: str) -> None:
    found = judged(CASES[name])
    assert found.verdict == name, found.sentence
    assert any(character.isdigit() for character in found.sentence)
    assert found.probe


def test_lock_and_pool_state_how_many_proceed() -> None:
    lock, pool = judged(LOCK, proceeding_low=0.9, proceeding_high=1.2), judged(POOL)
    assert (lock.proceeding.value, lock.proceeding.low, lock.proceeding.high) == (1.0, 0.9, 1.2)  # type: ignore[union-attr]
    assert pool.proceeding.value == 2.0  # type: ignore[union-attr]
    assert "About 2 requests proceed at a time" in pool.sentence
    assert "Those that proceed mostly sleep." in pool.sentence
    assert judged(SLOTS).proceeding.value == 2.0  # type: ignore[union-attr]


def test_an_event_loop_shows_a_lock_by_the_law_of_its_queue() -> None:
    assert judged(LOOP).verdict == "a lock in the server"
    assert judged(LOOP, unloaded_response_s=0.02).verdict == "a pool in the server"
    assert judged(LOOP, unloaded_response_s=0.02, downstream_waiting=45.0).verdict == "a service behind the server"


@pytest.mark.parametrize(
    "unknown",
    ["not_accepted", "unread", "busiest_process", "busiest_waited", "generator_cpu", "host_busy", "host_steal"],
)
@pytest.mark.parametrize("base", [LOCK, POOL, LOOP], ids=["lock", "pool", "loop"])
def test_nobody_is_held_up_by_a_lock_unless_all_else_is_known_to_be_free(base: dict[str, Any], unknown: str) -> None:
    assert judged(base, **{unknown: None}).verdict == "no clear limit"


def test_the_law_needs_a_run_without_gaps_and_threads_that_do_not_show_the_opposite() -> None:
    assert judged(LOOP, gap_share=0.3, gaps=9, gap_spread=0.8, gap_period_s=1.0).verdict == "no clear limit"
    assert judged(LOOP, dent=0.6).verdict == "no clear limit"
    asleep = judged(QUIET | states(sleep=49))
    assert asleep.verdict == "no clear limit", "all proceed, so that none waits for another"
    assert "Of 50 requests in progress, on average 49 asleep." in asleep.sentence


def test_idle_threads_of_a_pool_are_no_lock() -> None:
    """As many requests proceed as are in progress: the threads that wait have nothing to do."""
    idle = FEW | states(sleep=3.9, lock=12)
    assert judged(idle).verdict == "too few users"
    assert judged(idle, unloaded_response_s=None).verdict == "no clear limit"


def test_late_requests_accuse_nobody_and_the_lock_behind_them_is_named() -> None:
    found = judged(OVERLOAD)
    assert found.verdict == "a lock in the server"
    assert "the backlog grows by 200 requests per second" in found.sentence
    unseen = {"thread_states": None, "proceeding": None, "unread": None}
    assert judged(OVERLOAD, **unseen).verdict == "the server, or what it waits for"
    assert judged(OVERLOAD, **unseen, unloaded_response_s=None).verdict == "no clear limit"
    assert judged(OVERLOAD, **unseen, unloaded_response_s=0.24).verdict == "too few users", "all wait, none queues"
    assert judged(OVERLOAD, generator_cpu=[0.95], thread_states=None, proceeding=None).verdict == "Locust's CPU"


def test_an_open_load_above_the_capacity_can_not_settle() -> None:
    """20 requests/s at a server with four slots that take a second each: most are never answered in the window."""
    offered = SLOTS | states(sleep=4) | {
        "users": 200.0, "arrival_rate": 20.0, "throughput": 4.0, "requests": 32.0, "response_s": 5.0, "think_s": 0.1,
        "unloaded_response_s": 1.0, "unread": 16.0, "behind_schedule": False, "users_served": None, "steady": False,
    }  # fmt: skip
    found = judged(offered)
    assert found.verdict == "all server threads busy"
    assert "the backlog grows by 16.0 requests per second" in found.sentence
    by_chance = offered | {"throughput": 18.0, "requests": 144.0, "response_s": 1.0, "unread": 0.0}
    assert "backlog" not in judged(by_chance).sentence


def test_an_arrival_rate_that_is_carried_is_the_limit_whatever_waits_now_and_then() -> None:
    """A server that pauses: at times requests wait for a lock, but all that are due are answered."""
    carried = PAUSES | states(lock=3.8, sleep=0.4, running=0.02) | {
        "arrival_rate": 50.0, "throughput": 50.0, "requests": 400.0, "response_s": 0.064, "think_s": 0.9,
        "unloaded_response_s": 0.011, "behind_schedule": False, "users_served": None, "busiest_process": 0.05,
    }  # fmt: skip
    assert judged(carried).verdict == "arrival rate"
    assert judged(carried, proceeding=1.0).verdict == "arrival rate"


def test_refusals_with_even_goodput_are_a_limiter_and_other_failures_are_errors() -> None:
    assert judged(REFUSED).verdict == "a rate limiter"
    assert "50 % of the requests are refused; 100 per second get through" in judged(REFUSED).sentence
    assert judged(REFUSED, goodput_evenness=1.1).verdict == "too many failures"
    assert judged(REFUSED, refused=100.0).verdict == "too many failures"


def test_one_full_process_is_full_however_idle_the_other() -> None:
    found = judged(ONE_OF_TWO)
    assert (found.verdict, set(found.parties)) == ("uneven connections", {"uneven connections", "server's CPU"})
    assert "One of 2 server processes is full (98 % of a CPU)" in found.sentence
    assert judged(ONE_OF_TWO, fullest_share=0.5).verdict == "server's CPU"
    assert judged(ONE_OF_TWO, fullest_share=None).verdict == "server's CPU"


def test_threads_that_take_turns_fill_one_cpu() -> None:
    turns = QUIET | {"busiest_process": 0.98, "busiest_thread": 0.25, "server_cpu": 0.98} | states(running=1, lock=3)
    assert judged(turns).verdict == "server's CPU"
    assert "threads that take turns" in judged(turns).sentence
    assert judged(turns, host_busy=0.95).verdict == "server's CPU"
    side_by_side = turns | states(running=2.5)
    assert judged(side_by_side, host_busy=0.95).verdict == "the whole machine's CPU"


def test_pauses_need_a_rhythm_and_cpus_that_nobody_else_took() -> None:
    for change in (
        {"gap_spread": 0.9},
        {"gaps": 2},
        {"gap_share": 0.03},
        {"other_cpus": None},
        {"busiest_waited": 0.3},
    ):
        assert judged(PAUSES, **change).verdict != "pauses of the server", change
    turns = judged(PAUSES, gap_period_s=0.25)
    assert turns.verdict != "pauses of the server", "users who are answered all at once, every response time"


def test_users_who_wait_of_their_own_will_do_not_notice() -> None:
    waiting = {"think_s": 1.5, "users": 50.0, "throughput": 32.0, "response_s": 0.0625, "unloaded_response_s": 0.06}
    for base in (PAUSES, SLOW_USERS, DOWNSTREAM, NEIGHBOUR):
        found = judged(base, **waiting, users_served=50)
        assert found.verdict == "users' pauses", found.sentence


def test_a_response_time_that_drifts_does_not_matter_where_users_mostly_wait() -> None:
    waiting = QUIET | {"think_s": 1.5, "throughput": 33.0, "response_s": 50 / 33 - 1.5}
    assert judged(waiting, steady=False).verdict == "invalid figures"
    assert judged(waiting, steady=False, rate_steady=True).verdict == "users' pauses"
    assert judged(QUIET, steady=False, rate_steady=True).verdict == "invalid figures"


def test_a_server_that_works_on_nothing_while_connections_wait_accepts_too_slowly() -> None:
    waiting = QUIET | states(sleep=1) | {"not_accepted": 48.0, "unread": 1.0, "inside": 0.1}
    assert judged(waiting).verdict == "the server's accept queue"
    assert judged(waiting, inside=1.0, unread=0.0).verdict == "all server threads busy", (
        "it works on one after the other"
    )


def test_threads_that_are_woken_all_the_time_wait_a_little() -> None:
    """A tenth of a CPU among 12 threads of which 1.7 proceed slows a request down by 6 %."""
    woken = LOCK | states(lock=11.3, sleep=1.5, running=0.2) | {"unread": 8.0, "busiest_waited": 0.11}
    assert judged(woken, users=20.0, response_s=0.1, users_served=20).verdict == "a lock in the server"
    assert judged(woken, users=20.0, response_s=0.1, users_served=20, busiest_waited=0.2).verdict == "no clear limit"


def test_what_looks_invalid_is_explained() -> None:
    assert judged(UNSERVED).verdict == "the server's accept queue"
    assert judged(UNSERVED, not_accepted=0.0, unread=49.0).verdict == "uneven connections"
    assert judged(NEIGHBOUR, steady=False).verdict == "other programs on the machine"
    assert judged(PAUSES, steady=False).verdict == "pauses of the server"
    assert judged(UNSERVED, users_served=None).verdict == "invalid figures"


def test_dropped_connections_are_the_accept_queue_unless_the_server_is_full() -> None:
    assert judged(OVERFLOW).verdict == "the server's accept queue"
    full = judged(OVERFLOW, busiest_process=0.97, busiest_thread=0.97, server_cpu=0.97)
    assert full.verdict == "server's CPU"


def test_the_time_outside_the_application_is_evidence() -> None:
    [queued] = [each for each in judged(SLOTS, server_seconds=0.02).evidence if each.signal == "R−S"]
    assert (queued.value, queued.unit) == (pytest.approx(0.48), "s")
    assert not [each for each in judged(SLOTS).evidence if each.signal == "R−S"]


def test_the_sentence_grades_what_is_nearest() -> None:
    found = judged(QUIET, busiest_process=0.88, busiest_thread=0.88)
    assert found.verdict == "no clear limit"
    assert "Nearest to a limit: the server's busiest process, 88 % (nearly full)" in found.sentence
    assert "Responses take 50 times as long as without load" in found.sentence


def test_others_are_named_where_they_decided_nothing() -> None:
    assert "Other processes used 0.8 of 2 CPUs." in judged(LOCK, other_cpus=0.8).sentence
    assert "Can't tell: other processes used 1.2 of 2 CPUs" in judged(NEIGHBOUR).sentence


def test_a_generator_with_slack_is_not_at_its_ceiling() -> None:
    assert judged(QUIET, generator_ceiling=205.0).verdict == "no clear limit"
    assert judged(QUIET, generator_ceiling=205.0, generator_cpu=[0.8]).verdict == "Locust's CPU"


@pytest.mark.parametrize("base", CASES.values(), ids=CASES)
def test_places_share_out_the_requests_in_progress(base: dict[str, Any]) -> None:
    found = judged(base)
    assert sum(found.places.values()) == pytest.approx(Signals(**base).in_progress)
    assert all(number > 0 for number in found.places.values())


def test_idle_threads_of_a_pool_hold_no_request() -> None:
    idle = FEW | states(sleep=0.1, lock=12)
    assert judged(idle, inside=0.5).places == {
        Place.LOCK: pytest.approx(0.4),
        Place.SLEEPING: 0.1,
        Place.ELSEWHERE: 3.5,
    }
    assert Place.LOCK not in judged(idle, inside=None).places, "unknown is not all of them"


def test_places_of_a_pool() -> None:
    assert judged(POOL).places == {Place.UNREAD: 34.0, Place.LOCK: 14.0, Place.SLEEPING: 2.0}
    assert judged(UNSERVED).places[Place.NOT_ACCEPTED] == 49.0


CLEARERS = [
    *("server_cpu", "generator_cpu", "host_busy", "host_steal", "other_cpus", "busiest_process", "busiest_thread"),
    *("busiest_waited", "generator_waited", "not_accepted", "unread", "unsent", "downstream_waiting", "iowait"),
    *("unloaded_response_s", "thread_states", "users_served", "gap_share", "evenness", "goodput_evenness", "refused"),
]


@st.composite
def sampled_signals(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a case, and change what clears it or not."""
    base = dict(draw(st.sampled_from(list(CASES.values()))))
    for name, values in {
        "busiest_process": (0.05, 0.8, 0.95), "busiest_waited": (0.0, 0.3), "generator_cpu": ([0.1], [0.8], [0.95]),
        "host_busy": (0.2, 0.95), "other_cpus": (0.05, 1.2), "downstream_waiting": (0.0, 45.0), "unsent": (0.0, 45.0),
    }.items():  # fmt: skip
        if draw(st.booleans()):
            base[name] = draw(st.sampled_from(values))
    return base


@given(sampled_signals(), st.sets(st.sampled_from(CLEARERS), max_size=4))
def test_missing_signals_never_accuse_the_server(full: dict[str, Any], dropped: set[str]) -> None:
    without = judge(Signals(**{key: value for key, value in full.items() if key not in dropped}))
    if set(without.parties) & set(SERVER_VERDICTS):
        assert set(judge(Signals(**full)).parties) & set(SERVER_VERDICTS), (without.sentence, judge(Signals(**full)))
