"""Who belongs to a conversation: coming, going, roles, looks, and one's own settings of it."""

import asyncio
from typing import Any

import pytest

from tests.support.api import Api, User, fresh
from tests.support.socket import message

AVATAR = "https://files.example/lobby.png"


async def people(api: Api, *names: str) -> list[User]:
    return list(await asyncio.gather(*(api.sign_up(name) for name in names)))


async def add(owner: User, conversation: str, *users: User) -> dict[str, Any]:
    body = {"user_ids": [user.user_id for user in users]}
    return dict((await owner.call("POST", f"/v1/conversations/{conversation}/members", body)).expect(200))


async def give(owner: User, conversation: str, user: User, role: str) -> None:
    path = f"/v1/conversations/{conversation}/members/{user.user_id}"
    (await owner.call("PUT", path, {"role": role})).expect(204)


async def remove(owner: User, conversation: str, user: User) -> None:
    (await owner.call("DELETE", f"/v1/conversations/{conversation}/members/{user.user_id}")).expect(204)


async def conversation_of(user: User, conversation: str) -> dict[str, Any]:
    """As `user` sees it."""
    return dict((await user.call("GET", f"/v1/conversations/{conversation}")).expect(200))


class TestJoining:
    async def test_who_is_added_sees_it_happen_and_reads_from_there_on(self, api: Api) -> None:
        alice, bob = await people(api, "alice", "bob")
        phone, tablet = await alice.connect(), await bob.connect()
        chat = await alice.group()
        await phone.say(chat, "before")
        await phone.reach(chat, 2)
        answer = await add(alice, chat, bob)
        (item,) = answer["items"]
        assert (item["user_id"], item["display_name"], item["role"]) == (bob.user_id, "Bob", "member")
        (joined,) = await tablet.reach(chat, 3)
        assert (joined["type"], joined["sender_id"]) == ("member_added", alice.user_id)
        assert joined["members"] == [{"user_id": bob.user_id, "role": "member"}]
        await tablet.say(chat, message("hello", "m1"))
        assert (await phone.event(chat, "m1"))["seq"] == 4
        page = await bob.page(chat, after=0)
        assert (page["first_seq"], [event["seq"] for event in page["events"]]) == (3, [3, 4])

    async def test_with_history_all_everything_is_readable(self, api: Api) -> None:
        alice, bob = await people(api, "alice", "bob")
        body = {"kind": "group", "title": "Lobby", "members": [], "history": "all"}
        chat = (await alice.call("POST", "/v1/conversations", body)).expect(201)["conversation_id"]
        phone = await alice.connect()
        await phone.say(chat, "before")
        await add(alice, chat, bob)
        await phone.reach(chat, 3)
        assert [event["seq"] for event in await bob.history(chat)] == [1, 2, 3]

    async def test_all_or_none(self, api: Api) -> None:
        alice, bob = await people(api, "alice", "bob")
        chat = await alice.group()
        body = {"user_ids": [bob.user_id, fresh("nobody")]}
        reply = await alice.call("POST", f"/v1/conversations/{chat}/members", body)
        assert reply.refusal() == (404, "not_found")
        assert (await bob.call("GET", f"/v1/conversations/{chat}/members")).refusal() == (403, "not_member")

    async def test_who_is_there_already_is_no_event(self, api: Api) -> None:
        alice, bob, cid = await people(api, "alice", "bob", "cid")
        phone = await alice.connect()
        chat = await alice.group(bob)
        assert [each["user_id"] for each in (await add(alice, chat, bob))["items"]] == [bob.user_id]
        await add(alice, chat, bob, cid)
        events = await phone.reach(chat, 2)
        assert [event["type"] for event in events] == ["conversation_created", "member_added"]
        assert events[1]["members"] == [{"user_id": cid.user_id, "role": "member"}]


