"""Whoever asks again for what has not changed is told just that."""

import pytest

from tests.support.api import Api, Reply, User

POLLED = [
    "/v1/users/me",
    "/v1/users/{user_id}",
    "/v1/sessions",
    "/v1/devices",
    "/v1/contacts",
    "/v1/conversations",
    "/v1/conversations/{conversation_id}",
    "/v1/conversations/{conversation_id}/members",
    "/v1/conversations/{conversation_id}/events",
    "/.well-known/jwks.json",
]


async def read(user: User, path: str, known: str | None = None) -> Reply:
    headers = {} if known is None else {"If-None-Match": known}
    return await user.api.call("GET", path, token=user.access_token, headers=headers)


@pytest.mark.parametrize("path", POLLED)
async def test_what_is_known_is_not_sent_again(api: Api, path: str) -> None:
    alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
    phone = await alice.connect()
    chat = await alice.direct(bob)
    (client_id,) = await phone.say(chat, "hello")
    await phone.event(chat, client_id)
    path = path.format(user_id=bob.user_id, conversation_id=chat)
    first = await read(alice, path)
    assert first.expect(200)
    again = await read(alice, path, first.headers["ETag"])
    assert (again.status, again.body, again.headers["ETag"]) == (304, None, first.headers["ETag"])
    assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
    (await read(alice, path, '"something else"')).expect(200)


async def test_what_has_changed_is(api: Api) -> None:
    alice = await api.sign_up("alice")
    before = await read(alice, "/v1/users/me")
    (await alice.call("PATCH", "/v1/users/me", {"display_name": "Alice B."})).expect(200)
    after = await read(alice, "/v1/users/me", before.headers["ETag"])
    assert after.expect(200)["display_name"] == "Alice B."


async def test_keys_may_be_kept_and_what_is_private_may_not(api: Api) -> None:
    alice = await api.sign_up("alice")
    assert (await read(alice, "/.well-known/jwks.json")).headers["Cache-Control"] == "public, max-age=300"
    assert (await read(alice, "/v1/users/me")).headers["Cache-Control"] == "private, no-cache"
