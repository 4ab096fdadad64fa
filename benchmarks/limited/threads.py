"""A server with a limit, by threads: python -m benchmarks.limited.threads --port 8000 --limit lock --ms 5.

It has a thread per connection; --threads 4 makes it a pool of threads, and --keep a pool whose threads each serve one
connection until the client closes it. With --processes 2, forked processes share the port.
"""

import argparse
import contextlib
import functools
import os
import signal
import sys
import time
from collections.abc import Callable

from benchmarks.limited.amounts import add_amounts, read_amounts
from benchmarks.limited.limits import LIMITS
from benchmarks.limited.link import Link
from benchmarks.limited.serving import Service, listen, serve_by_pool, serve_by_threads, serve_few


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--limit", choices=sorted(LIMITS), required=True)
    parser.add_argument("--threads", type=int, help="size of a pool of threads; default: a thread per connection")
    parser.add_argument("--keep", action="store_true", help="the pool's threads each serve one connection to its end")
    parser.add_argument("--close", action="store_true", help="close each connection after one response")
    parser.add_argument("--backlog", type=int, default=512, help="connections that may wait to be accepted")
    parser.add_argument("--accept-ms", type=float, default=0.0, help="time to accept a connection")
    parser.add_argument("--bytes", type=int, default=5, help="length of a response's body")
    parser.add_argument("--link", type=float, help="bytes/s of a link that all connections share")
    parser.add_argument("--processes", type=int, default=1, help="processes that share the port")
    parser.add_argument("--late-s", type=float, help="seconds after which all processes but the first begin to accept")
    parser.add_argument("--stopped", action="store_true", help="stop the process from outside: --pause-ms, --period-s")
    add_amounts(parser)
    options = parser.parse_args()
    amounts = read_amounts(options)
    service = Service(
        work=LIMITS[options.limit](amounts),
        body=b"x" * options.bytes,
        close=options.close,
        link=None if options.link is None else Link(options.link),
    )
    listener = None if options.processes > 1 and options.late_s is None else listen(options.port, options.backlog)

    def serve(number: int) -> None:
        if number and options.late_s is not None:
            time.sleep(options.late_s)
        own = listener or listen(options.port, options.backlog, shared=True)
        if options.threads is None:
            serve_by_threads(own, service, options.accept_ms / 1000)
        elif options.keep:
            serve_few(own, service, options.threads)
        else:
            serve_by_pool(own, service, options.threads)

    if options.stopped:
        stop_again_and_again(fork(functools.partial(serve, 0)), amounts.pause_ms / 1000, amounts.period_s)
    children = [fork(functools.partial(serve, number)) for number in range(1, options.processes)]
    end_with(children)
    serve(0)


def fork(serve: Callable[[], None]) -> int:
    """Serve in a child process; return its id."""
    if pid := os.fork():
        return pid
    try:
        serve()
    finally:
        os._exit(1)


def end_with(children: list[int]) -> None:
    """Kill the children when this process is asked to end."""

    def end(*_: object) -> None:
        for pid in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        os._exit(0)

    signal.signal(signal.SIGTERM, end)


def stop_again_and_again(pid: int, pause_s: float, period_s: float) -> None:
    """Suspend a process for `pause_s` seconds, once per period, as a virtual machine may be. Does not return."""
    end_with([pid])
    due = time.monotonic()
    while True:
        due += period_s
        time.sleep(max(0.0, due - time.monotonic()))
        try:
            os.kill(pid, signal.SIGSTOP)
            time.sleep(pause_s)
            os.kill(pid, signal.SIGCONT)
        except ProcessLookupError:
            sys.exit("the server has ended")


if __name__ == "__main__":
    main()
