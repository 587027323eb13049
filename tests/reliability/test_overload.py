"""
A partition whose consumer is slowed down, while more is pushed into it than it takes.

What is acknowledged is shown in time all the same, who is not knows it, nothing is lost, and next door nobody notices.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from infra.config import LOCAL
from local.cloud import Cloud
from local.faults.values import Delay
from natter.adapters.kafka.partitioner import partition_of
from natter.domain.ids import new_id
from natter.domain.messages.backlog import MOST_MS
from tests.support.api import Api, User
from tests.support.socket import Frame, Socket, events_of, message

SLOWED_S = 1.5
"""Each batch takes so much longer."""
TALKERS = 8
EACH = 60
"""Messages of one talker, each in a frame of its own and all at once: what a user's limit leaves room for."""
PUSH_S = 12.0
"""So long it is slow, and then what is left is sent."""
DONE_S = 60.0
MARGIN_S = 15.0
"""For a machine that is busy with something else: what nobody is refused for waits longer, and is told by nobody."""
IN_TIME_S = MOST_MS / 1000 + 2 * SLOWED_S + MARGIN_S
"""What may wait, the batch under way, and one's own."""


@dataclass
class Said:
    """One message, insisted on."""

    socket: Socket
    conversation: str
    words: Frame = field(default_factory=lambda: message("push"))
    refusals: list[Frame] = field(default_factory=list)
    acked_at: float = 0.0

    async def __call__(self) -> None:
        frame = {"action": "send", "conversation_id": self.conversation, "messages": [self.words]}
        while (answer := await self.socket.ask(frame, within_s=DONE_S))["type"] != "ack":
            self.refusals.append(answer)
            await asyncio.sleep(answer["retry_after_ms"] / 1000)
        self.acked_at = time.perf_counter()

    def shown_at(self, listener: Socket) -> float:
        return next(
            at
            for frame, at in zip(listener.frames, listener.times, strict=True)
            for event in events_of(frame, self.conversation)
            if event.get("client_id") == self.words["client_id"]
        )


def an_id(is_wanted: Callable[[int], bool]) -> str:
    """Of a conversation in a partition that is wanted."""
    return next(each for each in iter(new_id, None) if is_wanted(partition_of(each, LOCAL.partitions)))


async def group(owner: User, conversation: str, *others: User) -> str:
    members = [other.user_id for other in others]
    body = {"kind": "group", "title": "Group", "conversation_id": conversation, "members": members}
    (await owner.call("POST", "/v1/conversations", body)).expect(201)
    return conversation


async def pushed(talkers: Sequence[tuple[Socket, str]]) -> list[Said]:
    said = [Said(socket, conversation) for socket, conversation in talkers for _ in range(EACH)]
    await asyncio.gather(*(each() for each in said))
    return said


class TestOverload:
    async def test_what_is_acknowledged_is_shown_in_time_and_the_rest_is_told_to_wait(
        self, api: Api, cloud: Cloud
    ) -> None:
        """P1, P9."""
        listener, near, *people = await asyncio.gather(*(api.sign_up(f"u{n}") for n in range(TALKERS + 2)))
        here = partition_of(first := new_id(), LOCAL.partitions)
        ids = [first, *(an_id(lambda number: number == here) for _ in people[1:])]
        groups = [await group(owner, each, listener) for owner, each in zip(people, ids, strict=True)]
        next_door = await group(near, an_id(lambda number: number != here), listener)
        ears, nears, *sockets = [await each.connect() for each in (listener, near, *people)]
        talks = list(zip(sockets, groups, strict=True))
        for socket, conversation in talks:  # warm
            (client_id,) = await socket.say(conversation, "hello")
            await ears.event(conversation, client_id)
        await cloud.faults.apply(Delay("persist", ms=1000 * SLOWED_S, seconds=DONE_S))
        try:
            for words in ("it is slow", "today"):  # whoever looks has to connect first
                (client_id,) = await sockets[0].say(first, words)
                await ears.event(first, client_id)
            pushing = asyncio.create_task(pushed(talks))
            quiet: list[Said] = []
            end = time.perf_counter() + PUSH_S
            while not pushing.done() and time.perf_counter() < end:
                quiet.append(Said(nears, next_door))
                await quiet[-1]()
                await asyncio.wait([pushing], timeout=1)
        finally:
            await cloud.faults.clear()
        said = await pushing
        for each in (*said, *quiet):
            await ears.event(each.conversation, each.words["client_id"], within_s=DONE_S)
        refusals = [refusal for each in said for refusal in each.refusals if refusal["code"] == "unavailable"]
        assert len(refusals) > TALKERS
        assert all(500 <= refusal["retry_after_ms"] < 60_000 for refusal in refusals)
        assert [each.refusals for each in quiet if each.refusals] == []
        waits = [each.shown_at(ears) - each.acked_at for each in (*said, *quiet)]
        assert max(waits) < IN_TIME_S
        for conversation in groups:
            shown = [event["client_id"] for event in await listener.history(conversation) if event["type"] == "message"]
            pushed_here = [each.words["client_id"] for each in said if each.conversation == conversation]
            assert len(shown) == len(set(shown)) >= EACH + 1
            assert set(shown) >= set(pushed_here)
