"""Who is there, to those who may know (P8)."""

import asyncio
import time

import pytest

from tests.support.api import Api
from tests.support.presence import asked, say, told, watch
from tests.support.socket import WITHIN_S

GRACE_S = 15
"""How long somebody without a connection is shown as they were."""


class TestPresence:
    async def test_comings_and_goings_are_told_to_who_watches(self, api: Api) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        await alice.direct(bob)
        screen = await alice.connect()
        assert await watch(screen, bob) == {bob.user_id: "offline"}
        phone = await bob.connect()
        assert await told(screen, bob, "online") == {"user_id": bob.user_id, "state": "online"}
        assert await asked(alice, bob) == await watch(screen, bob) == {bob.user_id: "online"}
        await phone.close()
        left = time.time()
        assert await asked(alice, bob) == {bob.user_id: "online"}
        offline = await told(screen, bob, "offline", within_s=GRACE_S + WITHIN_S)
        assert time.time() - left >= GRACE_S - 1
        assert abs(offline["last_seen_at"] / 1000 - left) < GRACE_S - 1
        assert await asked(alice, bob) == {bob.user_id: "offline"}

    async def test_one_device_that_is_not_away_is_enough(self, api: Api) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        await alice.direct(bob)
        screen, phone = await alice.connect(), await bob.connect()
        desk = await (await bob.on_another_device()).connect()
        await watch(screen, bob)
        await say(phone, "away")
        assert await asked(alice, bob) == {bob.user_id: "online"}
        await say(desk, "away")
        await told(screen, bob, "away")
        assert await asked(alice, bob) == {bob.user_id: "away"}
        since = len(screen.frames)
        await say(phone, "online")
        await told(screen, bob, "online", since=since)

    async def test_a_device_that_connects_again_is_there(self, api: Api) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        await alice.direct(bob)
        screen, phone = await alice.connect(), await bob.connect()
        await watch(screen, bob)
        await say(phone, "away")
        await told(screen, bob, "away")
        since = len(screen.frames)
        await phone.close()
        await bob.connect()
        await told(screen, bob, "online", since=since)

    async def test_who_is_not_watched_any_more_is_not_told(self, api: Api) -> None:
        alice, bob, carol = [await api.sign_up(name) for name in ("alice", "bob", "carol")]
        await alice.group(bob, carol)
        screen = await alice.connect()
        assert await watch(screen, bob) == {bob.user_id: "offline"}
        assert await watch(screen, carol) == {carol.user_id: "offline"}
        await bob.connect()
        await carol.connect()
        await told(screen, carol, "online")
        shown = [each["user_id"] for frame in screen.frames if frame["type"] == "presence" for each in frame["users"]]
        assert shown == [bob.user_id, carol.user_id, carol.user_id]


class TestWhoMaySee:
    async def test_strangers_are_left_out(self, api: Api) -> None:
        alice, mallory = await api.sign_up("alice"), await api.sign_up("mallory")
        await alice.connect()
        assert await asked(mallory, alice) == await watch(await mallory.connect(), alice) == {}

    async def test_contacts_see_each_other_when_both_have_added_the_other(self, api: Api) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        await bob.connect()
        (await alice.call("PUT", f"/v1/contacts/{bob.user_id}")).expect(204)
        assert await asked(alice, bob) == {}
        (await bob.call("PUT", f"/v1/contacts/{alice.user_id}")).expect(204)
        assert await asked(alice, bob) == {bob.user_id: "online"}

    @pytest.mark.parametrize("mine", [True, False])
    async def test_a_block_ends_it_at_once_either_way(self, api: Api, mine: bool) -> None:
        """Also for who watches already: carol, who watches as well, shows that there was something to tell."""
        alice, bob, carol = [await api.sign_up(name) for name in ("alice", "bob", "carol")]
        await alice.group(bob, carol)
        screen, carols, phone = await alice.connect(), await carol.connect(), await bob.connect()
        assert await watch(screen, bob) == await watch(carols, bob) == {bob.user_id: "online"}
        by, blocked = (alice, bob) if mine else (bob, alice)
        (await by.call("PUT", f"/v1/blocks/{blocked.user_id}")).expect(204)
        await say(phone, "away")
        await told(carols, bob, "away")
        await screen.ping()
        assert await asked(alice, bob) == await watch(screen, bob) == {}
        told_of = [each["state"] for frame in screen.frames if frame["type"] == "presence" for each in frame["users"]]
        assert "away" not in told_of

    async def test_who_has_left_sees_nobody_any_more(self, api: Api) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        group = await alice.group(bob)
        await alice.connect()
        assert await asked(bob, alice) == {alice.user_id: "online"}
        (await bob.call("DELETE", f"/v1/conversations/{group}/members/{bob.user_id}")).expect(204)
        assert await asked(bob, alice) == {}


class TestBadInput:
    @pytest.mark.parametrize("query", ["", "?user_id=", "?user_id=a%20b", "?" + "&".join(["user_id=u"] * 101)])
    async def test_a_wrong_list_is_named(self, api: Api, query: str) -> None:
        alice = await api.sign_up("alice")
        reply = await alice.call("GET", f"/v1/presence{query}")
        assert reply.refusal() == (400, "bad_request")
        assert reply.body["detail"].startswith("user_id")

    async def test_the_connection_lives_on(self, api: Api) -> None:
        alice = await api.sign_up("alice")
        screen = await alice.connect()
        for frame in (
            {"action": "watch"},
            {"action": "watch", "user_ids": ["u"] * 101},
            {"action": "status"},
            {"action": "status", "state": "offline"},
        ):
            assert (await screen.ask(frame))["code"] == "bad_request"
        answers = await asyncio.gather(*(screen.ask({"action": "status", "state": "online"}) for _ in range(40)))
        assert {answer.get("code", "ok") for answer in answers} == {"ok", "rate_limited"}
        await screen.insist({"action": "ping"}, within_s=WITHIN_S, after={"rate_limited"})
