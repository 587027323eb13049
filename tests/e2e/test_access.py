"""Nobody gets in without being signed in, and nobody reads or posts where they do not belong (P8)."""

from collections.abc import Awaitable

import jwt
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from tests.support.api import Api, fresh
from tests.support.socket import Socket, message

MAX_CONNECTIONS = 20


async def refused(upgrade: Awaitable[Socket]) -> int:
    """Status that an upgrade is refused with."""
    with pytest.raises(InvalidStatus) as refusal:
        await upgrade
    return refusal.value.response.status_code


class TestUpgrade:
    async def test_ticket_opens_a_socket_once(self, api: Api) -> None:
        alice = await api.sign_up("alice")
        ticket = await alice.ticket()
        assert 0 < ticket["expires_in"] <= 30
        phone = await api.open(ticket["url"])
        await phone.ping()
        assert await refused(api.open(ticket["url"])) == 401
        await phone.ping()

    @pytest.mark.parametrize(
        ("offered", "echoed"), [(["other", "natter.v1"], "natter.v1"), (["other"], None), ([], None)]
    )
    async def test_its_subprotocol_is_echoed(self, api: Api, offered: list[str], echoed: str | None) -> None:
        ticket = await (await api.sign_up()).ticket()
        names = [Subprotocol(name) for name in offered]
        async with connect(ticket["url"], subprotocols=names or None, proxy=None) as socket:
            assert socket.subprotocol == echoed

    async def test_access_token_opens_a_socket(self, api: Api) -> None:
        alice = await api.sign_up("alice")
        phone = await api.open(api.socket_url, token=alice.access_token)
        await phone.ping()

    async def test_nothing_else_does(self, api: Api) -> None:
        alice = await api.sign_up("alice")
        assert await refused(api.open(api.socket_url)) == 401
        assert await refused(api.open(f"{api.socket_url}?ticket={fresh('ticket')}")) == 401
        assert await refused(api.open(f"{api.socket_url}?ticket=")) == 401
        assert await refused(api.open(api.socket_url, token="nonsense")) == 401
        assert await refused(api.open(api.socket_url, token=alice.refresh_token)) == 401
        assert await refused(api.open(api.socket_url, token=tampered(alice.access_token))) == 401

    async def test_ticket_dies_with_its_session(self, api: Api) -> None:
        alice = await api.sign_up("alice")
        ticket = await alice.ticket()
        (await alice.call("DELETE", "/v1/sessions/current")).expect(204)
        assert await refused(api.open(ticket["url"])) == 401


class TestSession:
    async def test_its_end_closes_its_connections_and_only_those(self, api: Api) -> None:
        alice = await api.sign_up("alice")
        tablet = await alice.on_another_device()
        lost, kept = await alice.connect(), await tablet.connect()
        (await tablet.call("DELETE", f"/v1/sessions/{alice.session_id}")).expect(204)
        assert await lost.closed() is not None
        await kept.ping()
        assert (await alice.call("GET", "/v1/users/me")).refusal() == (401, "unauthenticated")
        (await tablet.call("GET", "/v1/users/me")).expect(200)

    async def test_one_connection_more_than_a_user_may_have_closes_the_oldest(self, api: Api) -> None:
        alice = await api.sign_up("alice")
        sockets = [await alice.connect() for _ in range(MAX_CONNECTIONS + 1)]
        assert await sockets[0].closed() is not None
        for socket in sockets[1:]:
            await socket.ping()

    async def test_nobody_ends_somebody_elses(self, api: Api) -> None:
        alice, mallory = await api.sign_up("alice"), await api.sign_up("mallory")
        assert (await mallory.call("DELETE", f"/v1/sessions/{alice.session_id}")).status in {204, 404}
        (await alice.call("GET", "/v1/users/me")).expect(200)


class TestRequests:
    async def test_tampered_token_is_none(self, api: Api) -> None:
        alice = await api.sign_up("alice")
        reply = await api.call("GET", "/v1/users/me", token=tampered(alice.access_token))
        assert reply.refusal() == (401, "unauthenticated")


class TestTokens:
    async def test_are_checked_by_the_keys_that_are_published(self, api: Api) -> None:
        alice = await api.sign_up("alice")
        published = jwt.PyJWKSet.from_dict((await api.call("GET", "/.well-known/jwks.json")).expect(200))
        key = published[jwt.get_unverified_header(alice.access_token)["kid"]]
        claims = jwt.decode(alice.access_token, key, audience="natter", issuer="natter")
        assert (claims["sub"], claims["sid"]) == (alice.user_id, alice.session_id)


class TestStranger:
    async def test_cannot_post(self, api: Api) -> None:
        """Nor tell a conversation that exists from one that does not."""
        alice, bob, mallory = [await api.sign_up(name) for name in ("alice", "bob", "mallory")]
        phone, spy = await alice.connect(), await mallory.connect()
        chat = await alice.direct(bob)
        answers = [
            await spy.ask({"action": "send", "conversation_id": conversation, "messages": [message("hi", "m1")]})
            for conversation in (chat, fresh("nowhere"))
        ]
        real, invented = [
            {name: value for name, value in answer.items() if name not in {"id", "conversation_id"}}
            for answer in answers
        ]
        assert (real["type"], real["code"]) == ("error", "not_member")
        assert real == invented
        await spy.ping()
        (client_id,) = await phone.say(chat, "between us")
        assert (await phone.event(chat, client_id))["seq"] == 2
        assert spy.shown(chat) == []

    async def test_cannot_read(self, api: Api) -> None:
        alice, bob, mallory = [await api.sign_up(name) for name in ("alice", "bob", "mallory")]
        chat = await alice.direct(bob)
        replies = [
            await mallory.call("GET", f"/v1/conversations/{conversation}/events")
            for conversation in (chat, fresh("nowhere"))
        ]
        assert [reply.refusal() for reply in replies] == [(403, "not_member")] * 2
        assert replies[0].body == replies[1].body


def tampered(token: str) -> str:
    """The same claims, another signature."""
    head, claims, signature = token.split(".")
    return ".".join((head, claims, signature[::-1]))
