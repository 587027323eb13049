"""What becomes of messages: edits, deletions and reactions, live and in history, and what is refused."""

from typing import Any

import pytest

from tests.support.api import Api, User
from tests.support.socket import Frame, Socket, message, text


def asking(action: str, conversation: str, client_id: str, target_seq: int, **fields: Any) -> Frame:
    return {
        "action": action,
        "conversation_id": conversation,
        "client_id": client_id,
        "target_seq": target_seq,
        **fields,
    }


AMENDMENTS: dict[str, dict[str, Any]] = {
    "edit": {"content": text("better")},
    "delete": {},
    "react": {"reaction": "👍"},
}


async def amend(socket: Socket, action: str, conversation: str, client_id: str, target_seq: int) -> Frame:
    """The live event of an amendment."""
    await acknowledged(socket, asking(action, conversation, client_id, target_seq, **AMENDMENTS[action]))
    return await socket.event(conversation, client_id)


async def acknowledged(socket: Socket, frame: Frame) -> None:
    answer = await socket.ask(frame)
    assert answer["type"] == "ack", answer
    assert [frame["client_id"]] == [each["client_id"] for each in answer["accepted"]]


async def refused(socket: Socket, frame: Frame) -> str:
    """The code with which the fold refuses what was acknowledged before."""
    await acknowledged(socket, frame)
    error = await socket.until(
        lambda answer: answer["type"] == "error" and answer.get("client_ids") == [frame["client_id"]]
    )
    assert frame["conversation_id"] == error["conversation_id"]
    return str(error["code"])


async def said(socket: Socket, conversation: str, words: str = "first", client_id: str = "m1") -> int:
    """The place of a message."""
    await socket.say(conversation, message(words, client_id))
    return int((await socket.event(conversation, client_id))["seq"])


async def in_history(user: User, conversation: str, seq: int) -> Frame:
    (event,) = [event for event in await user.history(conversation) if event["seq"] == seq]
    return event


class TestEdits:
    async def test_everybody_sees_an_edit_live_and_the_message_as_edited_in_history(self, api: Api) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        phone, tablet = await alice.connect(), await bob.connect()
        chat = await alice.direct(bob)
        seq = await said(phone, chat)
        event = await amend(phone, "edit", chat, "e1", seq)
        assert event == {
            "seq": seq + 1,
            "type": "edit",
            "at": event["at"],
            "sender_id": alice.user_id,
            "client_id": "e1",
            "target_seq": seq,
            "content": text("better"),
        }
        assert event == await tablet.event(chat, "e1")
        shown = await in_history(bob, chat, seq)
        assert (shown["content"], shown["edited_at"]) == (text("better"), event["at"])

    async def test_only_the_author_edits(self, api: Api) -> None:
        owner, member = await api.sign_up(), await api.sign_up()
        phone, tablet = await owner.connect(), await member.connect()
        lobby = await owner.group(member)
        seq = await said(tablet, lobby)
        assert await refused(phone, asking("edit", lobby, "e1", seq, **AMENDMENTS["edit"])) == "forbidden"
        assert (await in_history(member, lobby, seq))["content"] == text("first")


class TestDeletions:
    async def test_what_was_deleted_is_in_no_event_any_more(self, api: Api) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        phone, tablet = await alice.connect(), await bob.connect()
        chat = await alice.direct(bob)
        seq = await said(phone, chat, "a secret")
        await acknowledged(phone, asking("edit", chat, "e1", seq, content=text("another secret")))
        await tablet.event(chat, "e1")
        event = await amend(phone, "delete", chat, "d1", seq)
        assert event == await tablet.event(chat, "d1")
        assert (event["type"], event["target_seq"], event["seq"]) == ("delete", seq, seq + 2)
        history = {each["seq"]: each for each in await bob.history(chat)}
        assert (history[seq]["type"], history[seq]["deleted_at"]) == ("message", event["at"])
        assert (history[seq + 1]["type"], history[seq + 1]["target_seq"]) == ("edit", seq)
        assert "secret" not in str(history)

    @pytest.mark.parametrize("author", ["owner", "member"])
    async def test_who_runs_the_group_deletes_anything_and_members_only_their_own(self, api: Api, author: str) -> None:
        people = {"owner": await api.sign_up(), "member": await api.sign_up()}
        sockets = {name: await user.connect() for name, user in people.items()}
        lobby = await people["owner"].group(people["member"])
        seq = await said(sockets[author], lobby)
        if author == "owner":
            assert await refused(sockets["member"], asking("delete", lobby, "d1", seq)) == "forbidden"
        assert (await amend(sockets["owner"], "delete", lobby, "d2", seq))["target_seq"] == seq

    @pytest.mark.parametrize("action", AMENDMENTS)
    async def test_what_is_deleted_is_gone(self, api: Api, action: str) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        phone = await alice.connect()
        chat = await alice.direct(bob)
        seq = await said(phone, chat)
        await amend(phone, "delete", chat, "d1", seq)
        assert await refused(phone, asking(action, chat, "x", seq, **AMENDMENTS[action])) == "gone"


