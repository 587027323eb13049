"""
What very many conversations cost a client: `python -m tests.clients.python.bench [CONVERSATIONS]`.

Syncs them from the fake cloud, which is another process, into a new store; then again with nothing missed. Prints
seconds, processor seconds of the client alone, bytes that came, and bytes in memory and on disk: memory as Python's
own allocator has it, in a third run, which is slower for it.
"""

# ruff: noqa: T201 - it is there to print

import asyncio
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path
from typing import Any

import httpx2

from natter_client import Client, api
from natter_client.testing import FakeServer, Limits
from natter_client.testing.server import PASSWORD

CONVERSATIONS, MESSAGES = 10_000, 3
ENDLESS = (1e9, 1e9)
SERVE = "serve"


class Bytes:
    """Of HTTP bodies, as they came."""

    def __init__(self) -> None:
        self.count = 0
        self._body = api._body
        api._body = self._counted

    def _counted(self, answer: httpx2.Response) -> Any:
        self.count += len(answer.content)
        return self._body(answer)


async def sync(url: str, store: Path, name: str, came: Bytes, *, traced: bool = False) -> None:
    began, cpu, before = time.perf_counter(), time.process_time(), came.count
    if traced:
        tracemalloc.start()
    async with Client(url, store=store, username="ann", password=PASSWORD) as client:
        await client.synced()
        seconds, processor = time.perf_counter() - began, time.process_time() - cpu
        stored = sum(path.stat().st_size for path in store.parent.glob(f"{store.name}*"))
        said = f"{seconds:.1f} s, {processor:.1f} s of the processor, {(came.count - before) / 1e6:.1f} MB came"
        if traced:
            held, peak = tracemalloc.get_traced_memory()
            said = f"{held / 1e6:.1f} MB held, {peak / 1e6:.1f} MB at most"
            tracemalloc.stop()
        print(f"{name}: {said}, {stored / 1e6:.1f} MB on disk", flush=True)


async def main(count: int) -> None:
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.clients.python.bench", SERVE, str(count)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert server.stdout is not None
    assert server.stdin is not None
    url = (await server.stdout.readline()).decode().strip()
    print(f"{count} conversations of {MESSAGES + 1} events")
    came = Bytes()
    with tempfile.TemporaryDirectory() as folder:
        await sync(url, Path(folder) / "ann.db", "everything", came)
        await sync(url, Path(folder) / "ann.db", "nothing missed", came)
        await sync(url, Path(folder) / "traced.db", "memory", came, traced=True)
    server.stdin.close()
    await server.wait()


async def serve(count: int) -> None:
    """Print the URL, and go on until standard input ends."""
    async with FakeServer(limits=Limits(ENDLESS, ENDLESS, ENDLESS)) as server:
        ann, ben = server.user("ann"), server.user("ben")
        for number in range(count):
            made, _ = server.world.begin(ben.user_id, [ann.user_id], title=f"Number {number}")
            server.say(ben, made.conversation_id, *(f"message {each}" for each in range(MESSAGES)))
        print(server.http_url, flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    if sys.argv[1:2] == [SERVE]:
        asyncio.run(serve(int(sys.argv[2])))
    else:
        asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else CONVERSATIONS))
