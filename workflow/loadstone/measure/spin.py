"""The spin: a loop of pure Python whose time shows how fast and how steady the machine is.

This module runs as a script, `python -I -S spin.py PARENT`. For each line of its input, a number of seconds, it spins
that long and writes one line: JSON with the beginning of each spin (monotonic, in seconds) and its length in seconds.
It ends with its input or with its parent, whichever ends first. It imports the standard library only, so that it starts
within hundredths of a second and no thread of a library runs beside it.
"""

import json
import os
import sys
import time

ROUNDS = 100_000
"""Rounds of a spin: some 5 to 10 ms on a machine of today. Another number would make earlier checks incomparable."""


def spin() -> float:
    """Spin once; return how long it took, in seconds."""
    value = 1
    begin = time.perf_counter()
    for _ in range(ROUNDS):
        value = (value * 1_103_515_245 + 12_345) & 0x7FFF_FFFF
    return time.perf_counter() - begin


def serve(parent: int) -> None:
    """Spin as often as the input asks for it."""
    spin()  # the interpreter is faster from the second time on
    for line in sys.stdin:
        end = time.monotonic() + float(line)
        spins = []
        while (begin := time.monotonic()) < end:
            if os.getppid() != parent:
                return
            spins.append((begin, spin()))
        print(json.dumps(spins), flush=True)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
