"""How far somebody has read reaches their other devices, and the others where they may know."""

import asyncio

from tests.support.api import Api, Fields, User
from tests.support.socket import WITHIN_S, Frame, NotSeenError, Socket

POLL_S = 0.2


async def acknowledge(socket: Socket, action: str, conversation: str, seq: int) -> None:
    answer = await socket.ask({"action": action, "conversation_id": conversation, "seq": seq})
    assert answer["type"] == "ok", answer


def receipts_of(frame: Frame, conversation: str, user: User) -> list[Fields]:
    if frame.get("type") != "receipt" or frame["conversation_id"] != conversation:
        return []
    return [each for each in frame["receipts"] if each["user_id"] == user.user_id]


async def shown(socket: Socket, conversation: str, user: User, **places: int) -> Fields:
    """The receipt of `user` that shows `places`."""

    def found(frame: Frame) -> list[Fields]:
        return [each for each in receipts_of(frame, conversation, user) if places.items() <= each.items()]

    return found(await socket.until(lambda frame: bool(found(frame))))[0]


async def synced(user: User, conversation: str, *, read_seq: int) -> Fields:
    """What sync says of the conversation, as soon as `user` has read up to `read_seq`."""
    listed: Fields = {}
    for _ in range(round(WITHIN_S / POLL_S)):
        (listed,) = [each for each in (await user.sync())["conversations"] if each["conversation_id"] == conversation]
        if listed["read_seq"] >= read_seq:
            return listed
        await asyncio.sleep(POLL_S)
    raise NotSeenError(f"not read up to {read_seq}: {listed}")


async def cursors(user: User, conversation: str) -> dict[str, tuple[int, int]]:
    items = (await user.call("GET", f"/v1/conversations/{conversation}/cursors")).expect(200)["items"]
    return {each["user_id"]: (each["read_seq"], each["delivered_seq"]) for each in items}


class TestRead:
    async def test_reaches_ones_other_device_and_the_other_one(self, api: Api) -> None:
        """P6: unread falls with it."""
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        elsewhere = await bob.on_another_device()
        alices, phone, tablet = await alice.connect(), await bob.connect(), await elsewhere.connect()
        chat = await alice.direct(bob)
        await alices.say(chat, "one", "two", "three")
        await phone.reach(chat, 4)
        assert (await synced(bob, chat, read_seq=1))["unread"] == 3
        await acknowledge(phone, "read", chat, 3)
        for socket in (alices, tablet):
            receipt = await shown(socket, chat, bob, read_seq=3)
            assert receipt == {"user_id": bob.user_id, "read_seq": 3, "delivered_seq": 3}
        assert (await synced(bob, chat, read_seq=3))["unread"] == 1
        assert [frame for frame in phone.frames if receipts_of(frame, chat, bob)] == []

    async def test_never_moves_back(self, api: Api) -> None:
        """P6."""
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        alices, phone = await alice.connect(), await bob.connect()
        chat = await alice.direct(bob)
        await alices.say(chat, "one", "two", "three")
        await phone.reach(chat, 4)
        for seq in (4, 2):
            await acknowledge(phone, "read", chat, seq)
        await shown(alices, chat, bob, read_seq=4)
        await alices.say(chat, "four")
        await phone.reach(chat, 5)
        await acknowledge(phone, "read", chat, 5)
        await shown(alices, chat, bob, read_seq=5)
        told = [each["read_seq"] for frame in alices.frames for each in receipts_of(frame, chat, bob)]
        assert told == [4, 5]
        assert (await cursors(alice, chat))[bob.user_id] == (5, 5)

    async def test_over_http(self, api: Api) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        alices = await alice.connect()
        chat = await alice.direct(bob)
        await alices.say(chat, "one", "two")
        await alices.reach(chat, 3)
        assert (await bob.call("PUT", f"/v1/conversations/{chat}/read", {"seq": 2})).status == 202
        await shown(alices, chat, bob, read_seq=2)
        assert (await bob.call("PUT", f"/v1/conversations/{chat}/read", {"seq": 9})).refusal() == (400, "bad_request")

    async def test_in_a_group_the_others_see_it_and_not_what_was_delivered(self, api: Api) -> None:
        alice, bob, carol = [await api.sign_up(name) for name in ("alice", "bob", "carol")]
        alices, bobs, carols = [await user.connect() for user in (alice, bob, carol)]
        lobby = await alice.group(bob, carol)
        await alices.say(lobby, "one", "two")
        await bobs.reach(lobby, 3)
        await acknowledge(bobs, "delivered", lobby, 3)
        await acknowledge(bobs, "read", lobby, 2)
        for socket in (alices, carols):
            assert await shown(socket, lobby, bob, read_seq=2) == {"user_id": bob.user_id, "read_seq": 2}
        everyone = await cursors(carol, lobby)
        assert everyone == {alice.user_id: (3, 3), bob.user_id: (2, 3), carol.user_id: (1, 1)}


