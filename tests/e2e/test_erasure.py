"""An account is erased: at once nobody is there any more, and what they said is said no more."""

import os
from collections.abc import Callable

import pytest
from websockets.exceptions import InvalidStatus

from local.cloud import Cloud
from tests.support.api import PASSWORD, Api, User
from tests.support.files import attach, showing
from tests.support.socket import Frame, Socket, events_of, message, text

SWEPT_WITHIN_S = 75.0
"""The erasure's function runs every minute. That it does is waited for once."""
NAME = {"display_name": "deleted user", "deleted": True}


@pytest.fixture
def sweep(request: pytest.FixtureRequest) -> Callable[[], None]:
    """Have the erasure's function run at once where that can be done; elsewhere it does within the minute."""
    if "NATTER_OUTPUTS" in os.environ:
        return lambda: None
    cloud: Cloud = request.getfixturevalue("cloud")
    return lambda: cloud.runtime.schedules.trigger("natter-local-erase")


async def erase(user: User) -> None:
    (await user.call("DELETE", "/v1/users/me", {"password": PASSWORD})).expect(202)


async def erased_event(socket: Socket, conversation: str) -> Frame:
    def found(frame: Frame) -> list[Frame]:
        return [event for event in events_of(frame, conversation) if event["type"] == "member_erased"]

    return found(await socket.until(lambda frame: bool(found(frame)), within_s=SWEPT_WITHIN_S))[0]


def said(events: list[Frame], user: User) -> list[Frame]:
    """What the messages and edits of `user` say."""
    own = [event for event in events if event["sender_id"] == user.user_id and event["type"] in {"message", "edit"}]
    assert own
    return [event["content"] for event in own if "content" in event]


class TestAsking:
    async def test_needs_the_password(self, api: Api) -> None:
        alice = await api.sign_up("alice")
        reply = await alice.call("DELETE", "/v1/users/me", {"password": "not this one"})
        assert reply.refusal() == (401, "bad_credentials")
        assert (await alice.call("DELETE", "/v1/users/me", {})).refusal() == (400, "bad_request")
        (await alice.call("GET", "/v1/users/me")).expect(200)

    async def test_ends_all_that_proves_who_one_is(self, api: Api) -> None:
        alice = await api.sign_up("alice")
        tablet = await alice.on_another_device()
        socket, ticket = await tablet.connect(), await alice.ticket()
        await erase(alice)
        await socket.until(lambda frame: frame["type"] == "signed_out")
        await socket.closed()
        for device in (alice, tablet):
            assert (await device.call("GET", "/v1/users/me")).refusal() == (401, "unauthenticated")
            refreshed = await api.call("POST", "/v1/sessions/refresh", {"refresh_token": device.refresh_token})
            assert refreshed.refusal() == (401, "bad_token")
        with pytest.raises(InvalidStatus):
            await api.open(ticket["url"])
        again = await api.call("POST", "/v1/sessions", {"username": alice.username, "password": PASSWORD})
        assert again.refusal() == (401, "bad_credentials")

    async def test_the_name_is_not_given_again(self, api: Api) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        await erase(alice)
        account = {"username": alice.username, "password": PASSWORD}
        assert (await api.call("POST", "/v1/users", account)).refusal() == (409, "username_taken")
        found = await bob.call("GET", "/v1/users", query={"username": alice.username})
        assert found.expect(200) == {"items": []}
        assert (await bob.call("GET", f"/v1/users/{alice.user_id}")).refusal() == (404, "not_found")


class TestConversations:
    async def test_show_at_once_that_somebody_is_gone_and_nothing_that_they_said(self, api: Api) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        chat = await alice.direct(bob)
        phone, desk = await alice.connect(), await bob.connect()
        cat = await attach(alice, chat, b"cat")
        await phone.say(chat, message("first", "m1"), showing(cat, "m2"))
        first = (await phone.event(chat, "m1"))["seq"]
        edit = {"action": "edit", "client_id": "e1", "target_seq": first, "content": text("better")}
        await phone.ask({**edit, "conversation_id": chat})
        await desk.event(chat, "e1")
        await erase(alice)

        assert said(await bob.history(chat), alice) == []
        (missed,) = (await bob.sync())["conversations"]
        assert said(missed["events"], alice) == []
        (item,) = (await bob.call("GET", "/v1/conversations")).expect(200)["items"]
        assert item["peer"] == {"user_id": alice.user_id, **NAME}
        assert "content" not in item["last_message"]
        assert "deleted_at" in item["last_message"]

        event = await erased_event(desk, chat)
        assert event["user_id"] == alice.user_id
        await desk.say(chat, message("are you there?", "b1"))
        assert (await desk.event(chat, "b1"))["seq"] == event["seq"] + 1
        react = {"action": "react", "client_id": "r1", "target_seq": first, "reaction": "👍"}
        assert (await desk.ask({**react, "conversation_id": chat}))["type"] == "ack"
        refused = await desk.until(lambda frame: frame.get("client_ids") == ["r1"])
        assert refused["code"] == "gone"

    async def test_a_group_passes_to_its_longest_standing_admin(self, api: Api, sweep: Callable[[], None]) -> None:
        alice, bob, cid = [await api.sign_up(name) for name in ("alice", "bob", "cid")]
        group = await alice.group(bob)
        path = f"/v1/conversations/{group}/members"
        (await alice.call("PUT", f"{path}/{cid.user_id}", {"role": "admin"})).expect(204)
        desk = await bob.connect()
        await erase(alice)
        sweep()
        event = await erased_event(desk, group)
        changes = [each for each in desk.shown(group) if each["seq"] > event["seq"] - 3]
        assert [each["type"] for each in changes] == ["role_changed", "member_removed", "member_erased"]
        assert (changes[0]["user_id"], changes[0]["role"]) == (cid.user_id, "owner")
        items = (await bob.call("GET", path)).expect(200)["items"]
        assert {item["user_id"]: item["role"] for item in items} == {bob.user_id: "member", cid.user_id: "owner"}
