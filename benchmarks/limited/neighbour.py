"""A busy neighbour: processes that compute in bursts, as other programs on a shared machine do.

python -m benchmarks.limited.neighbour --share 0.6 --after-s 5

One process per CPU, at normal priority. They end with their parent.
"""

import argparse
import os
import random
import signal
import time

from benchmarks.limited.ending import has_parent, parent_of

BURST_S = (0.05, 0.4)


def compute_in_bursts(share: float, seed: int, parent: int) -> None:
    """Compute for a share of the time, until the parent has ended."""
    drawn = random.Random(seed)  # noqa: S311 - not for secrets
    while has_parent(parent):
        burst = drawn.uniform(*BURST_S)
        end = time.monotonic() + burst
        while time.monotonic() < end:
            pass
        time.sleep(burst * (1 - share) / share)


def main() -> None:
    """Fork one process per CPU, and wait for their end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=float, required=True, help="share of all CPUs to use")
    parser.add_argument("--after-s", type=float, default=0.0, help="seconds to wait before")
    options = parser.parse_args()
    parent, own = parent_of(), os.getpid()
    time.sleep(options.after_s)
    children = []
    for seed in range(os.cpu_count() or 1):
        if pid := os.fork():
            children.append(pid)
        else:
            compute_in_bursts(options.share, seed, own)
            os._exit(0)

    def end(*_: object) -> None:
        for pid in children:
            os.kill(pid, signal.SIGKILL)
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    while has_parent(parent):
        time.sleep(0.5)
    end()


if __name__ == "__main__":
    main()
