"""Two people with the TypeScript SDK: they talk, are thrown out, write offline."""

import asyncio
import json
from pathlib import Path

from tests.clients.node import node
from tests.support.api import Api, User

TALK = Path(__file__).with_name("sdk_talk.mjs")
CONNECTIONS = 20
"""One more closes the oldest."""
WITHIN_S = 120.0


async def test_two_people_talk_by_the_sdk(api: Api) -> None:
    """What is written offline arrives once and in order (P1, P3, P4); who is thrown out comes back."""
    alice, bob = await asyncio.gather(api.sign_up("alice"), api.sign_up("bob"))
    people = {"url": api.url, "password": api.password, "alice": alice.username, "bob": bob.username}
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(node(), TALK, stdin=pipe, stdout=pipe)  # its stderr is the test's
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(WITHIN_S):
            process.stdin.write(json.dumps(people).encode() + b"\n")
            assert await process.stdout.readline() == b"talked\n"
            await throw_out(alice)
            assert await process.stdout.readline() == b"reconnected\n"
            shown = json.loads(await process.stdout.readline())
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    offline = [f"offline {number}" for number in range(1, 21)]
    history = [
        event["content"]["text"] for event in await alice.history(shown["conversation"]) if event["type"] == "message"
    ]
    assert [text for text in history if text.startswith("offline")] == offline
    assert history[:3] == ["Hello", "Hello yourself", "Back again"]
    assert shown["ann"] == shown["ben"] == history
    assert set(shown["state"]) == {"placed"}


async def throw_out(user: User) -> None:
    """Their oldest connection is closed by the server."""
    await asyncio.gather(*(user.connect() for _ in range(CONNECTIONS)))
