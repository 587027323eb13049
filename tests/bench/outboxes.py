"""
Pairs who talk as clients are told: one frame under way in each conversation, what piles up goes into the next.

`python -m tests.bench.outboxes HTTP_URL PAIRS`: for each `{"seconds": N, "rate": R}` that it is told, says R messages a
second as long, whatever comes back; without a rate, each talker says the next as soon as fewer than `UNSEEN` of theirs
are not on the other's screen. Then it waits for what was acknowledged, gives up the rest, and says what it was like.
"""

import asyncio
import itertools
import json
import random
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import uvloop

from tests.bench.child import heard, say
from tests.bench.client import HTTP_TIMEOUT_S, RETRYABLE, Load, Talker, talking

FRAME = 20
UNSEEN = 8
"""As many are under way of one talker of the closed loop."""
PATIENCE_S = 60.0
"""For what was acknowledged to be shown."""

_numbers = itertools.count()


@dataclass
class Measured:
    """Of what was said while measuring: milliseconds, and numbers."""

    said: int = 0
    acknowledged: int = 0
    shown: int = 0
    frames: int = 0
    refused: int = 0
    """Frames, by `unavailable`."""
    refused_otherwise: int = 0
    acked_ms: list[float] = field(default_factory=list)
    """From the call."""
    shown_ms: list[float] = field(default_factory=list)
    """From the call, of what was acknowledged."""
    shown_after_ack_ms: list[float] = field(default_factory=list)
    seconds: float = 0.0
    """Until the last was shown."""


@dataclass
class Message:
    client_id: str
    called: float
    acked: float | None = None
    shown: float | None = None


class Outbox:
    """Of one talker, in one conversation."""

    def __init__(self, talker: Talker, measured: Measured) -> None:
        self.talker, self.measured = talker, measured
        self.over = False
        self.messages: dict[str, Message] = {}
        self._waiting: deque[Message] = deque()
        self._under_way: tuple[str, list[Message]] | None = None
        self._failures = 0
        self._loop = asyncio.get_running_loop()

    @property
    def is_waiting(self) -> bool:
        """For an answer, or for what was acknowledged to be shown."""
        is_asked = self._under_way is not None and bool(self._under_way[1])
        return is_asked or any(each.acked is not None and each.shown is None for each in self.messages.values())

    def say(self) -> None:
        said = Message(f"o{next(_numbers)}", time.perf_counter())
        self.measured.said += 1
        self.messages[said.client_id] = said
        self._waiting.append(said)
        self._flush()

    def answered(self, frame: dict[str, Any], now: float) -> None:
        """The gateway's own answer has no `id`: it is one to every frame."""
        if self._under_way is None or frame.get("id", self._under_way[0]) != self._under_way[0]:
            return
        (_, messages), self._under_way = self._under_way, None
        if frame.get("type") == "ack":
            self._failures = 0
            for each in messages:
                each.acked = now
            self._flush()
            return
        code = frame.get("code")
        if code not in RETRYABLE:
            raise RuntimeError(f"refused: {code}")
        self.measured.refused += code == "unavailable"
        self.measured.refused_otherwise += code != "unavailable"
        self._waiting.extendleft(reversed(messages))
        wait_s = frame.get("retry_after_ms", 0) / 1000 + random.random() * min(30, 0.5 * 2**self._failures)
        self._failures += 1
        self._under_way = ("", [])
        self._loop.call_later(wait_s, self._again)

    def shown(self, client_id: str, now: float) -> None:
        if (said := self.messages.get(client_id)) is not None and said.shown is None:
            said.shown = now

    def _again(self) -> None:
        self._under_way = None
        self._flush()

    def _flush(self) -> None:
        if self._under_way is not None or self.over or not self._waiting:
            return
        messages = [self._waiting.popleft() for _ in range(min(FRAME, len(self._waiting)))]
        self._under_way = (f"f{next(_numbers)}", messages)
        self.measured.frames += 1
        content = {"type": "text", "text": "How are you today?"}
        frame = {
            "action": "send",
            "id": self._under_way[0],
            "conversation_id": self.talker.conversation,
            "messages": [{"client_id": each.client_id, "content": content} for each in messages],
        }
        task = self._loop.create_task(self.talker.socket.send_str(json.dumps(frame)))
        task.add_done_callback(_sent)


