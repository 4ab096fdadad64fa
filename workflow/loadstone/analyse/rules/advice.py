"""What to do or to measure next, by verdict."""

from loadstone.analyse.rules.load import is_overload
from loadstone.results.signals import Signals
from loadstone.suite.thresholds import Thresholds
from loadstone.suite.verdict import Verdict
from loadstone.text import figure

NEXT = {
    Verdict.ERRORS: "fix the cause, then measure again",
    Verdict.INVALID: "fix the cause, then measure again",
    Verdict.NEIGHBOUR: "end what else runs on the machine, or move it, then measure again",
    Verdict.SERVER_CPU: "to raise the rate, make a request cheaper, or add worker processes on free CPUs",
    Verdict.SHARED_HOST: "run the server and Locust on machines of their own, or on one with more CPUs",
    Verdict.GENERATOR: "add load.workers, or use FastHttpUser, until throughput stops growing",
    Verdict.SERVER_CONCURRENCY: "measure with twice the threads or workers: if throughput doubles, slots limit it",
    Verdict.SERIAL_SECTION: "find the lock or the other shared resource in the server",
    Verdict.LOCK: "find the lock: a profiler such as py-spy dump --pid shows the line on which threads wait",
    Verdict.POOL: "raise the size of the pool, and measure again: throughput then grows as the pool does",
    Verdict.DOWNSTREAM: "measure what the server waits for, with a load of its own",
    Verdict.DISK: "write less or later (batches, fewer fsync), or use a faster disk",
    Verdict.RATE_LIMITER: "raise the limit or leave the limiter out, and measure again",
    Verdict.ACCEPT_QUEUE: "raise the server's backlog, let it accept sooner, or serve more connections at a time",
    Verdict.UNEVEN_CONNECTIONS: "spread connections over processes (one per request, a balancer, SO_REUSEPORT)",
    Verdict.PAUSES: "find what stops the server in this rhythm: garbage collection, a flush, a cron job, a checkpoint",
    Verdict.NETWORK: "use a faster link, or smaller or compressed responses",
    Verdict.SERVER_OR_BEHIND: "vary one thing inside: threads, a pool of connections, the disk, a service behind it",
}  # fmt: skip
"""Verdict → the next step. Those that are missing depend on the signals."""


def advise(s: Signals, verdict: Verdict, limits: Thresholds) -> str:
    """State the next step, in words that continue a sentence."""
    if verdict in NEXT:
        return NEXT[verdict]
    if verdict == Verdict.ARRIVAL_RATE:
        return "raise arrivals.rate, or search for the capacity"
    if verdict == Verdict.TOO_FEW_USERS:
        return f"raise load.users, for example to {2 * s.users:.0f}, until throughput stops growing"
    if is_overload(s):
        return f"lower arrivals.rate to what is carried, {figure(s.throughput)} requests/s, or search for the capacity"
    thinks = s.think_s is not None and s.think_s >= s.response_s
    users = Verdict.THINK_TIME if thinks else Verdict.TOO_FEW_USERS
    return (
        f"measure with twice the users: d ln X/d ln N of {limits.least_elasticity_of_think_time:g} or more means "
        f"{users.as_limit}, {limits.most_elasticity_at_capacity:g} or less means that a capacity is reached"
    )
