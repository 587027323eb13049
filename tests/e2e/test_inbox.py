"""The inbox: the latest activity first, page by page, each with what was said last."""

from typing import Any

import pytest

from tests.support.api import Api, Fields, User
from tests.support.socket import text


async def inbox(user: User, **query: Any) -> Fields:
    return dict((await user.call("GET", "/v1/conversations", query=query)).expect(200))


def ids(page: Fields) -> list[str]:
    return [item["conversation_id"] for item in page["items"]]


class TestInbox:
    async def test_latest_activity_comes_first(self, api: Api) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        phone = await alice.connect()
        chats = [await alice.group(bob, title=title) for title in ("One", "Two", "Three")]
        for chat in chats:
            await phone.reach(chat, 1)
        for chat in (chats[1], chats[0]):
            await phone.say(chat, "hello")
            await phone.reach(chat, 2)
        page = await inbox(bob)
        assert ids(page) == [chats[0], chats[1], chats[2]]
        assert "next_cursor" not in page
        first = page["items"][0]
        assert (first["title"], first["unread"], first["read_seq"], first["head"]["seq"]) == ("One", 1, 1, 2)
        assert (first["last_message"]["seq"], first["last_message"]["content"]) == (2, text("hello"))
        assert "last_message" not in page["items"][2]
        assert [item["unread"] for item in (await inbox(alice))["items"]] == [0, 0, 0]

    async def test_each_is_as_it_is_alone(self, api: Api) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        phone = await alice.connect()
        chat = await alice.direct(bob)
        await phone.say(chat, "hello")
        await phone.reach(chat, 2)
        (item,) = (await inbox(bob))["items"]
        assert item == (await bob.call("GET", f"/v1/conversations/{chat}")).expect(200)
        assert item["peer"] == {"user_id": alice.user_id, "display_name": "Alice"}

    async def test_pages_survive_what_happens_meanwhile(self, api: Api) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        phone = await alice.connect()
        chats = []
        for number in range(5):
            chats.append(await alice.group(bob, title=f"Number {number}"))
            await phone.reach(chats[-1], 1)
        first = await inbox(bob, limit=2)
        await phone.reach(await alice.group(bob, title="New"), 1)
        await phone.say(chats[4], "again")
        await phone.reach(chats[4], 2)
        second = await inbox(bob, limit=2, cursor=first["next_cursor"])
        third = await inbox(bob, limit=2, cursor=second["next_cursor"])
        assert (ids(first), ids(second), ids(third)) == ([chats[4], chats[3]], [chats[2], chats[1]], [chats[0]])
        assert "next_cursor" not in third

    async def test_last_message_is_as_it_is_now(self, api: Api) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        phone = await alice.connect()
        chat = await alice.direct(bob)
        await phone.say(chat, "hello")
        edit = {"action": "edit", "conversation_id": chat, "client_id": "e1", "target_seq": 2}
        await phone.ask({**edit, "content": text("good day")})
        await phone.reach(chat, 3)
        (item,) = (await inbox(bob))["items"]
        assert (item["last_message"]["content"], item["unread"]) == (text("good day"), 1)
        assert item["last_message"]["edited_at"] == item["head"]["at"]
        await phone.ask({"action": "delete", "conversation_id": chat, "client_id": "d1", "target_seq": 2})
        await phone.reach(chat, 4)
        (item,) = (await inbox(bob))["items"]
        assert item["last_message"].keys() == {"seq", "type", "at", "sender_id", "client_id", "deleted_at"}

    async def test_who_joined_is_not_told_what_was_said_before(self, api: Api) -> None:
        """P8."""
        alice, carol = await api.sign_up("alice"), await api.sign_up("carol")
        phone = await alice.connect()
        chat = await alice.group()
        await phone.say(chat, "a secret")
        (await alice.call("POST", f"/v1/conversations/{chat}/members", {"user_ids": [carol.user_id]})).expect(200)
        await phone.reach(chat, 3)
        (item,) = (await inbox(carol))["items"]
        assert "last_message" not in item
        assert (item["first_seq"], item["unread"]) == (3, 0)

    async def test_strangers_see_nothing(self, api: Api) -> None:
        """P8."""
        alice, mallory = await api.sign_up("alice"), await api.sign_up("mallory")
        chat = await alice.group()
        assert (await inbox(mallory)) == {"items": []}
        for conversation in (chat, "nowhere"):
            reply = await mallory.call("GET", f"/v1/conversations/{conversation}")
            assert reply.refusal() == (403, "not_member")

    @pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 201}, {"cursor": "bm90IG91cnM="}], ids=str)
    async def test_what_makes_no_sense_is_refused(self, api: Api, query: dict[str, int | str]) -> None:
        alice = await api.sign_up("alice")
        reply = await alice.call("GET", "/v1/conversations", query=query)
        assert reply.refusal() == (400, "bad_request")
        assert all(name in reply.body["detail"] for name in query)
