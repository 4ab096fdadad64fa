"""The names of verdicts, in sentences and as earlier versions wrote them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from loadstone.suite.load import load_suite
from loadstone.suite.verdict import EARLIER_NAMES, OPEN_VERDICTS, SERVER_VERDICTS, SET_BY_LOAD, Verdict, phrase_limits

WriteSuite = Callable[[str], Path]

AS_LIMIT = {
    Verdict.THINK_TIME: "limited by users' pauses",
    Verdict.TOO_FEW_USERS: "limited by too few users",
    Verdict.ARRIVAL_RATE: "limited by the arrival rate",
    Verdict.GENERATOR: "limited by Locust's CPU",
    Verdict.SERVER_CPU: "limited by the server's CPU",
    Verdict.SHARED_HOST: "limited by the whole machine's CPU",
    Verdict.NEIGHBOUR: "limited by other programs on the machine",
    Verdict.SERVER_CONCURRENCY: "limited by server threads (all busy)",
    Verdict.SERIAL_SECTION: "limited by a serial section in the server",
    Verdict.LOCK: "limited by a lock in the server",
    Verdict.POOL: "limited by a pool in the server",
    Verdict.DOWNSTREAM: "limited by a service behind the server",
    Verdict.DISK: "limited by the server's disk",
    Verdict.RATE_LIMITER: "limited by a rate limiter",
    Verdict.ACCEPT_QUEUE: "limited by the server's accept queue",
    Verdict.UNEVEN_CONNECTIONS: "limited by uneven connections",
    Verdict.PAUSES: "limited by pauses of the server",
    Verdict.NETWORK: "limited by the network",
    Verdict.SERVER_OR_BEHIND: "limited by the server, or what it waits for",
    Verdict.MIXED: "several limits",
    Verdict.DISAGREE: "repeats disagree",
    Verdict.UNDETERMINED: "no clear limit",
    Verdict.ERRORS: "too many failures",
    Verdict.INVALID: "invalid figures",
}


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_ends_a_sentence(verdict: Verdict) -> None:
    """As *limited by* something, unless it names nothing that could limit a run."""
    assert verdict.as_limit == AS_LIMIT[verdict]


def test_verdicts_that_name_a_party_are_limits() -> None:
    party = {verdict for verdict in Verdict if verdict.names_a_party}
    assert party == {*Verdict} - {*OPEN_VERDICTS, Verdict.ERRORS, Verdict.INVALID, Verdict.NEIGHBOUR}
    assert party >= {*SERVER_VERDICTS, *SET_BY_LOAD}
    assert all(verdict.as_limit.startswith("limited by ") for verdict in party)


def test_several_limits_are_named() -> None:
    both = (Verdict.SERVER_CPU, Verdict.NETWORK)
    assert phrase_limits(Verdict.MIXED, both) == "limited by the server's CPU and the network"
    three = (*both, Verdict.SERVER_CONCURRENCY)
    assert phrase_limits(Verdict.MIXED, three) == (
        "limited by the server's CPU, the network and server threads (all busy)"
    )
    assert phrase_limits(Verdict.MIXED, (Verdict.NETWORK, Verdict.UNDETERMINED)) == "several limits"
    assert phrase_limits(Verdict.DISAGREE, both) == "repeats disagree", "none of them is known to be the limit"
    assert (
        phrase_limits(Verdict.NETWORK, (Verdict.NETWORK,)) == phrase_limits(Verdict.NETWORK) == "limited by the network"
    )


def test_names_of_earlier_versions_are_taken() -> None:
    for verdict, name in EARLIER_NAMES.items():
        assert Verdict(name) is verdict
    names = [*Verdict, *EARLIER_NAMES.values()]
    assert len({*names}) == len(names), "no name is that of two"
    with pytest.raises(ValueError, match="bad luck"):
        Verdict("bad luck")


def test_a_suite_can_expect_each(write_suite: WriteSuite) -> None:
    """Written without quotes: names hold apostrophes and a comma, which YAML takes as they are in a block."""
    names = [*Verdict, *EARLIER_NAMES.values()]
    hypotheses = [f"  h{n}:\n    claim: c\n    bottleneck: a\n    expect: {name}\n" for n, name in enumerate(names)]
    suite = load_suite(write_suite("experiments: {a: {}}\nhypotheses:\n" + "".join(hypotheses)))
    assert [each.expect for each in suite.hypotheses.values()] == names
