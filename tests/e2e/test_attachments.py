"""Files: announced, uploaded to the store itself, shown by a message, downloaded by its members alone."""

import asyncio
import os

import pytest

from local.process import poll
from tests.support.api import Api, User
from tests.support.files import announce, attach, download, link, post, showing
from tests.support.socket import Socket

CAT = os.urandom(300_000)
GONE_WITHIN_S = 30.0


async def a_chat(api: Api) -> tuple[User, User, Socket, str]:
    alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
    chat = await alice.direct(bob)
    phone = await alice.connect()
    return alice, bob, phone, chat


async def until_gone(reader: User, chat: str, attachment: str) -> None:
    async def gone() -> bool:
        reply = await link(reader, chat, attachment)
        assert reply.status in {302, 404}
        return reply.status == 404

    await asyncio.wait_for(poll(gone), GONE_WITHIN_S)


class TestAttachments:
    async def test_what_one_sends_the_other_sees(self, api: Api) -> None:
        alice, bob, phone, chat = await a_chat(api)
        desk = await bob.connect()
        cat = await attach(alice, chat, CAT, name="Жуки & \N{CAT FACE}.png")
        await phone.say(chat, showing(cat, "m1"))
        event = await desk.event(chat, "m1")
        assert event["content"] == {"type": "attachment", "attachment_id": cat, "text": "look"}
        for reader in (alice, bob):
            reply = await link(reader, chat, event["content"]["attachment_id"])
            assert (reply.status, reply.body) == (302, None)
            found = await download(reply.headers["Location"])
            assert (found.body, found.name, found.content_type) == (CAT, "Жуки & \N{CAT FACE}.png", "image/png")

    @pytest.mark.parametrize("body", [CAT[:-1], CAT + b"!", bytes(len(CAT))], ids=["short", "long", "other"])
    async def test_only_what_was_announced_is_taken(self, api: Api, body: bytes) -> None:
        alice, _, phone, chat = await a_chat(api)
        made = (await announce(alice, chat, CAT)).expect(201)
        assert await post(made["upload"], body) in {400, 403}
        frame = {"action": "send", "conversation_id": chat, "messages": [showing(made["attachment_id"], "m1")]}
        error = await phone.ask(frame)
        assert (error["type"], error["code"], error["client_ids"]) == ("error", "not_found", ["m1"])
        assert error["detail"].startswith("messages.0.content.attachment_id")

    async def test_a_form_is_good_for_one_file_alone(self, api: Api) -> None:
        alice, _, _, chat = await a_chat(api)
        upload = (await announce(alice, chat, CAT)).expect(201)["upload"]
        assert await post(upload, CAT, {"key": "shown/elsewhere/file"}) == 403
        assert await post(upload, CAT, {"Content-Type": "text/html"}) == 403

    async def test_strangers_get_nothing(self, api: Api) -> None:
        """P8."""
        alice, _, phone, chat = await a_chat(api)
        cat = await attach(alice, chat, CAT)
        await phone.say(chat, showing(cat, "m1"))
        mallory = await api.sign_up("mallory")
        assert (await announce(mallory, chat, CAT)).refusal() == (403, "not_member")
        assert (await link(mallory, chat, cat)).refusal() == (403, "not_member")
        theirs = await mallory.direct(alice)
        assert (await link(mallory, theirs, cat)).refusal() == (404, "not_found")

    async def test_it_is_shown_by_who_uploaded_it_where_it_was_uploaded(self, api: Api) -> None:
        """P8."""
        alice, bob, phone, chat = await a_chat(api)
        desk = await bob.connect()
        elsewhere = await alice.group(bob)
        cat = await attach(alice, chat, CAT)
        for socket, conversation in ((desk, chat), (phone, elsewhere)):
            frame = {"action": "send", "conversation_id": conversation, "messages": [showing(cat, "m1")]}
            assert (await socket.ask(frame))["code"] == "not_found"

    async def test_sending_again_is_the_same_message(self, api: Api) -> None:
        """P3."""
        alice, _, phone, chat = await a_chat(api)
        cat = await attach(alice, chat, CAT)
        for _ in range(2):
            await phone.say(chat, showing(cat, "m1"))
        await phone.say(chat, "after")
        await phone.reach(chat, 3)
        shown = [event for event in await alice.history(chat) if event.get("client_id") == "m1"]
        assert [event["content"]["attachment_id"] for event in shown] == [cat]

    async def test_nothing_is_downloaded_before_it_is_shown(self, api: Api) -> None:
        alice, bob, _, chat = await a_chat(api)
        cat = await attach(alice, chat, CAT)
        for reader, attachment in ((alice, cat), (bob, cat), (bob, "nothing")):
            assert (await link(reader, chat, attachment)).refusal() == (404, "not_found")

    async def test_it_goes_with_the_message(self, api: Api) -> None:
        """What it showed first, too."""
        alice, bob, phone, chat = await a_chat(api)
        cat, dog = await attach(alice, chat, CAT), await attach(alice, chat, CAT)
        await phone.say(chat, showing(cat, "m1"))
        seq = (await phone.event(chat, "m1"))["seq"]
        edit = {"action": "edit", "conversation_id": chat, "target_seq": seq, **showing(dog, "e1")}
        assert (await phone.ask(edit))["type"] == "ack"
        await phone.event(chat, "e1")
        for shown in (cat, dog):
            (await link(bob, chat, shown)).expect(302)
        delete = {"action": "delete", "conversation_id": chat, "target_seq": seq, "client_id": "d1"}
        assert (await phone.ask(delete))["type"] == "ack"
        for gone in (cat, dog):
            await until_gone(bob, chat, gone)

    @pytest.mark.parametrize(
        "changes", [{"size": 100 * 1024 * 1024 + 1}, {"name": ""}, {"content_type": "cat"}, {"sha256": "x"}], ids=str
    )
    async def test_what_makes_no_sense_is_refused(self, api: Api, changes: dict[str, object]) -> None:
        alice, _, _, chat = await a_chat(api)
        reply = await announce(alice, chat, CAT, **changes)
        assert reply.refusal() == (400, "bad_request")
        assert reply.body["detail"].startswith(next(iter(changes)))
