"""
Two users of the Python SDK talk while things fail: what each was told, and has on their screen, is what the log says.

`python -m tests.reliability.sdk [SECONDS] [--pause S]`: under every fault, a minute each or SECONDS, on the local cloud
that runs (`make up`). Prints what was said and how long the slowest took to its place; ends with status 1 if anything
is wrong.
"""

import argparse
import asyncio
import contextlib
import dataclasses
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from local.background import Instance
from local.faults import (
    Connections,
    Delay,
    Duplicate,
    Fault,
    Faults,
    Freeze,
    Kill,
    Pause,
    Restart,
    Service,
    Throttle,
    Zombie,
)
from natter_client import Client, Conversation, HistorySkipped, MessageReceived, NatterError, Sent
from tests.support.api import Api, User
from tests.support.sdk import client_of

PAUSE_S = 0.5
"""Between two messages of one of them."""
SETTLED_WITHIN_S = 120.0
"""After the last fault: for everything to have its place, and to be on both screens."""


def every_fault(seconds: float) -> Sequence[Fault]:
    """Each kind that a cloud knows without doors, its engines in turn, for as long as makes sense of `seconds`."""
    return (
        Kill("persist"),
        Kill("valkey", seconds=min(seconds, 10)),
        Pause("cassandra", seconds=seconds),
        Pause("kafka", seconds=min(seconds, 20)),
        Restart("postgres"),
        Freeze("persist", seconds=seconds),
        Zombie("persist", invocations=4, after_ms=2, seconds=seconds),
        Throttle("send", seconds=seconds),
        Duplicate("persist", seconds=seconds, concurrently=True),
        Delay("persist", ms=500, seconds=seconds),
        *(Connections(answer, seconds=seconds) for answer in (410, 429, "none")),
        Service("sqs", "throttled", seconds=seconds),
        Service("sns", "none", seconds=seconds),
    )


class Talker:
    """One of them, on one device: what they have written, what became of it, and what they have seen."""

    def __init__(self, name: str, client: Client, chat: Conversation) -> None:
        self.name, self.chat = name, chat
        self.written: list[str] = []
        self.placed: dict[str, int | None] = {}
        self.refused: dict[str, NatterError] = {}
        self.slowest_s = 0.0
        self.seen: list[tuple[int, str]] = []
        self.from_seq = 0
        """Where the screen begins: later than at first if so much was missed at once that it began anew."""
        self._heard = asyncio.Event()
        self._events = client.events("talk")
        self._waiting: set[asyncio.Task[None]] = set()

    async def talk(self, pause_s: float) -> None:
        while True:
            self.written.append(text := f"{self.name} {len(self.written)}")
            task = asyncio.create_task(self._follow(self.chat.write(text), text))
            self._waiting.add(task)
            task.add_done_callback(self._waiting.discard)
            await asyncio.sleep(pause_s)

    async def hear(self) -> None:
        async for event in self._events:
            match event:
                case MessageReceived(message) if message.conversation_id == self.chat.conversation_id:
                    self.seen.append((message.seq, message.text))
                case HistorySkipped(conversation_id, from_seq) if conversation_id == self.chat.conversation_id:
                    self.from_seq, self.seen = from_seq, []
            self._heard.set()

    async def settled(self) -> None:
        """Wait until of everything that was written is known what became of it."""
        while self._waiting:
            await asyncio.wait(self._waiting)

    async def has_seen(self, seq: int) -> None:
        while not self.seen or self.seen[-1][0] < seq:
            self._heard.clear()
            await self._heard.wait()

    async def _follow(self, sent: Sent, text: str) -> None:
        began = time.monotonic()
        try:
            self.placed[text] = await sent.placed()
        except NatterError as error:
            self.refused[text] = error
        self.slowest_s = max(self.slowest_s, time.monotonic() - began)

    def wrong(self, log: Sequence[tuple[int, str]]) -> list[str]:
        """What differs from `log`, the places and texts of all messages."""
        mine = {text: seq for seq, text in log if text.startswith(f"{self.name} ")}
        on_screen = [each for each in log if each[0] >= self.from_seq]
        kept = [(message.seq, message.text) for message in self.chat.messages(limit=len(log) + 1)]
        found = {
            "was refused": self.refused,
            "does not know a place": [text for text in self.written if self.placed.get(text) is None],
            "was told another place": {text for text, seq in self.placed.items() if mine.get(text) != seq},
            "has written in another order": list(mine) != self.written,
            "is in the log more than once": len(mine) != sum(text in mine for _, text in log),
            "has seen something else": self.seen != on_screen,
            "has kept something else": kept != log[-len(kept) :],
            "has something unsent": self.chat.unsent(),
        }
        return [f"{self.name}: {what}: {fields}" for what, fields in found.items() if fields]


