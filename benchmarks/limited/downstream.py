"""The server behind a server: it answers each line after some time, so many at once, until its parent ends.

python -m benchmarks.limited.downstream --port 9000 --ms 50 --at-once 4
"""

import argparse
import asyncio
import contextlib

from benchmarks.limited.amounts import Amounts, add_amounts, read_amounts
from benchmarks.limited.ending import PARENT_POLL_S, has_parent, parent_of


async def serve(port: int, amounts: Amounts) -> None:
    """Serve on 127.0.0.1 until the parent has ended."""
    places = asyncio.Semaphore(amounts.at_once)
    parent = parent_of()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while await reader.readline():
                async with places:
                    await asyncio.sleep(amounts.ms / 1000)
                writer.write(b"!\n")
        writer.close()

    async with await asyncio.start_server(converse, "127.0.0.1", port):
        while has_parent(parent):
            await asyncio.sleep(PARENT_POLL_S)


def main() -> None:
    """Read the options, and serve."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    add_amounts(parser)
    options = parser.parse_args()
    asyncio.run(serve(options.port, read_amounts(options)))


if __name__ == "__main__":
    main()
