"""A server with a limit, on an event loop: python -m benchmarks.limited.event_loop --port 8000 --limit pool --ms 5.

Linux shows one thread that waits for events, whatever its requests wait for.
"""

import argparse
import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable

from benchmarks.limited.amounts import Amounts, add_amounts, read_amounts
from benchmarks.limited.limits import compute
from benchmarks.limited.serving import response

Work = Callable[[], Awaitable[None]]


def cpu(amounts: Amounts) -> Work:
    """Compute, so that the loop stands still."""

    async def work() -> None:
        compute(amounts.ms / 1000)

    return work


def asleep(amounts: Amounts) -> Work:
    """Sleep, in parallel with all other requests."""

    async def work() -> None:
        await asyncio.sleep(amounts.ms / 1000)

    return work


def pool(amounts: Amounts) -> Work:
    """Sleep, a few requests at a time; a lock is a pool of one."""
    places = asyncio.Lock() if amounts.at_once == 1 else asyncio.BoundedSemaphore(amounts.at_once)

    async def work() -> None:
        async with places:
            await asyncio.sleep(amounts.ms / 1000)

    return work


def turns(amounts: Amounts) -> Work:
    """Let each request sleep until its turn comes, at a rate."""
    last = time.monotonic()

    async def work() -> None:
        nonlocal last
        last = max(time.monotonic(), last + 1 / amounts.per_s)
        await asyncio.sleep(max(0.0, last - time.monotonic()))

    return work


def downstream(amounts: Amounts) -> Work:
    """Ask another server, and wait for its answer. Connections to it are reused, and there are as many as needed."""
    free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def work() -> None:
        reader, writer = free.pop() if free else await asyncio.open_connection("127.0.0.1", amounts.behind)
        writer.write(b"?\n")
        await reader.readline()
        free.append((reader, writer))

    return work


LIMITS: dict[str, Callable[[Amounts], Work]] = {
    "asleep": asleep, "cpu": cpu, "downstream": downstream, "pool": pool, "turns": turns,
}  # fmt: skip


async def serve(port: int, work: Work) -> None:
    """Serve on 127.0.0.1 until killed."""
    answer = response(200, b"done\n")

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while await reader.readuntil(b"\r\n\r\n"):
                await work()
                writer.write(answer)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(converse, "127.0.0.1", port, backlog=512)
    await server.serve_forever()


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--limit", choices=sorted(LIMITS), required=True)
    add_amounts(parser)
    options = parser.parse_args()
    asyncio.run(serve(options.port, LIMITS[options.limit](read_amounts(options))))


if __name__ == "__main__":
    main()
