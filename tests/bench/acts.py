"""What people do, one thing after the other: each is done a number of times, and its requests are counted."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Self

from local.cloud import Cloud
from tests.bench.sleepers import Sleepers, sleepers
from tests.bench.warm import patiently
from tests.support.api import Api, Reply, User
from tests.support.socket import Frame, Socket, message

WORDS = "Shall we meet at seven, at the usual place?"
GROUP = 10
PAGE = 50
WITHIN_S = 30.0
LEAVES_S = 17.0
"""Somebody is offline 15 s after their last connection has gone: only then all of it has happened."""
WAKES_S = 5.0
"""A push waits for two seconds, and the queue's clock is in seconds."""


class CountingApi(Api):
    """Counts its requests, and what is answered (without headers)."""

    requests = 0
    answered_bytes = 0

    async def call(self, *args: Any, **named: Any) -> Reply:
        reply = await super().call(*args, **named)
        self.requests += 1
        self.answered_bytes += 0 if reply.body is None else len(json.dumps(reply.body))
        return reply


@dataclass
class Stage:
    """Who is there: a pair, a group of ten, and people who are away, each in a conversation with the first."""

    cloud: Cloud
    api: CountingApi
    people: Sequence[User]
    sockets: list[Socket]
    pair: str
    group: str
    away: Sleepers
    away_chats: Sequence[str]
    seq: int = 0
    """How far the pair's other side has read."""
    closed: list[Socket] = field(default_factory=list)

    @classmethod
    async def built(cls, cloud: Cloud, stack: AsyncExitStack, *, away: int) -> Self:
        api = await stack.enter_async_context(CountingApi(cloud.app.outputs))
        people = [await patiently(lambda: api.sign_up("person")) for _ in range(GROUP)]
        sockets = [await patiently(person.connect) for person in people]
        first, second, *others = people
        pair = await patiently(lambda: first.direct(second))
        group = await patiently(lambda: first.group(second, *others))
        asleep = await stack.enter_async_context(sleepers(cloud, api, number=away))
        chats = [await patiently(lambda other=other: _direct(first, other)) for other in asleep.ids]  # type: ignore[misc]
        return cls(cloud, api, people, sockets, pair, group, asleep, chats)

    def client(self) -> Mapping[str, float]:
        """What clients have seen so far."""
        frames = [frame for socket in (*self.sockets, *self.closed) for frame in socket.frames]
        return {
            "gateway.frames_out": len(frames),
            "gateway.bytes_out": sum(len(json.dumps(frame, ensure_ascii=False)) for frame in frames),
            "http.requests": self.api.requests,
            "http.bytes_out": self.api.answered_bytes,
        }

    async def say(self, conversation: str, seen_by: Sequence[Socket]) -> Frame:
        """One message; back when it is on all these screens."""
        said = message(WORDS)
        frame = {"action": "send", "conversation_id": conversation, "messages": [said]}
        answer = await self.sockets[0].ask(frame)
        assert answer["type"] == "ack", answer
        found = await asyncio.gather(*(each.event(conversation, said["client_id"]) for each in seen_by))
        return found[0]

    async def direct_message(self) -> None:
        await self.say(self.pair, self.sockets[:2])

    async def group_message(self) -> None:
        await self.say(self.group, self.sockets)

    async def message_to_somebody_away(self) -> None:
        await self.say(self.away_chats[self.seq % len(self.away_chats)], self.sockets[:1])
        self.seq += 1

    async def receipt(self) -> None:
        """Of the pair's next message: the other is told."""
        self.seq += 1
        seq, (writer, reader, *_) = self.seq, self.sockets
        since = len(writer.frames)
        answer = await reader.ask({"action": "read", "conversation_id": self.pair, "seq": seq})
        assert answer["type"] == "ok", answer
        await writer.until(lambda frame: frame.get("type") == "receipt", since=since, within_s=WITHIN_S)

    async def typing(self) -> None:
        """Passed on every two seconds."""
        since = len(self.sockets[1].frames)
        await self.sockets[0].send({"action": "typing", "conversation_id": self.pair, "state": "started"})
        await self.sockets[1].until(lambda frame: frame.get("type") == "typing", since=since)
        await asyncio.sleep(2.1)

    async def ping(self) -> None:
        await self.sockets[0].ping()

    async def connection(self) -> None:
        """A ticket, the upgrade, a sync, the end."""
        socket = await self.people[2].connect()
        await self.people[2].sync({self.group: {"seq": 1, "read_seq": 1}})
        await socket.close()
        self.closed.append(socket)

    async def watch(self) -> None:
        await self.sockets[0].ask({"action": "watch", "user_ids": [person.user_id for person in self.people[1:]]})

    async def refresh(self) -> None:
        body = {"refresh_token": self.people[3].refresh_token}
        renewed = (await self.api.call("POST", "/v1/sessions/refresh", body)).expect(200)
        self.people[3].refresh_token = renewed["refresh_token"]

    async def page_of_history(self) -> None:
        await self.people[0].page(self.pair, after=0, limit=PAGE)

    async def inbox(self) -> None:
        (await self.people[0].call("GET", "/v1/conversations")).expect(200)


@dataclass(frozen=True, kw_only=True)
class Act:
    does: Callable[[Stage], Awaitable[None]]
    times: int
    about: str
    quiet_s: float = 2.5
    """Nothing has happened for so long: then all of it has."""
    in_ledger: bool = False
    """The ledger looks at it, within the minute."""


ACTS: Mapping[str, Act] = {
    "direct message": Act(
        does=Stage.direct_message, times=20, in_ledger=True, about="both are connected, with one device each"
    ),
    "group message": Act(
        does=Stage.group_message, times=10, in_ledger=True, about=f"all {GROUP} are connected, with one device each"
    ),
    "away message": Act(
        does=Stage.message_to_somebody_away,
        times=10,
        quiet_s=WAKES_S,
        in_ledger=True,
        about="direct; the other is not connected, and their browser is woken",
    ),
    "receipt": Act(does=Stage.receipt, times=8, about="of a direct message: its author is told"),
    "typing": Act(does=Stage.typing, times=4, about="in a direct conversation: the other is told"),
    "ping": Act(does=Stage.ping, times=10, about="and its pong"),
    "connection": Act(
        does=Stage.connection, times=5, quiet_s=LEAVES_S, about="a ticket, the upgrade, a sync, the end, presence"
    ),
    "watch": Act(does=Stage.watch, times=5, about="the presence of nine people"),
    "refresh": Act(does=Stage.refresh, times=5, about="a session's tokens"),
    "inbox": Act(does=Stage.inbox, times=5, about="the first page"),
    "history": Act(does=Stage.page_of_history, times=5, about=f"a page of {PAGE} events"),
}


async def _direct(user: User, other: str) -> str:
    reply = await user.call("POST", "/v1/conversations", {"kind": "direct", "members": [other]})
    assert reply.status in {200, 201}, reply
    return str(reply.body["conversation_id"])
