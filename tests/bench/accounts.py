"""What it costs to be somebody: signing in, being let in, and being asked whether one belongs to a conversation."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import redis.asyncio as redis

from local.cloud import Cloud
from natter.adapters.passwords import Argon2Passwords
from tests.bench.latency import by_request, timed
from tests.support.api import Api, User
from tests.support.socket import Socket, message

REPETITIONS = 40


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """Milliseconds of each attempt."""

    sign_in_ms: Sequence[float]
    argon2_ms: Sequence[float]
    """Comparing a password with its hash, in this process; the parameters are those of the functions."""
    authorizer_ms: Sequence[float]
    """An invocation of `authorize` with an access token, from the local cloud and back."""
    cached_ms: Sequence[float]
    """A frame to its `ack`, the members in the cache."""
    uncached_ms: Sequence[float]
    """The same with the members read from PostgreSQL."""


async def measure(cloud: Cloud) -> Accounts:
    async with Api(cloud.app.outputs) as api:
        ann, ben = await api.sign_up("ann"), await api.sign_up("ben")
        conversation = await ann.direct(ben)
        socket, bens = await ann.connect(), await ben.connect()  # two, who may say more than one
        await _send(socket, conversation)
        passwords = Argon2Passwords()
        stored = passwords.hash("correct horse")

        async def verify() -> None:
            passwords.verify(stored, "correct horse")

        async def send_uncached() -> float:
            async with redis.Redis.from_url(f"redis://{cloud.engines['valkey'].address}") as client:
                await client.delete(f"members:{conversation}")
            return await timed(lambda: _send(bens, conversation))

        return Accounts(
            sign_in_ms=[await timed(ann.on_another_device) for _ in range(REPETITIONS)],
            argon2_ms=[await timed(verify) for _ in range(REPETITIONS)],
            authorizer_ms=[await timed(lambda: _authorize(cloud, ann)) for _ in range(REPETITIONS)],
            cached_ms=[await timed(lambda: _send(socket, conversation)) for _ in range(REPETITIONS)],
            uncached_ms=[await send_uncached() for _ in range(REPETITIONS)],
        )


async def _authorize(cloud: Cloud, user: User) -> None:
    (function,) = [each.arn for each in cloud.app.functions if each.name.endswith("authorize")]
    event = {"methodArn": "arn:aws:execute-api:::", "headers": {"Authorization": f"Bearer {user.access_token}"}}
    result = await cloud.runtime.functions.invoke(function, json.dumps(event).encode())
    assert json.loads(result.payload)["principalId"] == user.user_id


async def _send(socket: Socket, conversation: str) -> None:
    answer = await socket.ask({"action": "send", "conversation_id": conversation, "messages": [message("hello")]})
    assert answer["type"] == "ack", answer


def table(accounts: Accounts) -> list[str]:
    rows = {
        "sign-in": accounts.sign_in_ms,
        "of it argon2id": accounts.argon2_ms,
        "authorizer": accounts.authorizer_ms,
        "ack, members cached": accounts.cached_ms,
        "ack, members not cached": accounts.uncached_ms,
    }
    return by_request("accounts (ms)", rows)
