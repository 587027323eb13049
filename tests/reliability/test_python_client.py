"""What the Python SDK told its user while workers are killed is what the log says."""

import asyncio
from pathlib import Path

from local.cloud import Cloud
from local.faults import Kill
from natter_client import Client
from tests.support.api import Api

CEILING_S = 180.0
"""Only against hangs."""
MESSAGES, KILLS = 60, 3


async def test_what_was_told_is_what_the_log_says(cloud: Cloud, api: Api, tmp_path: Path) -> None:
    alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
    told: list[tuple[int | None, str]] = []
    async with (
        asyncio.timeout(CEILING_S),
        Client(api.url, store=tmp_path / "a.db", username=alice.username, password=api.password) as phone,
    ):
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
