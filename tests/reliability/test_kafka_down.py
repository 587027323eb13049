"""Kafka is down for a while: clients are told so in time, and lose nothing (P1, P3, P9)."""

import time

from local.cloud import Cloud
from tests.support.api import Api
from tests.support.socket import message

TOLD_WITHIN_S = 5.0
BACK_WITHIN_S = 60.0


class TestKafkaDown:
    async def test_same_connection_works_again_and_the_frame_is_there_once(self, cloud: Cloud, api: Api) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        phone, tablet = await alice.connect(), await bob.connect()
        chat = await alice.direct(bob)
        await phone.say(chat, message("before", "m1"))
        await tablet.event(chat, "m1")
        frame = {"action": "send", "conversation_id": chat, "messages": [message("meanwhile", "m2")]}

        await cloud.engines["kafka"].kill()
        try:
            began = time.monotonic()
            answer = await phone.ask(frame)
            assert (answer["type"], answer["code"], answer["client_ids"]) == ("error", "unavailable", ["m2"])
            assert answer["retry_after_ms"] > 0
            assert time.monotonic() - began < TOLD_WITHIN_S
            await phone.ping()
            assert [event["seq"] for event in await bob.history(chat)] == [1, 2]
        finally:
            await cloud.engines["kafka"].start()

        await phone.insist(frame, within_s=BACK_WITHIN_S)
        assert (await tablet.event(chat, "m2", within_s=BACK_WITHIN_S))["seq"] == 3
        await phone.say(chat, message("after", "m3"))
        assert (await tablet.event(chat, "m3"))["seq"] == 4
        messages = [event for event in await bob.history(chat) if event["type"] == "message"]
        assert [event["client_id"] for event in messages] == ["m1", "m2", "m3"]
