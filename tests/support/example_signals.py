"""Signals of two runs from which tests vary one thing at a time, and signals drawn by chance."""

from typing import Any

from hypothesis import strategies as st

from loadstone.analyse.bottleneck import judge
from loadstone.results.signals import Signals

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


def verdict(base: dict[str, Any], **changes: object) -> str:
    return judge(Signals(**(base | changes))).verdict


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
