"""A block: the two find nothing of each other and write nothing to each other; in shared groups both go on."""

import secrets

import pytest

from tests.support.api import Api, User, fresh
from tests.support.socket import Frame, message, text


@pytest.fixture
async def alice(api: Api) -> User:
    return await api.sign_up("alice")


@pytest.fixture
async def bob(api: Api) -> User:
    return await api.sign_up("bob")


async def block(user: User, other: User) -> None:
    (await user.call("PUT", f"/v1/blocks/{other.user_id}")).expect(204)


def commands(conversation: str) -> list[Frame]:
    """One of each that changes a conversation."""
    common = {"conversation_id": conversation}
    return [
        {"action": "send", **common, "messages": [message("are you there?")]},
        *(
            {"action": action, **common, "client_id": secrets.token_hex(8), "target_seq": 2, **fields}
            for action, fields in (
                ("edit", {"content": text("changed")}),
                ("delete", {}),
                ("react", {"reaction": "👍"}),
            )
        ),
    ]


class TestBlocks:
    async def test_are_listed_for_who_made_them_and_for_nobody_else(self, alice: User, bob: User) -> None:
        for _ in range(2):
            await block(alice, bob)
        profile = {"user_id": bob.user_id, "username": bob.username, "display_name": "Bob"}
        assert (await alice.call("GET", "/v1/blocks")).expect(200) == {"items": [profile]}
        assert (await bob.call("GET", "/v1/blocks")).expect(200) == {"items": []}
        for _ in range(2):
            (await alice.call("DELETE", f"/v1/blocks/{bob.user_id}")).expect(204)
        assert (await alice.call("GET", "/v1/blocks")).expect(200) == {"items": []}

    async def test_neither_nobody_nor_oneself(self, alice: User) -> None:
        assert (await alice.call("PUT", f"/v1/blocks/{fresh('nobody')}")).refusal() == (404, "not_found")
        assert (await alice.call("PUT", f"/v1/blocks/{alice.user_id}")).refusal() == (400, "bad_request")

    async def test_who_is_blocked_can_block_too_and_learns_nothing(self, alice: User, bob: User) -> None:
        await block(alice, bob)
        await block(bob, alice)
        items = (await bob.call("GET", "/v1/blocks")).expect(200)["items"]
        assert [item["user_id"] for item in items] == [alice.user_id]


class TestAcrossABlock:
    async def test_each_is_as_if_unknown_to_the_other(self, alice: User, bob: User) -> None:
        """To the letter: the answers are those about nobody."""
        (await alice.call("PUT", f"/v1/contacts/{bob.user_id}")).expect(204)
        await block(bob, alice)
        for asking, other in ((alice, bob), (bob, alice)):
            for method, path in (("GET", "/v1/users/{}"), ("PUT", "/v1/contacts/{}")):
                blocked = await asking.call(method, path.format(other.user_id))
                unknown = await asking.call(method, path.format(fresh("nobody")))
                assert blocked.refusal() == (404, "not_found")
                assert blocked.body == unknown.body
            found = await asking.call("GET", "/v1/users", query={"username": other.username})
            assert found.expect(200) == {"items": []}
        assert (await alice.call("GET", "/v1/contacts")).expect(200) == {"items": []}

    async def test_nobody_begins_a_conversation_with_the_other_or_adds_them(self, alice: User, bob: User) -> None:
        lobby = await alice.group()
        await block(bob, alice)
        for body in (
            {"kind": "direct", "members": [bob.user_id]},
            {"kind": "group", "title": "Us", "members": [bob.user_id]},
        ):
            assert (await alice.call("POST", "/v1/conversations", body)).refusal() == (404, "not_found")
        added = await alice.call("POST", f"/v1/conversations/{lobby}/members", {"user_ids": [bob.user_id]})
        assert added.refusal() == (404, "not_found")

    async def test_neither_writes_in_the_direct_conversation_until_it_is_lifted(self, alice: User, bob: User) -> None:
        conversation = await alice.direct(bob)
        alices, bobs = await alice.connect(), await bob.connect()
        await alices.say(conversation, "hello")
        await bobs.reach(conversation, 2)
        await block(alice, bob)
        for socket in (alices, bobs):
            for command in commands(conversation):
                answer = await socket.ask(command)
                assert (answer["type"], answer.get("code")) == ("error", "forbidden"), command["action"]
        again = await bob.call("POST", "/v1/conversations", {"kind": "direct", "members": [alice.user_id]})
        assert again.refusal() == (404, "not_found")
        assert len(await bob.history(conversation)) == 2
        (await alice.call("DELETE", f"/v1/blocks/{bob.user_id}")).expect(204)
        (client_id,) = await bobs.say(conversation, "sorry")
        await alices.event(conversation, client_id)

    async def test_typing_is_answered_and_not_passed_on(self, alice: User, bob: User) -> None:
        conversation = await alice.direct(bob)
        alices, bobs = await alice.connect(), await bob.connect()
        await block(alice, bob)
        frame = {"action": "typing", "conversation_id": conversation, "state": "started"}
        assert (await bobs.ask(frame))["type"] == "ok"
        await alices.ping()
        assert [each for each in alices.frames if each["type"] == "typing"] == []

    async def test_in_shared_groups_both_go_on(self, alice: User, bob: User) -> None:
        lobby = await alice.group(bob)
        alices, bobs = await alice.connect(), await bob.connect()
        await block(alice, bob)
        (from_bob,) = await bobs.say(lobby, "hello")
        await alices.event(lobby, from_bob)
        (from_alice,) = await alices.say(lobby, "well")
        await bobs.event(lobby, from_alice)
