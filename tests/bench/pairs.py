"""
Twenty pairs of users who talk, well-behaved, in a process of their own: how long their messages take, and whether
all of them are where they should be.

`python -m tests.bench.pairs HTTP_URL`: says who they are; for each `{"seconds": N}` it is told, talks as long
and says what that was like; told `null`, it says what is wrong with what became of it all.
"""

import asyncio
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import uvloop

from tests.bench.child import heard, say
from tests.bench.latency import percentile
from tests.support.api import Api, User
from tests.support.findings import Run, findings
from tests.support.ledger import Ledger, commands_of
from tests.support.socket import Frame, NotSeenError, Socket, SocketClosedError, events_of, message

PAIRS = 20
EVERY_S = 1.0
"""Between two messages of one talker."""
WARM_S = 3.0
"""Others talk first, so that functions have started when it counts."""
SIGN_UPS_AT_ONCE = 4
ARRIVES_WITHIN_S = 15.0


@dataclass
class Talker:
    user: User
    socket: Socket
    ledger: Ledger
    name: str
    conversation: str = ""
    refused: list[Frame] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.user_id = self.user.user_id

    async def talk(self, words: str, *, first_s: float, seconds: float) -> dict[str, float]:
        """A message now and then, each after the answer to the one before: when each was called, by client id."""
        called: dict[str, float] = {}
        due = time.perf_counter() + first_s
        end = time.perf_counter() + seconds
        while due < end:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            due += EVERY_S
            said = message(words)
            called[said["client_id"]] = time.perf_counter()
            await self._send({"action": "send", "conversation_id": self.conversation, "messages": [said]})
        return called

    async def _send(self, frame: Frame) -> None:
        commands = commands_of(frame, self)
        self.ledger.attempted |= {command.key for command in commands}
        try:
            answer = await self.socket.insist(frame, within_s=ARRIVES_WITHIN_S, after=("unavailable",))
        except (AssertionError, TimeoutError, SocketClosedError) as error:
            answer = {"error": str(error)}
        if answer.get("type") == "ack":
            self.ledger.acknowledged += commands
        else:
            self.refused.append(answer)

    async def arrivals(self, awaited: set[str]) -> dict[str, float]:
        """When each of these messages was on this screen; those that do not come are left out."""
        missing = set(awaited)

        def is_all(frame: Frame) -> bool:
            missing.difference_update(self._client_ids(frame))
            return not missing

        if missing:
            try:
                await self.socket.until(is_all, within_s=ARRIVES_WITHIN_S)
            except (NotSeenError, SocketClosedError) as error:
                self.refused.append({"missing": sorted(missing), "error": str(error)})
        found: dict[str, float] = {}
        for frame, at in zip(self.socket.frames, self.socket.times, strict=True):
            for client_id in awaited & set(self._client_ids(frame)):
                found.setdefault(client_id, at)
        return found

    def _client_ids(self, frame: Frame) -> list[str]:
        if frame.get("type") != "events" or frame["conversation_id"] != self.conversation:
            return []
        return [event["client_id"] for event in frame["events"] if "client_id" in event]

    def wrong(self) -> list[str]:
        """What they were refused, or did not see; whether they were cut off. A frame may come twice (protocol, 3)."""
        for frame in self.socket.frames:
            self.ledger.shown(self, self.conversation, list(events_of(frame, self.conversation)))
        found = [f"{self.name} was refused {answer}" for answer in self.refused]
        if self.socket.is_closed:
            found.append(f"{self.name} was cut off")
        return found


async def pairs_of(api: Api, ledger: Ledger, *, number: int = PAIRS) -> list[tuple[Talker, Talker]]:
    gate = asyncio.Semaphore(SIGN_UPS_AT_ONCE)

    async def join(name: str) -> Talker:
        async with gate:
            user = await api.sign_up(name)
            return Talker(user, await user.connect(), ledger, user.username)

    async def pair() -> tuple[Talker, Talker]:
        one, other = await asyncio.gather(join("one"), join("other"))
        one.conversation = other.conversation = await one.user.direct(other.user)
        return one, other

    return await asyncio.gather(*(pair() for _ in range(number)))


async def measured(pairs: list[tuple[Talker, Talker]], *, seconds: float) -> dict[str, Any]:
    """Everybody talks, at different moments; milliseconds from the call to the other's screen."""
    turns = [(one, other) for pair in pairs for one, other in (pair, pair[::-1])]
    called = await asyncio.gather(
        *(
            talker.talk(f"How are you today, {number}?", first_s=EVERY_S * number / len(turns), seconds=seconds)
            for number, (talker, _) in enumerate(turns)
        )
    )
    took_ms = []
    for (_, listener), said in zip(turns, called, strict=True):
        shown = await listener.arrivals(set(said))
        took_ms += [1000 * (shown[client_id] - at) for client_id, at in said.items() if client_id in shown]
    return {
        "sent": sum(map(len, called)),
        "shown": len(took_ms),
        "p50": percentile(took_ms, 50),
        "p99": percentile(took_ms, 99),
        "max": max(took_ms),
    }


async def verdict(pairs: list[tuple[Talker, Talker]], ledger: Ledger) -> list[str]:
    """Nothing lost, repeated, out of order, or refused, in the log and on the screens."""
    wrong = [finding for pair in pairs for talker in pair for finding in talker.wrong()]
    histories = {one.conversation: await one.user.history(one.conversation) for one, _ in pairs}
    return wrong + findings(Run(ledger=ledger, histories=histories, screens=()))


async def run(url: str) -> None:
    ledger = Ledger()
    async with Api({"HttpUrl": url, "WebSocketUrl": ""}) as api:
        await measured(await pairs_of(api, Ledger(), number=2), seconds=WARM_S)
        pairs = await pairs_of(api, ledger)
        say([{"user_id": each.user_id, "username": each.user.username} for pair in pairs for each in pair])
        while (task := await heard()) is not None:
            say(await measured(pairs, seconds=task["seconds"]))
        say(await verdict(pairs, ledger))


if __name__ == "__main__":
    uvloop.run(run(sys.argv[1]))