def _sent(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        print(f"not sent: {error!r}", file=sys.stderr)  # noqa: T201 - the connection has ended: what is missing counts


class Crowd(Load):
    """Frames go to the outboxes of who talks now."""

    def __init__(self) -> None:
        super().__init__()
        self.outboxes: dict[str, Outbox] = {}

    def _frame(self, talker: Talker, frame: dict[str, Any], now: float) -> None:
        if frame.get("type") != "events":
            if (outbox := self.outboxes.get(talker.user_id)) is not None:
                outbox.answered(frame, now)
            return
        for event in frame["events"]:
            if event["sender_id"] != talker.user_id and (outbox := self.outboxes.get(event["sender_id"])) is not None:
                outbox.shown(event.get("client_id", ""), now)


async def talked(crowd: Crowd, talkers: Sequence[Talker], *, seconds: float, rate: float | None) -> Measured:
    measured = Measured()
    crowd.outboxes = {each.user_id: Outbox(each, measured) for each in talkers}
    outboxes = list(crowd.outboxes.values())
    began = time.perf_counter()
    await (_closed(outboxes, seconds) if rate is None else _open(outboxes, seconds, rate))
    for outbox in outboxes:
        outbox.over = True
    end = time.perf_counter() + PATIENCE_S
    while time.perf_counter() < end and any(each.is_waiting for each in outboxes):  # noqa: ASYNC110 - an event for each message would be of the load
        await asyncio.sleep(0.05)
    for said in itertools.chain.from_iterable(outbox.messages.values() for outbox in outboxes):
        if said.acked is None:
            continue
        measured.acknowledged += 1
        measured.acked_ms.append(1000 * (said.acked - said.called))
        if said.shown is not None:
            measured.shown += 1
            measured.shown_ms.append(1000 * (said.shown - said.called))
            measured.shown_after_ack_ms.append(1000 * max(0.0, said.shown - said.acked))
            measured.seconds = max(measured.seconds, said.shown - began)
    return measured


async def _open(outboxes: Sequence[Outbox], seconds: float, rate: float) -> None:
    start, turns = time.perf_counter(), itertools.cycle(outboxes)
    for number in range(int(rate * seconds)):
        wait_s = start + number / rate - time.perf_counter()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        next(turns).say()


async def _closed(outboxes: Sequence[Outbox], seconds: float) -> None:
    async def talk(outbox: Outbox) -> None:
        unseen: deque[Message] = deque()
        while time.perf_counter() < end:
            while unseen and unseen[0].shown is not None:
                unseen.popleft()
            while len(unseen) < UNSEEN:
                outbox.say()
                unseen.append(next(reversed(outbox.messages.values())))
            await asyncio.sleep(0.002)

    end = time.perf_counter() + seconds
    await asyncio.gather(*map(talk, outboxes))


async def run(url: str, pairs: int) -> None:
    crowd = Crowd()
    timeout = aiohttp.ClientTimeout(total=HTTP_TIMEOUT_S)
    async with (
        aiohttp.ClientSession(timeout=timeout) as http,
        talking(crowd, http, url.rstrip("/"), pairs, together=False) as talkers,
    ):
        say({"ready": True})
        while (told := await heard()) is not None:
            measured = await talked(crowd, talkers, seconds=told["seconds"], rate=told.get("rate"))
            say(measured.__dict__)


if __name__ == "__main__":
    uvloop.run(run(sys.argv[1], int(sys.argv[2])))
