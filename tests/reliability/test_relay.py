"""Kafka is down while a member is removed: it takes effect at once, and is told once when Kafka is back (P8, P9)."""

import asyncio

from local.cloud import Cloud
from tests.support.api import Api
from tests.support.socket import Frame, NotSeenError, Socket, events_of, message

BACK_WITHIN_S = 60.0


async def swept_until_told(cloud: Cloud, socket: Socket, conversation: str) -> Frame:
    """Let `relay` have its turn until it finds the outbox row old enough, and the log there."""
    async with asyncio.timeout(BACK_WITHIN_S):
        while True:
            cloud.runtime.schedules.trigger("natter-local-relay")
            try:
                frame = await socket.until(
                    lambda frame: any(event["type"] == "member_removed" for event in events_of(frame, conversation)),
                    within_s=3,
                )
            except NotSeenError:
                continue
            return next(event for event in events_of(frame, conversation) if event["type"] == "member_removed")


class TestRelay:
    async def test_tells_what_the_request_could_not(self, cloud: Cloud, api: Api) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        phone = await alice.connect()
        chat = await alice.group(bob)
        await phone.say(chat, "before")

        await cloud.engines["kafka"].kill()
        try:
            reply = await alice.call("DELETE", f"/v1/conversations/{chat}/members/{bob.user_id}")
            assert reply.refusal() == (503, "unavailable")
            assert (await bob.call("GET", f"/v1/conversations/{chat}/events")).refusal() == (403, "not_member")
        finally:
            await cloud.engines["kafka"].start()

        told = await swept_until_told(cloud, phone, chat)
        assert (told["seq"], told["user_id"], told["sender_id"]) == (3, bob.user_id, alice.user_id)
        (await alice.call("DELETE", f"/v1/conversations/{chat}/members/{bob.user_id}")).expect(204)
        await phone.say(chat, message("after", "m1"))
        assert (await phone.event(chat, "m1"))["seq"] == 4
