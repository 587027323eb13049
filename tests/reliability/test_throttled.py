"""With the gateway refusing posts, nobody who is connected stays behind unknowingly."""

import asyncio

from local.cloud import Cloud
from local.faults.values import Connections
from tests.support.api import Api

RETRIED_S = 20.0
CLOSED_S = 40.0


class TestThrottled:
    async def test_what_the_gateway_throttles_comes_again(self, api: Api, cloud: Cloud) -> None:
        alice, bob = await asyncio.gather(api.sign_up("alice"), api.sign_up("bob"))
        direct = await alice.direct(bob)
        anns, bobs = await alice.connect(), await bob.connect()
        await anns.say(direct, "before")
        await bobs.reach(direct, 2)
        await cloud.faults.apply(Connections(429, posts=2))
        (client_id,) = await anns.say(direct, "in the storm")
        await asyncio.gather(*(each.event(direct, client_id, within_s=RETRIED_S) for each in (anns, bobs)))
        assert not bobs.is_closed
        assert await cloud.faults.active() == []

    async def test_who_cannot_be_shown_anything_is_cut_off_and_syncs(self, api: Api, cloud: Cloud) -> None:
        """P9: no connected client stays behind unknowingly."""
        alice, bob = await asyncio.gather(api.sign_up("alice"), api.sign_up("bob"))
        direct = await alice.direct(bob)
        anns, bobs = await alice.connect(), await bob.connect()
        await cloud.faults.apply(Connections(429, seconds=CLOSED_S))
        try:
            await anns.say(direct, "unheard")
            await bobs.closed(within_s=CLOSED_S)
        finally:
            await cloud.faults.clear()
        again = await bob.connect()
        synced = await bob.sync({direct: {"seq": 1, "read_seq": 1}})
        (listed,) = synced["conversations"]
        assert [event["content"]["text"] for event in listed["events"]] == ["unheard"]
        await again.ping()
