"""Kafka is down for a while: clients are told so in time, and lose nothing (P1, P3, P9)."""

import secrets
import time

from local.cloud import Cloud
from tests.support.api import Api
from tests.support.socket import message

TOLD_WITHIN_S = 15.0
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


class TestGroupMadeMeanwhile:
    async def test_what_its_members_send_is_refused_until_the_log_knows_of_them(self, cloud: Cloud, api: Api) -> None:
        """Never acknowledged, and refused for ever: the founder's, the newcomer's, the other's of a direct one."""
        alice, bob, carol = await api.sign_up("alice"), await api.sign_up("bob"), await api.sign_up("carol")
        phone, tablet, desk = await alice.connect(), await bob.connect(), await carol.connect()
        group = secrets.token_hex(8)
        body = {"kind": "group", "title": "Lobby", "members": [], "conversation_id": group}

        await cloud.engines["kafka"].kill()
        try:
            assert (await alice.call("POST", "/v1/conversations", body)).refusal() == (503, "unavailable")
            added = await alice.call("POST", f"/v1/conversations/{group}/members", {"user_ids": [bob.user_id]})
            assert added.refusal() == (503, "unavailable")
            begun = await alice.call("POST", "/v1/conversations", {"kind": "direct", "members": [carol.user_id]})
            assert begun.refusal() == (503, "unavailable")
            (item,) = (await carol.call("GET", "/v1/conversations")).expect(200)["items"]
            direct = item["conversation_id"]
            for socket, chat in ((phone, group), (tablet, group), (desk, direct)):
                frame = {"action": "send", "conversation_id": chat, "messages": [message("too early", "early")]}
                assert (await socket.ask(frame))["code"] == "unavailable"
        finally:
            await cloud.engines["kafka"].start()

        for socket, chat in ((tablet, group), (phone, group), (desk, direct)):
            frame = {"action": "send", "conversation_id": chat, "messages": [message("now", "early")]}
            await socket.insist(frame, within_s=BACK_WITHIN_S)
        await phone.say(group, message("after", "late"))
        await tablet.event(group, "late", within_s=BACK_WITHIN_S)
        events = await bob.history(group)
        assert [event["type"] for event in await alice.history(group)][:2] == ["conversation_created", "member_added"]
        said = [(event["sender_id"], event["client_id"]) for event in events if event["type"] == "message"]
        assert said == [(bob.user_id, "early"), (alice.user_id, "early"), (alice.user_id, "late")]
        await desk.event(direct, "early", within_s=BACK_WITHIN_S)
