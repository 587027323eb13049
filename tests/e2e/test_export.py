"""What is known of somebody, for themselves: asked for, waited for, downloaded."""

import asyncio
import io
import json
import zipfile

import aiohttp

from tests.support.api import PASSWORD, Api, Reply, User
from tests.support.socket import message

READY_WITHIN_S = 60.0


async def exported(user: User) -> Reply:
    """As a client waits for it."""
    async with asyncio.timeout(READY_WITHIN_S):
        while True:
            reply = await user.call("GET", "/v1/users/me/export")
            if reply.status != 202:
                assert reply.status == 302, reply
                return reply
            await asyncio.sleep(reply.body["retry_after_ms"] / 1000)


async def download(url: str) -> bytes:
    async with aiohttp.ClientSession() as store, store.get(url) as answer:
        answer.raise_for_status()
        return await answer.read()


class TestExport:
    async def test_holds_what_one_has_said_and_nothing_of_others(self, api: Api) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        chat = await alice.direct(bob)
        phone, desk = await alice.connect(), await bob.connect()
        await phone.say(chat, message("mine", "m1"))
        await desk.say(chat, message("theirs", "m2"))
        await phone.event(chat, "m2")
        reply = await exported(alice)
        with zipfile.ZipFile(io.BytesIO(await download(reply.headers["Location"]))) as archive:
            profile = json.loads(archive.read("profile.json"))
            said = json.loads(archive.read(f"conversations/{chat}/events.json"))
        assert profile["username"] == alice.username
        assert [event["content"]["text"] for event in said if event["type"] == "message"] == ["mine"]
        assert (await exported(alice)).status == 302

    async def test_is_of_who_asks(self, api: Api) -> None:
        assert (await api.call("GET", "/v1/users/me/export")).refusal() == (401, "unauthenticated")

    async def test_goes_with_the_account(self, api: Api) -> None:
        alice = await api.sign_up("alice")
        await exported(alice)
        (await alice.call("DELETE", "/v1/users/me", {"password": PASSWORD})).expect(202)
        assert (await alice.call("GET", "/v1/users/me/export")).refusal() == (401, "unauthenticated")