class Talk:
    """The two, who talk until they are told not to."""

    def __init__(self, bob: User, talkers: Sequence[Talker], pause_s: float) -> None:
        self.talkers = talkers
        self._bob = bob
        self._saying = [asyncio.create_task(each.talk(pause_s)) for each in talkers]

    async def wrong(self) -> list[str]:
        """
        Have them say no more; what differs from the log, in words, when all has come to rest.

        Raises:
            TimeoutError: it does not come to rest.
        """
        await _end(*self._saying)
        async with asyncio.timeout(SETTLED_WITHIN_S):
            for each in self.talkers:
                await each.settled()
            history = await self._bob.history(self.talkers[0].chat.conversation_id)
            log = [(event["seq"], event["content"]["text"]) for event in history if event["type"] == "message"]
            for each in self.talkers:
                await each.has_seen(log[-1][0])
        return [line for each in self.talkers for line in each.wrong(log)]


@contextlib.asynccontextmanager
async def talking(alice: User, bob: User, folder: Path, pause_s: float = PAUSE_S) -> AsyncIterator[Talk]:
    async with client_of(alice, folder) as phone, client_of(bob, folder) as tablet:
        await asyncio.gather(phone.synced(), tablet.synced())
        chat = await phone.direct(bob.username)
        talkers = Talker("alice", phone, chat), Talker("bob", tablet, tablet.conversation(chat.conversation_id))
        hearing = [asyncio.create_task(each.hear()) for each in talkers]
        try:
            yield Talk(bob, talkers, pause_s)
        finally:
            await _end(*hearing)


async def _end(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def named(fault: Fault) -> str:
    """As one would ask `natter-local fault` for it."""
    return " ".join(str(each) for each in (fault.kind, *dataclasses.astuple(fault)[:1]))


async def _soak(outputs: Mapping[str, str], faults: Faults, seconds: float, pause_s: float) -> bool:
    is_right = True
    with tempfile.TemporaryDirectory() as folder:
        async with Api(outputs) as api:
            for fault in every_fault(seconds):
                alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
                async with talking(alice, bob, Path(folder), pause_s) as talk:
                    await asyncio.sleep(1)
                    await faults.apply(fault)
                    await asyncio.sleep(seconds)
                    await faults.clear()
                    found = await talk.wrong()
                    said = sum(len(each.written) for each in talk.talkers)
                    slowest_s = max(each.slowest_s for each in talk.talkers)
                line = f"{named(fault):24}{said:6} said{slowest_s:8.1f} s the slowest  {'; '.join(found) or 'right'}"
                print(line, flush=True)  # noqa: T201
                is_right = is_right and not found
    return is_right


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.reliability.sdk", description=__doc__)
    parser.add_argument("seconds", type=float, nargs="?", default=60.0)
    parser.add_argument("--pause", type=float, default=PAUSE_S, help="seconds between two messages of one of them")
    asked = parser.parse_args()
    root = Path.cwd()
    faults = Faults(f"http://127.0.0.1:{Instance.find(root).admin_port}")
    outputs = json.loads((root / ".local" / "outputs.json").read_text())
    return not asyncio.run(_soak(outputs, faults, asked.seconds, asked.pause))


if __name__ == "__main__":
    sys.exit(main())
