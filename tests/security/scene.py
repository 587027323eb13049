"""
A conversation with people around it: who belongs to it, who never did, who was removed, who is blocked, and whose
session is over.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from tests.support.api import PASSWORD, Api, Reply, User, fresh
from tests.support.files import attach
from tests.support.socket import Socket

SECRET = "canary-words-4711"  # what is said where only members hear it
NEW_PASSWORD = "another horse battery"

type Ids = Mapping[str, str]


@dataclass(frozen=True)
class Persona:
    """Somebody who is where they should not be, and the ids with which they try."""

    user: User
    phone: Socket
    ids: Ids
    mine: str
    """A group of their own."""


@dataclass(frozen=True)
class Scene:
    api: Api
    alice: User
    """Owner of the conversation; everybody's aim."""
    stranger: Persona
    removed: Persona
    blocked: Persona
    """By alice, with whom they have a direct conversation."""
    over: Mapping[str, User]
    """People with sessions that have ended, by how."""
    ids: Ids
    """Alice's."""

    @property
    def secrets(self) -> list[str]:
        """What nobody but alice, and of the last ones the members, may see."""
        return [self.alice.session_id, self.alice.device_id, self.alice.refresh_token, SECRET]


async def made(api: Api) -> Scene:
    alice, bob, mallory, rob, eve = [await api.sign_up(name) for name in ("alice", "bob", "mallory", "rob", "eve")]
    chat = await alice.group(bob, rob, title=SECRET)
    phone = await alice.connect()
    cat = await attach(alice, chat, b"a cat")
    shown = {"client_id": "m1", "content": {"type": "attachment", "attachment_id": cat, "text": SECRET}}
    await phone.say(chat, shown)
    await phone.event(chat, "m1")
    direct = await eve.direct(alice)
    eves = await eve.connect()
    await eves.say(direct, {"client_id": "e1", "content": {"type": "text", "text": "before the block"}})
    await eves.event(direct, "e1")
    (await alice.call("DELETE", f"/v1/conversations/{chat}/members/{rob.user_id}")).expect(204)
    (await alice.call("PUT", f"/v1/blocks/{eve.user_id}")).expect(204)
    ids = {
        "conversation_id": chat,
        "user_id": alice.user_id,
        "username": alice.username,
        "session_id": alice.session_id,
        "device_id": alice.device_id,
        "attachment_id": cat,
    }
    return Scene(
        api=api,
        alice=alice,
        stranger=Persona(mallory, await mallory.connect(), ids, await mallory.group()),
        removed=Persona(rob, await rob.connect(), ids, await rob.group()),
        blocked=Persona(eve, eves, {**ids, "conversation_id": direct}, await eve.group()),
        over={"signed out": await _signed_out(api), "password changed": await _shut_out(api)},
        ids=ids,
    )


async def patiently(call: Callable[[], Awaitable[Reply]]) -> Reply:
    """What is answered to somebody who comes again when they are told to."""
    while (reply := await call()).status == 429:  # noqa: ASYNC110 - the answer says when to come again
        await asyncio.sleep(reply.body["retry_after_ms"] / 1000)
    return reply


async def _signed_out(api: Api) -> User:
    user = await api.sign_up("olga")
    (await user.call("DELETE", "/v1/sessions/current")).expect(204)
    return user


async def _shut_out(api: Api) -> User:
    """The password was changed on another device."""
    user = await api.sign_up("paul")
    elsewhere = await user.on_another_device()
    change = {"current": PASSWORD, "new": NEW_PASSWORD}
    (await elsewhere.call("PUT", "/v1/users/me/password", change)).expect(204)
    return user


def unheard_of(ids: Ids) -> Ids:
    """Ids of nothing."""
    return {name: fresh("none") for name in ids}