class TestLeaving:
    async def test_who_is_removed_is_told_so_and_nothing_after(self, api: Api) -> None:
        """P8, at once: sending, history and sync."""
        alice, bob = await people(api, "alice", "bob")
        phone, tablet = await alice.connect(), await bob.connect()
        chat = await alice.group(bob)
        await tablet.say(chat, "hello")
        await remove(alice, chat, bob)
        sending = {"action": "send", "conversation_id": chat, "messages": [message("again")]}
        assert (await tablet.ask(sending))["code"] == "not_member"
        assert (await bob.call("GET", f"/v1/conversations/{chat}/events")).refusal() == (403, "not_member")
        assert (await bob.sync({chat: {"seq": 1, "read_seq": 1}}))["conversations"] == [
            {"conversation_id": chat, "removed": True}
        ]
        await phone.say(chat, message("in private", "m1"))
        await phone.event(chat, "m1")
        shown = await tablet.reach(chat, 3)
        await tablet.ping()
        assert (shown[-1]["type"], shown[-1]["user_id"]) == ("member_removed", bob.user_id)
        assert {event["seq"] for event in tablet.shown(chat)} == {1, 2, 3}

    async def test_coming_back_one_reads_from_the_latest_joining_on(self, api: Api) -> None:
        alice, bob = await people(api, "alice", "bob")
        phone = await alice.connect()
        chat = await alice.group(bob)
        await remove(bob, chat, bob)
        await phone.say(chat, "meanwhile")
        await add(alice, chat, bob)
        await phone.reach(chat, 4)
        page = await bob.page(chat, after=0)
        assert (page["first_seq"], [event["seq"] for event in page["events"]]) == (4, [4])

    async def test_the_last_owner_hands_over_first(self, api: Api) -> None:
        alice, bob = await people(api, "alice", "bob")
        chat = await alice.group(bob)
        own = f"/v1/conversations/{chat}/members/{alice.user_id}"
        assert (await alice.call("DELETE", own)).refusal() == (409, "last_owner")
        assert (await alice.call("PUT", own, {"role": "admin"})).refusal() == (409, "last_owner")
        await give(alice, chat, bob, "owner")
        await remove(alice, chat, alice)
        assert (await conversation_of(bob, chat))["member_count"] == 1

    async def test_of_two_owners_who_leave_at_once_one_stays(self, api: Api) -> None:
        alice, bob = await people(api, "alice", "bob")
        chat = await alice.group(bob)
        await give(alice, chat, bob, "owner")
        replies = await asyncio.gather(
            *(one.call("DELETE", f"/v1/conversations/{chat}/members/{one.user_id}") for one in (alice, bob))
        )
        assert sorted(reply.status for reply in replies) == [204, 409]

    async def test_a_direct_conversation_is_not_left(self, api: Api) -> None:
        alice, bob = await people(api, "alice", "bob")
        chat = await alice.direct(bob)
        path = f"/v1/conversations/{chat}/members"
        assert (await alice.call("DELETE", f"{path}/{alice.user_id}")).refusal() == (403, "forbidden")
        assert (await alice.call("PUT", f"{path}/{bob.user_id}", {"role": "admin"})).refusal() == (403, "forbidden")
        assert (await alice.call("POST", path, {"user_ids": [bob.user_id]})).refusal() == (403, "forbidden")


class TestRoles:
    async def test_a_new_role_is_an_event_and_counts_at_once(self, api: Api) -> None:
        alice, bob, cid = await people(api, "alice", "bob", "cid")
        tablet = await bob.connect()
        chat = await alice.group(bob)
        path = f"/v1/conversations/{chat}/members"
        assert (await bob.call("POST", path, {"user_ids": [cid.user_id]})).refusal() == (403, "forbidden")
        await give(alice, chat, bob, "admin")
        await add(bob, chat, cid)
        events = await tablet.reach(chat, 3)
        assert [event["type"] for event in events] == ["conversation_created", "role_changed", "member_added"]
        assert (events[1]["user_id"], events[1]["role"]) == (bob.user_id, "admin")
        assert (await conversation_of(bob, chat))["role"] == "admin"

    async def test_what_admins_may_not(self, api: Api) -> None:
        alice, bob, cid = await people(api, "alice", "bob", "cid")
        chat = await alice.group(bob, cid)
        await give(alice, chat, bob, "admin")
        path = f"/v1/conversations/{chat}/members"
        assert (await bob.call("PUT", f"{path}/{cid.user_id}", {"role": "admin"})).refusal() == (403, "forbidden")
        assert (await bob.call("DELETE", f"{path}/{alice.user_id}")).refusal() == (403, "forbidden")
        await remove(bob, chat, cid)

    async def test_they_are_listed_page_by_page(self, api: Api) -> None:
        alice, *others = await people(api, "alice", "bob", "cid", "dan")
        chat = await alice.group(*others)
        found: list[dict[str, Any]] = []
        query: dict[str, str | int] = {"limit": 3}
        while True:
            page = (await others[0].call("GET", f"/v1/conversations/{chat}/members", query=query)).expect(200)
            found += page["items"]
            if "next_cursor" not in page:
                break
            query["cursor"] = page["next_cursor"]
        assert {(each["user_id"], each["role"]) for each in found} == {
            (alice.user_id, "owner"),
            *((other.user_id, "member") for other in others),
        }
        assert len(found) == 4


