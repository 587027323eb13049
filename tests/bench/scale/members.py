"""
The members of a large group, in a process of their own: who sees what when.

`python -m tests.bench.scale.members NUMBER` is told the outputs, then what to do, by `do`; it says what came of it.
"""

import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import batched, cycle

import uvloop

from local.files import raise_limit
from tests.bench.child import heard, say
from tests.support.device import Device
from tests.support.socket import Frame
from tests.support.throng import Throng, throng
from tests.support.until import until

CONNECTING_AT_ONCE = 8
ADDED_AT_ONCE = 100
SEEN_WITHIN_S = 120.0


@dataclass
class Seen:
    """When what one waits for has come to each device for the first time (`time.monotonic`)."""

    wanted: set[str] = field(default_factory=set)
    """Client ids, or how somebody is."""
    at: dict[tuple[int, str], float] = field(default_factory=dict)
    """By number of the device, and what came."""
    frames: int = 0
    """That brought it, or something like it."""

    def first_and_last(self, since: float) -> dict[str, float]:
        return {"first": min(self.at.values()) - since, "last": max(self.at.values()) - since}

    def frame(self, device: int, frame: Frame) -> None:
        if frame.get("type") == "events":
            self.frames += 1
            for event in frame["events"]:
                if event.get("client_id") in self.wanted:
                    self.at.setdefault((device, event["client_id"]), time.monotonic())
        elif frame.get("type") == "presence" and "id" not in frame:
            self.frames += 1
            for user in frame["users"]:
                if user["state"] in self.wanted:
                    self.at.setdefault((device, user["user_id"]), time.monotonic())


class Members:
    def __init__(self, here: Throng) -> None:
        self.here = here
        self.devices: Sequence[Device] = here.devices
        self.founder = self.devices[0]
        self._seen = Seen()
        self._states = cycle(("away", "online"))
        for number, device in enumerate(self.devices):
            device.heard = partial(self._hear, number)

    def _hear(self, device: int, frame: Frame) -> None:
        self._seen.frame(device, frame)

    async def group(self, size: int) -> str:
        """Of the first so many; all have seen that it was made."""
        call, token = self.here.http.insist, self.founder.account.token
        ids = [each.account.user_id for each in self.devices[1:size]]
        body = {"kind": "group", "title": f"All {size}", "history": "all", "members": ids[:ADDED_AT_ONCE]}
        group = str((await call("POST", "/v1/conversations", body, token=token))["conversation_id"])
        for some in batched(ids[ADDED_AT_ONCE:], ADDED_AT_ONCE, strict=False):
            await call("POST", f"/v1/conversations/{group}/members", {"user_ids": some}, token=token)
        await self.say(group, size, 1)
        head = self.founder.positions[group]
        await until(
            lambda: all(each.positions.get(group, 0) >= head for each in self.devices[:size]),
            "all know the group",
            within_s=SEEN_WITHIN_S,
        )
        return group

    async def say(self, group: str, size: int, times: int) -> list[dict[str, float]]:
        """One after the other: when it was acknowledged, and seen by the first and the last."""
        found = []
        for _ in range(times):
            client_id = f"c{time.monotonic_ns()}"
            self._seen = seen = Seen({client_id})
            called = time.monotonic()
            await self._post(group, client_id)
            acknowledged = time.monotonic()
            await until(lambda: len(seen.at) >= size, "everybody sees it", within_s=SEEN_WITHIN_S)  # noqa: B023
            found.append({"ack": acknowledged - called, **seen.first_and_last(called)})
        return found

    async def _post(self, group: str, client_id: str) -> None:
        item = {"client_id": client_id, "content": {"type": "text", "text": "How are you today?"}}
        answer: Frame = {}
        while answer.get("type") != "ack":
            answer = await self.founder.ask({"action": "send", "conversation_id": group, "messages": [item]})
            if answer.get("type") != "ack":
                await asyncio.sleep(answer.get("retry_after_ms", 500) / 1000)

    async def talk(self, group: str, size: int, *, every_s: float, seconds: float) -> dict[str, float]:
        """A message every so often, whatever comes of it; how late the last of it all was seen."""
        self._seen = seen = Seen()
        began = due = time.monotonic()
        said = 0
        while due < began + seconds:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            due += every_s
            said += 1
            seen.wanted.add(client_id := f"c{time.monotonic_ns()}")
            await self._post(group, client_id)
        ended = time.monotonic()
        await until(lambda: self._has_all(group, size), "everybody has it all", within_s=SEEN_WITHIN_S)
        complete = time.monotonic()
        return {
            "said": said,
            "seconds": ended - began,
            "complete": complete - ended,
            "live": len(seen.at),
            "frames": seen.frames,
            "posts_s": seen.frames / (complete - began),
        }

    def _has_all(self, group: str, size: int) -> bool:
        head = self.founder.positions[group]
        return all(each.positions[group] >= head and each.well_at is not None for each in self.devices[:size])

    async def watch(self, number: int) -> float:
        """So many, beside the founder, watch them; milliseconds of an answer (median)."""
        took = []
        for device in self.devices[1 : number + 1]:
            began = time.monotonic()
            await device.ask({"action": "watch", "user_ids": [self.founder.account.user_id]})
            took.append(1000 * (time.monotonic() - began))
        return sorted(took)[len(took) // 2]

    async def change(self, number: int, times: int) -> list[dict[str, float]]:
        """The founder is away, or there again: when the first and the last who watch were told."""
        found = []
        for _ in range(times):
            state = next(self._states)
            self._seen = seen = Seen({state})
            called = time.monotonic()
            await self.founder.ask({"action": "status", "state": state})
            await until(lambda: len(seen.at) >= number, "all are told", within_s=SEEN_WITHIN_S)  # noqa: B023
            found.append(seen.first_and_last(called))
        return found


async def run(number: int) -> None:
    raise_limit()
    outputs = await heard()
    async with throng(outputs, users=number, each=1, circle=1, conversations=0) as here:
        await here.connect(here.devices, at_once=CONNECTING_AT_ONCE, known=True)
        members = Members(here)
        say(number)
        while (asked := await heard()) is not None:
            say(await getattr(members, asked.pop("do"))(**asked))


if __name__ == "__main__":
    uvloop.run(run(int(sys.argv[1])))
