"""Files: announced, uploaded to the store itself, shown by a message, downloaded by its members alone."""

import os

import pytest

from tests.support.api import PASSWORD, Api, User
from tests.support.files import announce, attach, download, link, post, showing
from tests.support.socket import Socket, message

CAT = os.urandom(300_000)


async def a_chat(api: Api) -> tuple[User, User, Socket, str]:
    alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
    chat = await alice.direct(bob)
    phone = await alice.connect()
    return alice, bob, phone, chat


async def say(phone: Socket, chat: str, action: str, client_id: str, seq: int, **fields: object) -> None:
    """Ask for a change of the message at `seq`, and wait until it has happened."""
    frame = {"action": action, "conversation_id": chat, "target_seq": seq, "client_id": client_id, **fields}
    assert (await phone.ask(frame))["type"] == "ack"
    await phone.event(chat, client_id)


async def shown(phone: Socket, chat: str, attachment: str, client_id: str) -> int:
    """The place of a message that shows a file."""
    await phone.say(chat, showing(attachment, client_id))
    return int((await phone.event(chat, client_id))["seq"])


async def is_there(reader: User, chat: str, attachment: str) -> bool:
    reply = await link(reader, chat, attachment)
    if reply.status == 302:
        await download(reply.headers["Location"])
    else:
        assert reply.refusal() == (404, "not_found")
    return reply.status == 302


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
        assert await post(upload, CAT, {"key": "shown/elsewhere/me/file"}) == 403
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
        """What it showed before an edit goes with that."""
        alice, bob, phone, chat = await a_chat(api)
        cat, dog = await attach(alice, chat, CAT), await attach(alice, chat, CAT)
        seq = await shown(phone, chat, cat, "m1")
        assert await is_there(bob, chat, cat)
        await say(phone, chat, "edit", "e1", seq, content=showing(dog, "e1")["content"])
        assert [await is_there(bob, chat, each) for each in (cat, dog)] == [False, True]
        await say(phone, chat, "delete", "d1", seq)
        assert [await is_there(bob, chat, each) for each in (cat, dog)] == [False, False]

    async def test_it_stays_as_long_as_one_of_several_messages_shows_it(self, api: Api) -> None:
        alice, bob, phone, chat = await a_chat(api)
        cat = await attach(alice, chat, CAT)
        seqs = [await shown(phone, chat, cat, client_id) for client_id in ("m1", "m2")]
        await say(phone, chat, "delete", "d1", seqs[0])
        assert await is_there(bob, chat, cat)
        await say(phone, chat, "delete", "d2", seqs[1])
        assert not await is_there(bob, chat, cat)

    async def test_repeating_the_frame_of_a_deleted_message_does_not_bring_it_back(self, api: Api) -> None:
        alice, bob, phone, chat = await a_chat(api)
        cat = await attach(alice, chat, CAT)
        seq = await shown(phone, chat, cat, "m1")
        await say(phone, chat, "delete", "d1", seq)
        since = len(phone.frames)
        await phone.say(chat, showing(cat, "m1"))
        told = await phone.until(lambda frame: frame["type"] == "events", since=since)
        assert [(event["seq"], "content" in event) for event in told["events"]] == [(seq, False)]
        for reader in (alice, bob):
            assert not await is_there(reader, chat, cat)

    async def test_a_refused_edit_shows_nothing(self, api: Api) -> None:
        alice, bob, phone, chat = await a_chat(api)
        desk = await bob.connect()
        await desk.say(chat, message("mine", "b1"))
        seq = (await phone.event(chat, "b1"))["seq"]
        cat = await attach(alice, chat, CAT)
        await phone.ask({"action": "edit", "conversation_id": chat, "target_seq": seq, **showing(cat, "e1")})
        refusal = await phone.until(lambda frame: frame.get("code") == "forbidden")
        assert refusal["client_ids"] == ["e1"]
        for reader in (alice, bob):
            assert not await is_there(reader, chat, cat)

    async def test_who_was_added_later_does_not_get_what_came_before(self, api: Api) -> None:
        """P8."""
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        group, phone = await alice.group(), await alice.connect()
        cat = await attach(alice, group, CAT)
        await shown(phone, group, cat, "m1")
        (await alice.call("POST", f"/v1/conversations/{group}/members", {"user_ids": [bob.user_id]})).expect(200)
        await phone.say(group, message("hello", "m2"))
        await phone.event(group, "m2")
        assert not await is_there(bob, group, cat)
        await shown(phone, group, cat, "m3")
        assert await is_there(bob, group, cat)

    async def test_it_is_refused_from_the_moment_that_its_sender_wants_to_be_erased(self, api: Api) -> None:
        alice, bob, phone, chat = await a_chat(api)
        cat = await attach(alice, chat, CAT)
        await shown(phone, chat, cat, "m1")
        assert await is_there(bob, chat, cat)
        (await alice.call("DELETE", "/v1/users/me", {"password": PASSWORD})).expect(202)
        assert not await is_there(bob, chat, cat)

    @pytest.mark.parametrize(
        "changes", [{"size": 100 * 1024 * 1024 + 1}, {"name": ""}, {"content_type": "cat"}, {"sha256": "x"}], ids=str
    )
    async def test_what_makes_no_sense_is_refused(self, api: Api, changes: dict[str, object]) -> None:
        alice, _, _, chat = await a_chat(api)
        reply = await announce(alice, chat, CAT, **changes)
        assert reply.refusal() == (400, "bad_request")
        assert reply.body["detail"].startswith(next(iter(changes)))
