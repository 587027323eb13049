"""Messages on their way: who is told what, in which order, and what a repetition does."""

import asyncio

import pytest

from tests.support.api import Api, fresh
from tests.support.socket import is_gateway_failure, message, text


class TestDirectConversation:
    async def test_message_reaches_every_device_of_both(self, api: Api) -> None:
        alice, bob = await asyncio.gather(api.sign_up("alice"), api.sign_up("bob"))
        tablet = await alice.on_another_device()
        sockets = [await device.connect() for device in (alice, tablet, bob)]
        chat = await alice.direct(bob)
        answer = await sockets[0].ask(
            {"action": "send", "conversation_id": chat, "messages": [message("Hello, Bob", "m1")]}
        )
        at = answer["accepted"][0]["at"]
        assert {
            "type": "ack",
            "id": answer["id"],
            "conversation_id": chat,
            "accepted": [{"client_id": "m1", "at": at}],
        } == answer
        expected = {
            "seq": 2,
            "type": "message",
            "at": at,
            "sender_id": alice.user_id,
            "client_id": "m1",
            "content": {"type": "text", "text": "Hello, Bob"},
        }
        for socket in sockets:
            assert expected == await socket.event(chat, "m1")

    async def test_begins_with_an_event_that_names_both(self, api: Api) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        phone = await bob.connect()
        chat = await alice.direct(bob)
        (created,) = await phone.reach(chat, 1)
        assert (created["seq"], created["type"], created["kind"]) == (1, "conversation_created", "direct")
        assert {(alice.user_id, "member"), (bob.user_id, "member")} == {
            (member["user_id"], member["role"]) for member in created["members"]
        }

    async def test_there_is_one_for_each_pair_also_when_both_begin_it(self, api: Api) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        replies = await asyncio.gather(
            *(
                one.call("POST", "/v1/conversations", {"kind": "direct", "members": [other.user_id]})
                for one, other in [(alice, bob), (bob, alice)] * 3
            )
        )
        assert len({reply.body["conversation_id"] for reply in replies}) == 1
        assert sorted(reply.status for reply in replies) == [200] * 5 + [201]

    async def test_answer_describes_it(self, api: Api) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        body = {"kind": "direct", "members": [bob.user_id]}
        conversation = (await alice.call("POST", "/v1/conversations", body)).expect(201)
        assert ("direct", alice.user_id, 2) == tuple(
            conversation[name] for name in ("kind", "created_by", "member_count")
        )
        assert {"user_id": bob.user_id, "display_name": "Bob"} == conversation["peer"]
        assert tuple(conversation[name] for name in ("first_seq", "role", "unread", "archived")) == (
            1,
            "member",
            0,
            False,
        )


class TestGroup:
    async def test_message_reaches_every_member_alike(self, api: Api) -> None:
        owner, *others = await asyncio.gather(*(api.sign_up() for _ in range(5)))
        sockets = [await member.connect() for member in (owner, *others)]
        lobby = await owner.group(*others, title="Lobby")
        (client_id,) = await sockets[1].say(lobby, "Hello, all")
        events = [await socket.event(lobby, client_id) for socket in sockets]
        assert others[0].user_id == events[0]["sender_id"]
        assert all(events[0] == event for event in events)

    async def test_its_first_event_names_title_and_roles(self, api: Api) -> None:
        owner, member = await api.sign_up(), await api.sign_up()
        socket = await member.connect()
        lobby = await owner.group(member, title="Reading circle")
        (created,) = await socket.reach(lobby, 1)
        assert ("group", "Reading circle", owner.user_id) == (created["kind"], created["title"], created["sender_id"])
        assert {(owner.user_id, "owner"), (member.user_id, "member")} == {
            (each["user_id"], each["role"]) for each in created["members"]
        }

    async def test_clients_own_id_makes_creation_repeatable(self, api: Api) -> None:
        owner, stranger = await api.sign_up(), await api.sign_up()
        body = {"kind": "group", "title": "Once", "members": [], "conversation_id": fresh("room")}
        first = (await owner.call("POST", "/v1/conversations", body)).expect(201)
        again = (await owner.call("POST", "/v1/conversations", body)).expect(200)
        assert body["conversation_id"] == first["conversation_id"] == again["conversation_id"]
        assert (await stranger.call("POST", "/v1/conversations", body)).refusal() == (409, "conflict")

    async def test_members_must_exist(self, api: Api) -> None:
        owner = await api.sign_up()
        body = {"kind": "group", "title": "Ghosts", "members": [fresh("nobody")]}
        assert (await owner.call("POST", "/v1/conversations", body)).refusal() == (404, "not_found")