class TestLooks:
    async def test_members_are_told_a_new_title_and_avatar(self, api: Api) -> None:
        alice, bob = await people(api, "alice", "bob")
        tablet = await bob.connect()
        chat = await alice.group(bob)
        path = f"/v1/conversations/{chat}"
        changed = (await alice.call("PATCH", path, {"title": "Küche 🦊", "avatar": AVATAR})).expect(200)
        assert (changed["title"], changed["avatar"]) == ("Küche 🦊", AVATAR)
        assert "avatar" not in (await alice.call("PATCH", path, {"avatar": None})).expect(200)
        _, first, second = await tablet.reach(chat, 3)
        assert (first["type"], first["title"], first["avatar"]) == ("conversation_changed", "Küche 🦊", AVATAR)
        assert (second["type"], second["avatar"]) == ("conversation_changed", None)
        assert (await conversation_of(bob, chat))["title"] == "Küche 🦊"

    async def test_a_title_cannot_be_cleared(self, api: Api) -> None:
        alice = await api.sign_up("alice")
        chat = await alice.group()
        reply = await alice.call("PATCH", f"/v1/conversations/{chat}", {"title": None})
        assert reply.refusal() == (400, "bad_request")
        assert reply.body["detail"].startswith("title")


class TestSettings:
    async def test_ones_other_devices_are_told(self, api: Api) -> None:
        alice, bob = await people(api, "alice", "bob")
        laptop = await (await alice.on_another_device()).connect()
        phone, tablet = await alice.connect(), await bob.connect()
        chat = await alice.direct(bob)
        body = {"muted_until": 4_000_000_000_000, "archived": True, "notify": "mentions"}
        changed = (await alice.call("PATCH", f"/v1/conversations/{chat}/me", body)).expect(200)
        assert body.items() <= changed.items()
        assert body.items() <= (await conversation_of(alice, chat)).items()
        told = await laptop.until(lambda frame: frame["type"] == "settings")
        assert told == {"type": "settings", "conversation_id": chat} | body
        cleared = (await alice.call("PATCH", f"/v1/conversations/{chat}/me", {"muted_until": None})).expect(200)
        assert "muted_until" not in cleared
        told = await laptop.until(lambda frame: frame["type"] == "settings" and "muted_until" not in frame)
        assert told == {"type": "settings", "conversation_id": chat, "archived": True, "notify": "mentions"}
        assert (await conversation_of(bob, chat))["notify"] == "all"
        for socket in (phone, tablet):
            await socket.ping()
            assert not [frame for frame in socket.frames if frame["type"] == "settings"]


class TestStrangers:
    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("GET", "", None),
            ("PATCH", "", {"title": "Küche"}),
            ("PATCH", "/me", {"archived": True}),
            ("GET", "/members", None),
            ("POST", "/members", {"user_ids": ["somebody"]}),
            ("PUT", "/members/somebody", {"role": "member"}),
            ("DELETE", "/members/somebody", None),
        ],
    )
    async def test_cannot_tell_whether_there_is_such_a_conversation(
        self, api: Api, method: str, path: str, body: object
    ) -> None:
        """P8."""
        alice, eve = await people(api, "alice", "eve")
        chat = await alice.group()
        replies = [await eve.call(method, f"/v1/conversations/{each}{path}", body) for each in (chat, fresh("nowhere"))]
        assert [reply.refusal() for reply in replies] == [(403, "not_member")] * 2
        assert replies[0].body == replies[1].body
