"""What pages show of messages that were edited, deleted and reacted to; and that live events come to the same."""

import secrets
from typing import Any

from tests.support.api import Api, User
from tests.support.socket import Frame, Socket, text
from tests.support.view import View


async def amend(socket: Socket, chat: str, action: str, target_seq: int, **fields: Any) -> Frame:
    """Edit, delete or react, acknowledged."""
    frame = {"action": action, "conversation_id": chat, "client_id": secrets.token_hex(8), "target_seq": target_seq}
    answer = await socket.ask({**frame, **fields})
    assert answer["type"] == "ack", answer
    return answer


async def a_busy_group(api: Api) -> tuple[User, User, str, Socket, Socket]:
    """1: the beginning, 2-5: messages, 6, 7: edits of 2, 8-10: reactions to 3, 11: 4 is deleted, 12: reaction to 5."""
    alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
    chat = await alice.group(bob)
    phone, tablet = await alice.connect(), await bob.connect()
    await phone.say(chat, "two", "three", "four", "five")
    await amend(phone, chat, "edit", 2, content=text("two, better"))
    await amend(phone, chat, "edit", 2, content=text("two, best"))
    await amend(phone, chat, "react", 3, reaction="👍")
    await amend(phone, chat, "react", 3, reaction="🎉")
    await amend(phone, chat, "react", 3, reaction="🎉", remove=True)
    await amend(phone, chat, "delete", 4)
    await tablet.reach(chat, 11)
    await amend(tablet, chat, "react", 5, reaction="👍")
    await tablet.reach(chat, 12)
    await phone.reach(chat, 12)
    return alice, bob, chat, phone, tablet


class TestPages:
    async def test_messages_are_shown_as_they_are_now(self, api: Api) -> None:
        alice, bob, chat, _, _ = await a_busy_group(api)
        page = await bob.page(chat)
        assert page["state_seq"] == page["head_seq"] == 12
        events = {event["seq"]: event for event in page["events"]}
        assert list(events) == list(range(1, 13))
        assert (events[2]["content"], events[2]["edited_at"]) == (text("two, best"), events[7]["at"])
        assert events[3]["reactions"] == [
            {"reaction": "👍", "count": 1, "mine": False, "user_ids": [alice.user_id]},
        ]
        assert events[4].keys() == {"seq", "type", "at", "sender_id", "client_id", "deleted_at"}
        assert events[4]["deleted_at"] == events[11]["at"]
        assert events[5]["reactions"] == [{"reaction": "👍", "count": 1, "mine": True, "user_ids": [bob.user_id]}]

    async def test_effects_stand_at_their_places_and_words_that_no_longer_count_are_gone(self, api: Api) -> None:
        _, bob, chat, _, _ = await a_busy_group(api)
        page = await bob.page(chat, after=5)
        assert [event["type"] for event in page["events"]] == ["edit"] * 2 + ["reaction"] * 3 + ["delete", "reaction"]
        superseded, edit = page["events"][:2]
        assert superseded["target_seq"] == edit["target_seq"] == 2
        assert "content" not in superseded
        assert edit["content"] == text("two, best")
        assert [event.get("removed") for event in page["events"][2:5]] == [None, None, True]

    async def test_live_events_come_to_what_a_page_shows(self, api: Api) -> None:
        """P2. From the beginning, and from a page that was read on the way."""
        alice, bob, chat, phone, _ = await a_busy_group(api)
        middle = await bob.page(chat)
        listener = await bob.connect()
        await amend(phone, chat, "edit", 5, content=text("five, better"))
        await amend(phone, chat, "delete", 2)
        await phone.say(chat, "fifteen")
        await amend(phone, chat, "react", 15, reaction="👍")
        shown = await listener.reach(chat, 16)
        fresh = {event["seq"]: event for event in (await bob.page(chat))["events"]}
        from_page = View(bob.user_id)
        from_page.take_page(middle["events"], state_seq=middle["state_seq"])
        from_page.take_live(shown)
        assert fresh == from_page.shown()
        from_start = View(alice.user_id)
        await phone.reach(chat, 16)
        from_start.take_page((await alice.page(chat, before=2))["events"], state_seq=1)
        from_start.take_live(phone.shown(chat))
        assert {event["seq"]: event for event in (await alice.page(chat))["events"]} == from_start.shown()

    async def test_what_was_deleted_is_nowhere(self, api: Api) -> None:
        alice, bob, chat, phone, _ = await a_busy_group(api)
        await amend(phone, chat, "delete", 2)
        await phone.reach(chat, 13)
        answers = [
            await bob.page(chat),
            await alice.sync(),
            (await bob.call("GET", "/v1/conversations")).expect(200),
            (await bob.call("GET", f"/v1/conversations/{chat}")).expect(200),
        ]
        assert not any(words in str(answers) for words in ("two", "four"))

    async def test_sync_shows_the_same(self, api: Api) -> None:
        _, bob, chat, _, _ = await a_busy_group(api)
        (entry,) = (await bob.sync({chat: {"seq": 1, "read_seq": 1}}))["conversations"]
        assert entry["events"] == (await bob.page(chat, after=1))["events"]
        assert (entry["state_seq"], entry["unread"]) == (12, 4)


class TestMembers:
    async def test_a_page_begins_where_one_joined_and_ends_when_one_is_removed(self, api: Api) -> None:
        """P8."""
        alice, _, chat, phone, _ = await a_busy_group(api)
        carol = await api.sign_up("carol")
        (await alice.call("POST", f"/v1/conversations/{chat}/members", {"user_ids": [carol.user_id]})).expect(200)
        await phone.reach(chat, 13)
        page = await carol.page(chat, after=0)
        assert ([event["seq"] for event in page["events"]], page["first_seq"]) == ([13], 13)
        path = f"/v1/conversations/{chat}/members/{carol.user_id}"
        (await alice.call("DELETE", path)).expect(204)
        for question in (f"/v1/conversations/{chat}/events", f"/v1/conversations/{chat}"):
            assert (await carol.call("GET", question)).refusal() == (403, "not_member")
        answer = await carol.sync({chat: {"seq": 13, "read_seq": 13}})
        assert answer["conversations"] == [{"conversation_id": chat, "removed": True}]
        assert (await carol.call("GET", "/v1/conversations")).expect(200) == {"items": []}
