"""Groups of signals: each is a part of `loadstone.results.signals.Signals`, whose keys are all on one level.

A signal is None where it was not measured. None of these is needed for a verdict; each makes more verdicts possible.
"""

from typing import ClassVar

from pydantic import Field

from loadstone.results.thread_state import ThreadState
from loadstone.suite.types import SparseModel

Share = Field(default=None, ge=0, le=1)
Amount = Field(default=None, ge=0)


class ProcessSignals(SparseModel):
    """The server's and the generator's processes, one by one. The busiest process is the one that used most CPU."""

    server_processes: int | None = Field(default=None, ge=1)
    """Processes of the server that used CPU time."""
    busiest_process: float | None = Amount
    """CPUs that the busiest of the server's processes used."""
    busiest_thread: float | None = Amount
    """CPUs that the busiest of the server's threads used."""
    busiest_waited: float | None = Amount
    """CPUs for which the threads of the server's busiest process waited, on average (run delay). One thread that was
    ready to run all the time and never ran makes 1."""
    generator_waited: float | None = Amount
    """The same of the generator's busiest worker."""


class ThreadSignals(SparseModel):
    """What the server's threads did, from samples of their states."""

    thread_states: dict[ThreadState, float] | None = None
    """State → mean number of the server's threads in it."""
    proceeding: float | None = Amount
    """Mean number of threads that proceed with requests: they run, wait for a disk, sleep, or wait for another
    server."""
    proceeding_low: float | None = Amount
    """Lower end of its 95 % interval."""
    proceeding_high: float | None = Amount
    """Upper end of its 95 % interval."""


class SocketSignals(SparseModel):
    """The server's connections, as mean numbers over the samples of the window."""

    connections: float | None = Amount
    """Clients' connections that the server has accepted."""
    not_accepted: float | None = Amount
    """Connections that wait to be accepted."""
    unread: float | None = Amount
    """Accepted connections with bytes that the server has not read."""
    inside: float | None = Amount
    """Accepted connections with a request that the server has read and not answered."""
    unsent: float | None = Amount
    """Accepted connections with bytes of a response that the client's side has not taken yet."""
    fullest_share: float | None = Share
    """Share of the accepted connections at the process that has most of them."""
    downstream_connections: float | None = Amount
    """Connections that the server opened to elsewhere."""
    downstream_waiting: float | None = Amount
    """Of these, connections on which it waits for an answer."""


class SystemSignals(SparseModel):
    """What the operating system states about the whole machine."""

    iowait: float | None = Share
    """Share of all CPUs that had no work while a disk was awaited."""
    io_stalled: float | None = Share
    """Share of time in which some process waited for a disk (pressure stall information, "some")."""
    cpu_stalled: float | None = Share
    """Share of time in which some process waited for a CPU."""
    written_bytes_per_s: float | None = Amount
    """Bytes per second that the server's processes sent to storage."""
    listen_overflows: float | None = Amount
    """Connections per second that found a full accept queue."""
    syn_retransmits: float | None = Amount
    """Repeated requests for a connection per second."""
    throttled: float | None = Share
    """Share of time in which a CPU quota stopped the run's processes."""
    other_cpus_peak: float | None = Amount
    """The most CPUs that processes of neither the server nor the load generator used in any second of the window."""


class RhythmSignals(SparseModel):
    """How the completions of requests are spread over the window."""

    gap_share: float | None = Share
    """Share of time in gaps: times without a completion that chance does not explain at this rate."""
    gaps: int | None = Amount
    """Number of gaps."""
    gap_period_s: float | None = Amount
    """Median time from the begin of one gap to the begin of the next, seconds."""
    gap_spread: float | None = Amount
    """Coefficient of variation of these times: near 0 if gaps come like a clock, about 1 if they come by chance."""
    evenness: float | None = Amount
    """Variance over mean of the completions per half second: 1 if they come by chance, 0 if they come like a clock."""
    goodput: float | None = Amount
    """Successful requests per second."""
    goodput_evenness: float | None = Amount
    """The same as evenness, of successful requests."""
    refused: float | None = Amount
    """Requests that were answered with status 429 or 503."""
    dent: float | None = Share
    """Lower level of throughput over the higher one, if throughput changed its level inside the window."""
    dent_other_cpus: float | None = Amount
    """CPUs that other processes used at the lower level, less those at the higher level: it may show why."""


class FairnessSignals(SparseModel):
    """How evenly users were served."""

    users_served: int | None = Field(default=None, ge=0)
    """Users with a completed request in the window."""
    fairness: float | None = Share
    """Jain's index of the users' completed requests: 1 if all have the same number, 1/N if one user has all (Jain, Chiu
    & Hawe 1984). Null for users that wait very different times, or leave."""
    slow_users: int | None = Field(default=None, ge=0)
    """Users whose mean response time is certainly more than twice that of the median user."""
    slow_ratio: float | None = Amount
    """Mean response time of these users over that of the others."""


class SignalGroups(ProcessSignals, ThreadSignals, SocketSignals, SystemSignals, RhythmSignals, FairnessSignals):
    """All groups. JSON leaves out what was not measured."""

    SPARSE: ClassVar[frozenset[str]] = frozenset()


GROUPED = frozenset(SignalGroups.model_fields)
"""Names of all signals in groups."""

TELLING = frozenset(
    {
        *("busiest_process", "generator_waited", "thread_states", "not_accepted", "unread", "downstream_waiting"),
        *("iowait", "listen_overflows", "other_cpus", "gap_share", "evenness", "users_served"),
    }
)
"""Signals that are named as missing where they were not measured. The others come with one of these, or are there only
if something happened."""
