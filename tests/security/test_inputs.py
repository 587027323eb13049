"""Whatever is sent is refused, or taken for what it says: never a fault, never a command, never a header."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import pytest

from tests.security.documents import OPERATIONS
from tests.security.inputs import PATHS, RAW, twice, variations
from tests.security.rows import ROWS
from tests.security.scene import Ids
from tests.support.api import Api, Reply, User

WITH_BODY = [name for name, operation in OPERATIONS.items() if "requestBody" in operation]
WITH_VARIABLES = [name for name in OPERATIONS if "{" in name]
QUERIES = [
    (name, parameter["name"])
    for name, operation in OPERATIONS.items()
    for parameter in operation.get("parameters", ())
    if parameter["in"] == "query"
]
MIB = 1024 * 1024


@dataclass(frozen=True)
class Attacker:
    """Somebody who is let in, so that what they send is looked at."""

    user: User
    ids: Ids

    async def sends(self, name: str, body: Any = None, *, query: str = "", **ids: str) -> Reply:
        """What is answered at last; who is told to come again much later does not."""
        method, path = name.split(" ")
        while True:
            reply = await self.user.call(method, path.format(**{**self.ids, **ids}) + query, body)
            if reply.status != 429 or reply.body["retry_after_ms"] > 1000:
                return reply
            await asyncio.sleep(reply.body["retry_after_ms"] / 1000)


@pytest.fixture
async def attacker(api: Api) -> Attacker:
    eve, bob = await api.sign_up("eve"), await api.sign_up("bob")
    ids = {
        "conversation_id": await eve.group(bob),
        "user_id": bob.user_id,
        "username": bob.username,
        "session_id": (await eve.on_another_device()).session_id,
        "device_id": eve.device_id,
        "attachment_id": "none",
    }
    return Attacker(eve, ids)


def check(reply: Reply) -> None:
    """An answer of the document, with no header that was sent in."""
    assert reply.status < 500, reply
    assert "Set-Cookie" not in reply.headers
    if reply.status >= 400:
        reply.refusal()


async def is_unharmed(attacker: Attacker) -> None:
    """The tables are there, with what was in them."""
    (await attacker.sends("GET /v1/users/{user_id}")).expect(200)
    (await attacker.sends("GET /v1/conversations/{conversation_id}")).expect(200)


class TestBodies:
    @pytest.mark.parametrize("name", WITH_BODY)
    async def test_each_value_may_be_anything(self, attacker: Attacker, name: str) -> None:
        row = ROWS[name]
        for what, body in variations(row.body(attacker.ids)):
            reply = await attacker.sends(name, body)
            try:
                check(reply)
            except AssertionError as error:
                raise AssertionError(f"{what}: {error}") from error
        await is_unharmed(attacker)

    @pytest.mark.parametrize("name", WITH_BODY)
    async def test_what_is_no_object_is_refused(self, attacker: Attacker, name: str) -> None:
        for what, body in RAW.items():
            assert (await attacker.sends(name, body)).refusal() == (400, "bad_request"), what

    @pytest.mark.parametrize("name", WITH_BODY)
    async def test_of_a_key_that_is_there_twice_one_counts(self, attacker: Attacker, name: str) -> None:
        check(await attacker.sends(name, twice(ROWS[name].body(attacker.ids))))

    @pytest.mark.parametrize("name", WITH_BODY)
    async def test_no_body_is_larger_than_a_mebibyte(self, attacker: Attacker, name: str) -> None:
        body = json.dumps({**ROWS[name].body(attacker.ids), "padding": "x" * MIB})
        assert (await attacker.sends(name, body)).refusal() == (413, "too_large")

    async def test_what_the_gateway_does_not_take_is_refused_by_it(self, attacker: Attacker) -> None:
        assert (await attacker.sends("POST /v1/sync", "x" * 11 * MIB)).status == 413


class TestPaths:
    @pytest.mark.parametrize("name", WITH_VARIABLES)
    async def test_each_part_may_be_anything(self, attacker: Attacker, name: str) -> None:
        """It names nothing, or what is not one's own."""
        body = ROWS[name].body(attacker.ids)
        for variable in [each for each in attacker.ids if f"{{{each}}}" in name]:
            for what, part in PATHS.items():
                reply = await attacker.sends(name, body, **{variable: part})
                check(reply)
                assert reply.status in {404, *({403} if variable == "conversation_id" else ())}, (what, reply)
        await is_unharmed(attacker)


class TestQueries:
    @pytest.mark.parametrize(("name", "parameter"), QUERIES)
    async def test_each_value_may_be_anything(self, attacker: Attacker, name: str, parameter: str) -> None:
        for part in [*PATHS.values(), "-1", "9" * 5000, "1e400", "NaN", ""]:
            check(await attacker.sends(name, query=f"?{parameter}={part}"))
        await is_unharmed(attacker)


class TestHeaders:
    @pytest.mark.parametrize("value", ["'; DROP TABLE sessions; --", "x" * 8000, "Bearer", "Basic YTpi", "Bearer \xff"])
    async def test_the_token_may_be_anything(self, api: Api, value: str) -> None:
        reply = await api.call("GET", "/v1/users/me", token=value)
        assert reply.refusal() == (401, "unauthenticated")
