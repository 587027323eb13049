"""
What very many conversations cost a client: `python -m tests.clients.python.bench [CONVERSATIONS]`.

Syncs them from the fake cloud, in this process too, into a new store; then again with nothing missed. Prints seconds,
processor seconds and bytes. Memory is this process's growth, of which the fake cloud's own is not a part.
"""

# ruff: noqa: T201 - it is there to print

import asyncio
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path

from natter_client import Client
from natter_client.testing import FakeServer, Limits
from natter_client.testing.server import PASSWORD

CONVERSATIONS, MESSAGES = 10_000, 3
ENDLESS = (1e9, 1e9)


async def timed(server: FakeServer, store: Path, name: str) -> None:
    began, cpu = time.perf_counter(), time.process_time()
    tracemalloc.start()
    async with Client(server.http_url, store=store, username="ann", password=PASSWORD) as client:
        await client.synced()
        seconds, processor = time.perf_counter() - began, time.process_time() - cpu
        held, peak = tracemalloc.get_traced_memory()
        stored = sum(path.stat().st_size for path in store.parent.glob(f"{store.name}*"))
        print(
            f"{name}: {seconds:.1f} s, {processor:.1f} s of the processor with the fake cloud's, "
            f"{held / 1e6:.1f} MB held, {peak / 1e6:.1f} MB at most, {stored / 1e6:.1f} MB on disk"
        )
    tracemalloc.stop()


async def main(count: int) -> None:
    async with FakeServer(limits=Limits(ENDLESS, ENDLESS, ENDLESS)) as server:
        ann, ben = server.user("ann"), server.user("ben")
        for number in range(count):
            made, _ = server.world.begin(ben.user_id, [ann.user_id], title=f"Number {number}")
            server.say(ben, made.conversation_id, *(f"message {each}" for each in range(MESSAGES)))
        print(f"{count} conversations of {MESSAGES + 1} events")
        with tempfile.TemporaryDirectory() as folder:
            await timed(server, Path(folder) / "ann.db", "everything")
            await timed(server, Path(folder) / "ann.db", "nothing missed")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else CONVERSATIONS))
