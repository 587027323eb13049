"""
What is said in a conversation goes to another program: each message of others as JSON, by `POST` to a signed URL.

    HOOK_SECRET=… NATTER_URL=… NATTER_USER=… NATTER_PASSWORD=… python -m clients.webhooks.outgoing CONVERSATION_ID URL

In the order of the conversation, each at least once, also after a restart: `id` tells what came twice. What the
receiver refuses (4xx) is logged and passed over; while it does not answer, or says that it cannot, the next ones wait.
"""

import asyncio
import dataclasses
import json
import logging
import os
import random
import sys
import time

import aiohttp

from clients.webhooks.signing import secret_of, signed
from natter_client import Client, Message, MessageReceived

TIMEOUT = aiohttp.ClientTimeout(total=20)
LONGEST_WAIT_S = 30.0
BAD_REQUEST, SERVER_ERROR = 400, 500
LATER = frozenset({408, 425, 429})
"""Statuses below 500 after which the same may go again."""

log = logging.getLogger("clients.webhooks")


async def forward(client: Client, conversation_id: str, url: str, secret: bytes) -> None:
    """Until it is cancelled, or the session ends (`SignedOut`)."""
    async with aiohttp.ClientSession(timeout=TIMEOUT) as http:
        async for event in client.events(f"webhook {conversation_id} {url}"):
            if not isinstance(event, MessageReceived) or event.message.conversation_id != conversation_id:
                continue
            if event.message.sender_id != client.user_id:  # or two hooks would talk to each other for ever
                await _deliver(http, url, event.message, secret)


async def _deliver(http: aiohttp.ClientSession, url: str, message: Message, secret: bytes) -> None:
    fields = dataclasses.asdict(message) | {"id": f"{message.conversation_id}:{message.seq}"}
    body = json.dumps(fields, ensure_ascii=False).encode()
    failures = 0
    while True:
        status = await _status(http, signed(url, body, secret, int(time.time())), body)
        if status < SERVER_ERROR and status not in LATER:
            if status >= BAD_REQUEST:
                log.warning("the receiver refuses a message: HTTP %d", status)
            return
        await asyncio.sleep(random.uniform(0, min(LONGEST_WAIT_S, 0.5 * 2**failures)))  # noqa: S311 - spreads load
        failures = min(failures + 1, 10)


async def _status(http: aiohttp.ClientSession, url: str, body: bytes) -> int:
    """500 if there is no answer."""
    headers = {"Content-Type": "application/json"}
    try:
        async with http.post(url, data=body, headers=headers, allow_redirects=False) as answer:
            return answer.status
    except (aiohttp.ClientError, TimeoutError):
        return SERVER_ERROR


async def serve(conversation_id: str, url: str) -> None:
    secret = secret_of(os.environ["HOOK_SECRET"])
    username, password = os.environ.get("NATTER_USER"), os.environ.get("NATTER_PASSWORD")
    deployment = os.environ["NATTER_URL"]
    async with Client(deployment, store="hooks.db", username=username, password=password, device="webhook") as client:
        await forward(client, conversation_id, url, secret)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], sys.argv[2]))