class TestReactions:
    async def test_they_are_seen_live_and_counted_in_history(self, api: Api) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        phone, tablet = await alice.connect(), await bob.connect()
        chat = await alice.direct(bob)
        seq = await said(phone, chat)
        event = await amend(tablet, "react", chat, "r1", seq)
        assert event == await phone.event(chat, "r1")
        assert (event["type"], event["target_seq"], event["reaction"]) == ("reaction", seq, "👍")
        assert "removed" not in event
        await amend(phone, "react", chat, "r2", seq)
        await tablet.event(chat, "r2")
        reaction = {"reaction": "👍", "count": 2, "user_ids": [bob.user_id, alice.user_id]}
        for user in (alice, bob):
            assert (await in_history(user, chat, seq))["reactions"] == [reaction | {"mine": True}]
        await acknowledged(phone, asking("react", chat, "r3", seq, reaction="👍", remove=True))
        removed = await tablet.event(chat, "r3")
        assert (removed["reaction"], removed["removed"]) == ("👍", True)
        (left,) = (await in_history(alice, chat, seq))["reactions"]
        assert (left["count"], left["mine"]) == (1, False)

    async def test_setting_what_is_set_is_an_event_and_changes_nothing(self, api: Api) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        phone = await alice.connect()
        chat = await alice.direct(bob)
        seq = await said(phone, chat)
        first = await amend(phone, "react", chat, "r1", seq)
        second = await amend(phone, "react", chat, "r2", seq)
        assert first["seq"] + 1 == second["seq"]
        (reaction,) = (await in_history(alice, chat, seq))["reactions"]
        assert reaction["count"] == 1


class TestTargets:
    @pytest.mark.parametrize("action", AMENDMENTS)
    async def test_only_a_message_that_is_there_can_be_amended(self, api: Api, action: str) -> None:
        """The event that began the conversation is none; beyond the head there is nothing."""
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        phone = await alice.connect()
        chat = await alice.direct(bob)
        for client_id, target_seq in (("x", 1), ("y", 7)):
            assert (
                await refused(phone, asking(action, chat, client_id, target_seq, **AMENDMENTS[action])) == "not_found"
            )
        assert await said(phone, chat) == 2, "a refusal leaves no hole"

    @pytest.mark.parametrize("action", AMENDMENTS)
    async def test_strangers_amend_nothing(self, api: Api, action: str) -> None:
        """P8."""
        alice, bob, mallory = await api.sign_up("alice"), await api.sign_up("bob"), await api.sign_up("mallory")
        phone, theirs = await alice.connect(), await mallory.connect()
        chat = await alice.direct(bob)
        seq = await said(phone, chat)
        answer = await theirs.ask(asking(action, chat, "x", seq, **AMENDMENTS[action]))
        assert (answer["type"], answer["code"], answer["client_ids"]) == ("error", "not_member", ["x"])


class TestRepetition:
    @pytest.mark.parametrize("action", AMENDMENTS)
    async def test_an_amendment_happens_once(self, api: Api, action: str) -> None:
        """P3: a retry is shown the first event again."""
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        phone = await alice.connect()
        chat = await alice.direct(bob)
        seq = await said(phone, chat)
        first = await amend(phone, action, chat, "x", seq)
        since = len(phone.frames)
        await acknowledged(phone, asking(action, chat, "x", seq, **AMENDMENTS[action]))
        again = await phone.until(lambda frame: frame["type"] == "events", since=since)
        assert [first] == again["events"]
        assert [seq + 1] == [event["seq"] for event in await bob.history(chat) if event["type"] == first["type"]]

    async def test_a_refusal_is_repeated(self, api: Api) -> None:
        """P3: also when the target has come to be there."""
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        phone = await alice.connect()
        chat = await alice.direct(bob)
        early = asking("edit", chat, "e1", 2, **AMENDMENTS["edit"])
        assert await refused(phone, early) == "not_found"
        assert await said(phone, chat) == 2
        since = len(phone.frames)
        await acknowledged(phone, early)
        error = await phone.until(lambda frame: frame["type"] == "error", since=since)
        assert (error["code"], error["client_ids"]) == ("not_found", ["e1"])

    async def test_a_repeated_message_is_shown_as_it_is_now(self, api: Api) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        phone = await alice.connect()
        chat = await alice.direct(bob)
        seq = await said(phone, chat, "first", "m1")
        edit = await amend(phone, "edit", chat, "e1", seq)
        since = len(phone.frames)
        await phone.say(chat, message("first", "m1"))
        again = await phone.until(lambda frame: frame["type"] == "events", since=since)
        (event,) = again["events"]
        assert (event["seq"], event["content"], event["edited_at"]) == (seq, text("better"), edit["at"])