class TestOrder:
    async def test_messages_of_one_frame_stay_together_in_order(self, api: Api) -> None:
        """P4."""
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        phone, tablet = await alice.connect(), await bob.connect()
        chat = await alice.direct(bob)
        client_ids = await phone.say(chat, *(f"line {number}" for number in range(20)))
        await tablet.event(chat, client_ids[-1])
        shown = [event for event in tablet.shown(chat) if event["type"] == "message"]
        assert client_ids == [event["client_id"] for event in shown]
        assert list(range(2, 22)) == [event["seq"] for event in shown]

    async def test_a_frame_after_the_ack_comes_after_it(self, api: Api) -> None:
        """P4."""
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        phone, tablet = await alice.connect(), await bob.connect()
        chat = await alice.direct(bob)
        client_ids = [(await phone.say(chat, f"line {number}"))[0] for number in range(25)]
        await tablet.event(chat, client_ids[-1])
        history = await bob.history(chat)
        assert client_ids == [event["client_id"] for event in history if event["type"] == "message"]

    async def test_two_who_talk_at_once_see_one_order(self, api: Api) -> None:
        """P2."""
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        phone, tablet = await alice.connect(), await bob.connect()
        chat = await alice.direct(bob)

        async def talk(socket_number: int) -> None:
            for number in range(15):
                await (phone, tablet)[socket_number].say(chat, f"{socket_number}: {number}")

        await asyncio.gather(talk(0), talk(1))
        by_place = [
            {event["seq"]: event for event in await socket.reach(chat, 31)}  # with the event that creates it
            for socket in (phone, tablet)
        ]
        history = {event["seq"]: event for event in await alice.history(chat)}
        assert list(range(1, 32)) == list(history)
        assert [history, history] == by_place


class TestRepetition:
    async def test_same_client_id_is_the_same_message(self, api: Api) -> None:
        """P3: acknowledged again, in the conversation once, and its sender is told again where."""
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        phone = await alice.connect()
        chat = await alice.direct(bob)
        await phone.say(chat, message("only once", "m1"))
        first = await phone.event(chat, "m1")
        since = len(phone.frames)
        await phone.say(chat, message("only once", "m1"))
        again = await phone.until(lambda frame: frame["type"] == "events", since=since)
        assert [first] == again["events"]
        assert [first] == [event for event in await bob.history(chat) if event["type"] == "message"]

    async def test_other_content_changes_nothing(self, api: Api) -> None:
        """The first stands, and the one who repeats is shown it."""
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        phone = await alice.connect()
        chat = await alice.direct(bob)
        await phone.say(chat, message("the first", "m1"))
        await phone.event(chat, "m1")
        since = len(phone.frames)
        await phone.say(chat, message("another", "m1"))
        again = await phone.until(lambda frame: frame["type"] == "events", since=since)
        assert [text("the first")] == [event["content"] for event in again["events"]]
        assert [event["content"]["text"] for event in await bob.history(chat) if event["type"] == "message"] == [
            "the first"
        ]

    async def test_somebody_elses_client_id_is_another_message(self, api: Api) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        phone, tablet = await alice.connect(), await bob.connect()
        chat = await alice.direct(bob)
        await phone.say(chat, message("from Alice", "m1"))
        await tablet.say(chat, message("from Bob", "m1"))
        shown = await phone.reach(chat, 3)
        assert [(alice.user_id, "from Alice"), (bob.user_id, "from Bob")] == [
            (event["sender_id"], event["content"]["text"]) for event in shown if event["type"] == "message"
        ]

    async def test_a_repeated_frame_may_bring_what_is_new(self, api: Api) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        phone, tablet = await alice.connect(), await bob.connect()
        chat = await alice.direct(bob)
        await phone.say(chat, message("one", "m1"))
        await phone.say(chat, message("one", "m1"), message("two", "m2"))
        await tablet.event(chat, "m2")
        messages = [event for event in await bob.history(chat) if event["type"] == "message"]
        assert [(event["client_id"], event["seq"]) for event in messages] == [("m1", 2), ("m2", 3)]


CONTENTS = {
    "text of several scripts": text("Grüße, 世界! \U0001f469\u200d\U0001f680 e\u0301 \u200f\u05e9\u05dc\n\tend"),
    "markup": text("<b>\"quoted\" & 'so'</b> \\u0041"),
    "longest text": text("ß" * 8000),
    "sealed": {"type": "sealed", "scheme": "x3dh", "ciphertext": "3q2+7w==", "header": "AA=="},
}


class TestContent:
    @pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS.keys())
    async def test_arrives_and_is_kept_as_it_was_sent(self, api: Api, content: dict[str, str]) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        phone, tablet = await alice.connect(), await bob.connect()
        chat = await alice.direct(bob)
        (client_id,) = await phone.say(chat, {"client_id": "m1", "content": content})
        assert content == (await tablet.event(chat, client_id))["content"]
        assert content == (await bob.page(chat))["events"][-1]["content"]

    async def test_reply_and_mentions_come_with_it(self, api: Api) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        phone = await alice.connect()
        chat = await alice.direct(bob)
        await phone.say(chat, message("first", "m1"))
        await phone.say(chat, {**message("second", "m2"), "reply_to": 2, "mentions": [bob.user_id]})
        event = await phone.event(chat, "m2")
        assert (2, [bob.user_id]) == (event["reply_to"], event["mentions"])

    async def test_without_an_id_there_is_an_ack_without_one(self, api: Api) -> None:
        """Only `ok` and `pong` need an `id`."""
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        phone = await alice.connect()
        chat = await alice.direct(bob)
        await phone.send({"action": "send", "conversation_id": chat, "messages": [message("quiet", "m1")]})
        ack = await phone.until(lambda frame: frame.get("type") == "ack")
        assert "id" not in ack
        assert not any(map(is_gateway_failure, phone.frames))
