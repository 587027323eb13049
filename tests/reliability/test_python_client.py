"""What the Python SDK told its user while things fail is what the log says."""

import asyncio
from pathlib import Path

from local.cloud import Cloud
from local.faults import Cut, HangUp, Kill, Resume, Thaw
from local.faults.values import KINDS
from tests.reliability.sdk import every_fault, named, talking
from tests.support.api import Api
from tests.support.sdk import client_of

CEILING_S = 180.0
"""Only against hangs."""
MESSAGES, KILLS = 60, 3
FAULT_S = 2.0
NOT_HERE = {
    Cut: "of the doors, which a secured cloud has",
    HangUp: "has a test of its own, with devices that do as the SDKs do: test_reconnect.py",
    Resume: "ends a pause",
    Thaw: "ends a freeze",
}


async def test_what_was_told_under_every_fault_is_what_the_log_says(cloud: Cloud, api: Api, tmp_path: Path) -> None:
    """One after the other, while two talk: neither is refused anything, and both have seen all of it, in order."""
    faults = every_fault(FAULT_S)
    assert {type(fault) for fault in faults} | NOT_HERE.keys() == set(KINDS)
    alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
    async with asyncio.timeout(CEILING_S), talking(alice, bob, tmp_path) as talk:
        while not all(each.placed for each in talk.talkers):  # noqa: ASYNC110 - all functions have workers then
            await asyncio.sleep(0.05)
        try:
            for fault in faults:
                said = [len(each.placed) for each in talk.talkers]
                await cloud.faults.apply(fault)
                await asyncio.sleep(FAULT_S)
                assert [len(each.written) for each in talk.talkers] > said, f"they talk under {named(fault)}"
        finally:
            await cloud.faults.clear()
        assert await talk.wrong() == []


async def test_what_was_told_is_what_the_log_says(cloud: Cloud, api: Api, tmp_path: Path) -> None:
    alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
    told: list[tuple[int | None, str]] = []
    async with asyncio.timeout(CEILING_S), client_of(alice, tmp_path) as phone:
        chat = await phone.direct(bob.username)
        for kill in range(KILLS):
            told.append((await (await chat.send(f"{kill}")).placed(), f"{kill}"))  # `persist` has a worker now
            texts = [f"{kill}.{number}" for number in range(MESSAGES // KILLS)]
            written = [chat.write(text) for text in texts]
            await written[0].accepted()
            await cloud.faults.apply(Kill("persist"))
            told += [(await sent.placed(), text) for sent, text in zip(written, texts, strict=True)]
        assert chat.unsent() == []
        shown = [(message.seq, message.text) for message in chat.messages(limit=MESSAGES + 10)]
    log = [event for event in await bob.history(chat.conversation_id) if event["type"] == "message"]
    assert told == shown == [(event["seq"], event["content"]["text"]) for event in log]
