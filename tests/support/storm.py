"""Everybody in a group talks at once; what must be true of it afterwards."""

import asyncio
from collections.abc import Sequence

from tests.support.follower import Follower
from tests.support.history import Sent, violations

MEMBERS, DEVICES_EACH, MESSAGES_EACH = 10, 2, 50
HEAD = 1 + MEMBERS * DEVICES_EACH * MESSAGES_EACH
"""With the event that creates the group."""
SETTLED_S = 60.0


async def storm(followers: Sequence[Follower]) -> list[list[Sent]]:
    """Each message after the ack of the one before; what each device has sent."""

    async def talk(follower: Follower, number: int) -> list[Sent]:
        return [await follower.say(f"{number}: {line}") for line in range(MESSAGES_EACH)]

    return list(await asyncio.gather(*(talk(follower, number) for number, follower in enumerate(followers))))


async def check(followers: Sequence[Follower], lanes: Sequence[Sequence[Sent]]) -> None:
    """None lost, none twice, one order for all, history as it was seen live (P1-P5)."""
    await asyncio.gather(*(follower.reach(HEAD, within_s=SETTLED_S) for follower in followers))
    history = await followers[0].user.history(followers[0].conversation)
    seen = {f"{follower.user.username} on {follower.user.device_id}": follower.seen for follower in followers}
    assert violations(lanes=lanes, history=history, seen=seen) == []
    assert [clash for follower in followers for clash in follower.clashes] == []
    assert len(history) == HEAD
