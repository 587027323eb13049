"""Who is away learns of a message once, on each device (P7)."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.cloud import Cloud
from tests.support.api import Api, User
from tests.support.phones import Phone, Sns, bodies, forgotten, with_phone
from tests.support.socket import Socket, message

ONLINE_ELSEWHERE_S = 30.0
FOREVER = 2**52


@pytest.fixture
def sns(cloud: Cloud, outputs: Mapping[str, str]) -> Sns:
    return Sns(cloud.engines["localstack"].address, outputs["Region"])


async def say(screen: Socket, chat: str, words: str, *mentioned: User) -> None:
    said: dict[str, Any] = message(words)
    if mentioned:
        said["mentions"] = [user.user_id for user in mentioned]
    answer = await screen.ask({"action": "send", "conversation_id": chat, "messages": [said]})
    assert answer["type"] == "ack", answer


async def settle(user: User, chat: str, **settings: Any) -> None:
    (await user.call("PATCH", f"/v1/conversations/{chat}/me", settings)).expect(200)


def now_is_quiet() -> dict[str, str]:
    now = datetime.now(UTC)
    begins, ends = now - timedelta(hours=1), now + timedelta(hours=1)
    return {"from": begins.strftime("%H:%M"), "to": ends.strftime("%H:%M"), "time_zone": "UTC"}


class TestWhoIsWoken:
    async def test_who_is_away_and_wants_to_know(self, api: Api, sns: Sns) -> None:
        names = ("away", "muted", "mentions", "silenced", "quiet", "reader", "connected", "elsewhere")
        people = dict(zip(names, await asyncio.gather(*(with_phone(api, sns, name) for name in names)), strict=True))
        users, phones = {n: user for n, (user, _) in people.items()}, {n: phone for n, (_, phone) in people.items()}
        alice, own = await with_phone(api, sns, "alice")
        chat = await alice.group(*users.values())
        tablet = Phone(sns)
        await tablet.register(await users["away"].on_another_device())
        await settle(users["muted"], chat, muted_until=FOREVER)
        await settle(users["mentions"], chat, notify="mentions")
        await settle(users["silenced"], chat, notify="none")
        notifications = "/v1/users/me/notifications"
        (await users["quiet"].call("PATCH", notifications, {"quiet": now_is_quiet()})).expect(200)
        (await users["away"].call("PATCH", notifications, {"previews": False})).expect(200)
        await users["connected"].connect()
        await (await users["elsewhere"].on_another_device()).connect()
        screen = await alice.connect()

        await say(screen, chat, "one")
        await screen.reach(chat, 2)
        (await users["reader"].call("PUT", f"/v1/conversations/{chat}/read", {"seq": 2})).expect(202)
        (push,) = await phones["away"].until(bool)
        assert push["notification"] == {"title": "Alice in Lobby", "body": "Message"}
        assert (push["data"]["conversation_id"], push["data"]["seq"], push["data"]["kind"]) == (chat, "2", "group")
        assert push["android"]["notification"]["notification_count"] == 1
        await say(screen, chat, "two", users["muted"], users["mentions"], users["silenced"], users["quiet"])
        await screen.reach(chat, 3)
        (await users["reader"].call("PUT", f"/v1/conversations/{chat}/read", {"seq": 3})).expect(202)
        await asyncio.gather(
            phones["away"].until(lambda pushes: len(pushes) == 2),
            tablet.until(lambda pushes: len(pushes) == 2),
            phones["muted"].until(lambda pushes: bodies(pushes) == ["two"]),
            phones["mentions"].until(lambda pushes: bodies(pushes) == ["two"]),
        )
        await phones["elsewhere"].until(lambda pushes: "one" in bodies(pushes), within_s=ONLINE_ELSEWHERE_S + 30)
        for name in ("silenced", "quiet", "reader", "connected"):
            assert await phones[name].pushes() == [], name
        assert await own.pushes() == []
        assert len(await phones["away"].pushes()) == len(await tablet.pushes()) == 2

    async def test_nobody_across_a_block(self, api: Api, sns: Sns) -> None:
        (alice, _), (bob, phone) = await with_phone(api, sns, "alice"), await with_phone(api, sns, "bob")
        direct, lobby = await alice.direct(bob), await alice.group(bob)
        screen = await alice.connect()
        await say(screen, direct, "before the block")
        (await bob.call("PUT", f"/v1/blocks/{alice.user_id}")).expect(204)
        await say(screen, lobby, "in a group")
        await phone.until(lambda pushes: bodies(pushes) == ["in a group"])

    async def test_many_messages_at_once_are_one_push(self, api: Api, sns: Sns) -> None:
        """Three are told on their own: those that are looked at first, since a queue hands out in no order."""
        (alice, _), (bob, phone) = await with_phone(api, sns, "alice"), await with_phone(api, sns, "bob")
        chat = await alice.direct(bob)
        screen = await alice.connect()
        for number in range(6):
            await say(screen, chat, f"message {number}")
        pushes = await phone.until(lambda pushes: "6 new messages" in bodies(pushes))
        together, *alone = sorted(bodies(pushes))
        assert (together, len(set(alone)), len(alone)) == ("6 new messages", 3, 3)
        assert set(alone) < {f"message {number}" for number in range(6)}
        assert len({push["android"]["collapse_key"] for push in pushes}) == 1


class TestTokens:
    async def test_belong_to_who_registered_them_last(self, api: Api, sns: Sns) -> None:
        (alice, _), (bob, phone), carol = (
            await with_phone(api, sns, "alice"),
            await with_phone(api, sns, "bob"),
            await api.sign_up("carol"),
        )
        chat = await alice.group(bob, carol)
        await phone.register(carol)
        screen = await alice.connect()
        await say(screen, chat, "for one of you")
        await phone.until(bool)
        await say(screen, chat, "and again")
        await phone.until(lambda pushes: len(pushes) > 1)
        assert bodies(await phone.pushes()) == ["for one of you", "and again"]

    async def test_that_are_dead_are_forgotten(self, api: Api, sns: Sns) -> None:
        (alice, _), (bob, phone) = await with_phone(api, sns, "alice"), await with_phone(api, sns, "bob")
        chat = await alice.direct(bob)
        await asyncio.to_thread(sns.disable, phone.token)
        await say(await alice.connect(), chat, "hello")

        await forgotten(bob)
        await phone.register(bob)
        await say(await alice.connect(), chat, "hello again")
        await phone.until(lambda pushes: bodies(pushes) == ["hello again"])


class TestBadges:
    async def test_reading_on_one_device_brings_the_others_up_to_date(self, api: Api, sns: Sns) -> None:
        (alice, _), (bob, phone) = await with_phone(api, sns, "alice"), await with_phone(api, sns, "bob")
        tablet = Phone(sns)
        await tablet.register(await bob.on_another_device())
        chat = await alice.direct(bob)
        await say(await alice.connect(), chat, "hello")
        await asyncio.gather(phone.until(bool), tablet.until(bool))
        (await bob.call("PUT", f"/v1/conversations/{chat}/read", {"seq": 2})).expect(202)
        _, silent = await tablet.until(lambda pushes: len(pushes) == 2)
        assert silent["data"] == {"badge": "0"}
        assert "notification" not in silent
        assert bodies(await phone.pushes()) == ["hello"], "who has read it there, knows"
