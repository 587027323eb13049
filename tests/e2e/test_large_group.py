"""More people than one batch can be shown to: nobody misses anything, and nobody beside them waits."""

import asyncio
from itertools import batched

from tests.support.api import Api
from tests.support.socket import Socket

MEMBERS, SOCKETS_EACH = 25, 10
"""Together more than `persist` posts itself."""
AT_ONCE = 5
"""Connecting at the same time."""
MESSAGES = 10
SHOWN_S = 60.0
BESIDE_S = 5.0
"""How long a message of two people may take while everybody is shown something: on a machine that does all of it."""


def places(socket: Socket, conversation: str) -> list[int]:
    """Of the messages: the first who connect may still be shown live that the group was made."""
    return [event["seq"] for event in socket.shown(conversation) if event["type"] == "message"]


async def all_shown(socket: Socket, conversation: str) -> None:
    """Wait until the messages have arrived, in whatever order."""
    await socket.until(lambda _: len(places(socket, conversation)) >= MESSAGES, within_s=SHOWN_S)


class TestLargeGroup:
    async def test_everybody_is_shown_everything_once_and_two_people_beside_it_do_not_wait(self, api: Api) -> None:
        """P1, P2."""
        members = [await api.sign_up(f"member{number}") for number in range(MEMBERS)]
        group, direct = await members[0].group(*members[1:]), await members[0].direct(members[1])
        sockets: list[Socket] = []
        for few in batched(members * SOCKETS_EACH, AT_ONCE, strict=False):
            sockets += await asyncio.gather(*(member.connect() for member in few))
        first, second = sockets[:2]

        async def talk() -> None:
            for number in range(MESSAGES):
                await first.say(group, f"to everybody: {number}")

        async def talk_beside() -> None:
            for number in range(MESSAGES):
                (client_id,) = await second.say(direct, f"to one: {number}")
                await first.event(direct, client_id, within_s=BESIDE_S)

        await asyncio.gather(talk(), talk_beside())
        for socket in sockets:
            await all_shown(socket, group)
        history = {event["seq"]: event for event in await members[0].history(group)}
        for socket in sockets:
            assert sorted(places(socket, group)) == list(range(2, MESSAGES + 2))
            assert all(event == history[event["seq"]] for event in socket.shown(group))