class TestDelivered:
    async def test_is_shown_in_a_direct_conversation(self, api: Api) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        alices, phone = await alice.connect(), await bob.connect()
        chat = await alice.direct(bob)
        await alices.say(chat, "one")
        await phone.reach(chat, 2)
        await acknowledge(phone, "delivered", chat, 2)
        assert await shown(alices, chat, bob, delivered_seq=2) == {"user_id": bob.user_id, "delivered_seq": 2}
        listed = await synced(bob, chat, read_seq=1)
        assert (listed["read_seq"], listed["unread"]) == (1, 1)


class TestRefusals:
    async def test_beyond_the_head_names_the_place(self, api: Api) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        phone = await alice.connect()
        chat = await alice.direct(bob)
        await phone.reach(chat, 1)
        for action in ("read", "delivered"):
            error = await phone.ask({"action": action, "conversation_id": chat, "seq": 2})
            assert (error["code"], error["detail"].split(":")[0]) == ("bad_request", "seq")

    async def test_strangers_learn_nothing(self, api: Api) -> None:
        """P8."""
        alice, bob, stranger = [await api.sign_up(name) for name in ("alice", "bob", "mallory")]
        chat = await alice.direct(bob)
        socket = await stranger.connect()
        for conversation, seq in ((chat, 1), (chat, 99), ("nowhere", 1)):
            error = await socket.ask({"action": "read", "conversation_id": conversation, "seq": seq})
            assert error["code"] == "not_member"
        for method, path, body in (("GET", "cursors", None), ("PUT", "read", {"seq": 1})):
            reply = await stranger.call(method, f"/v1/conversations/{chat}/{path}", body)
            assert reply.refusal() == (403, "not_member")


class TestAcrossABlock:
    async def test_neither_sees_how_far_the_other_has_come_and_all_others_do(self, api: Api) -> None:
        """In their direct conversation, and in a group."""
        alice, bob, carol = await api.sign_up("alice"), await api.sign_up("bob"), await api.sign_up("carol")
        alices, bobs, carols = await alice.connect(), await bob.connect(), await carol.connect()
        direct, group = await alice.direct(bob), await alice.group(bob, carol)
        await alices.say(direct, "one")
        await alices.say(group, "one", "two")
        await bobs.reach(direct, 2)
        await bobs.reach(group, 3)
        (await bob.call("PUT", f"/v1/blocks/{alice.user_id}")).expect(204)

        await acknowledge(bobs, "read", direct, 2)
        await acknowledge(bobs, "read", group, 3)
        await shown(carols, group, bob, read_seq=3)
        await acknowledge(carols, "read", group, 3)
        seen: list[Frame] = []

        def noted(frame: Frame) -> bool:
            seen.append(frame)
            return bool(receipts_of(frame, group, carol))

        await alices.until(noted)
        assert not [each for frame in seen for chat in (direct, group) for each in receipts_of(frame, chat, bob)]
        assert (await cursors(alice, direct)).keys() == {alice.user_id}
        assert (await cursors(alice, group)).keys() == {alice.user_id, carol.user_id}
        assert (await cursors(carol, group)).keys() == {alice.user_id, bob.user_id, carol.user_id}
