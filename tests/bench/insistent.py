"""
Pairs who talk in full frames and do not give up, each frame after the `ack` of the one before.

`python -m tests.bench.insistent OUTPUTS PAIRS`: told `{"messages": N, "rate": R}`, they say N messages, R a second;
told anything more, they wait until all of it is on all screens, and say what is wrong with that.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import batched
from typing import Any

import uvloop

from tests.bench.child import heard, say
from tests.bench.warm import patiently
from tests.support.api import Api
from tests.support.client import Client
from tests.support.findings import Run, findings
from tests.support.ledger import Ledger
from tests.support.socket import message

FRAME = 20
SETUP_AT_ONCE = 4
SETTLED_S = 240.0
TOLD = 20
"""Findings that are told; the rest is counted."""

type Pair = tuple[str, Client, Client]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of what was said."""

    sent: int
    acknowledged: int
    repeated: Mapping[str, int]
    """Frames, by why."""
    refused: int
    """For good."""
    once: int
    """Acknowledged, and in the history exactly once."""
    shown: int
    """Events that came live first, over all devices."""
    fetched: int
    """Events that came with a page or a sync first."""
    wrong: int
    """Findings: anything lost, doubled, out of order, shown otherwise than it is stored, or not shown."""
    findings: Sequence[str] = field(default_factory=tuple)
    """The first of them."""


@asynccontextmanager
async def pairs_of(api: Api, ledger: Ledger, number: int) -> AsyncIterator[list[Pair]]:
    """Connected, with a direct conversation each."""
    gate = asyncio.Semaphore(SETUP_AT_ONCE)

    async def join(index: int) -> Client:
        async with gate:
            return Client(await patiently(lambda: api.sign_up(f"insists{index}")), ledger)

    clients = await asyncio.gather(*map(join, range(2 * number)))
    async with AsyncExitStack() as stack:
        for client in clients:
            await stack.enter_async_context(client)
        pairs = [
            (await patiently(partial(one.user.direct, other.user)), one, other)
            for one, other in batched(clients, 2, strict=True)
        ]
        for chat, *both in pairs:
            for client in both:
                await client.reach(chat, 1, within_s=SETTLED_S)
        yield pairs


async def talked(pairs: Sequence[Pair], *, messages: int, rate: float) -> None:
    """All of them together, `rate` messages a second if they are answered in time; who is late makes up for it."""
    lanes = [(chat, client) for chat, *both in pairs for client in both]
    frames = -(-messages // FRAME)
    start = time.perf_counter()

    async def talk(number: int, chat: str, client: Client) -> None:
        for frame in range(number, frames, len(lanes)):
            await asyncio.sleep(max(0.0, start + frame * FRAME / rate - time.perf_counter()))
            words = [message(f"{frame}.{each}") for each in range(min(FRAME, messages - frame * FRAME))]
            answer = await client.perform({"action": "send", "conversation_id": chat, "messages": words})
            assert answer["type"] == "ack", answer

    await asyncio.gather(*(talk(number, *lane) for number, lane in enumerate(lanes)))


async def settled(pairs: Sequence[Pair], ledger: Ledger) -> Outcome:
    """When everything is on all screens, or nothing more comes."""
    said = len(ledger.acknowledged)
    repeated = Counter(ledger.repeated)
    sent = len(ledger.attempted)
    ends = await asyncio.gather(*(_ended(chat, one) for chat, one, _ in pairs))
    histories = dict(zip((chat for chat, *_ in pairs), await asyncio.gather(*map(_history, pairs)), strict=True))
    screens = await asyncio.gather(
        *(
            client.screen(chat, end, within_s=SETTLED_S)
            for (chat, *both), end in zip(pairs, ends, strict=True)
            for client in both
        )
    )
    return outcome(
        Run(ledger=ledger, histories=histories, screens=screens),
        sent=sent,
        acknowledged=said,
        repeated=repeated,
        copies=[client.copies[chat] for chat, *both in pairs for client in both],
    )


def outcome(run: Run, *, sent: int, acknowledged: int, repeated: Mapping[str, int], copies: Sequence[Any]) -> Outcome:
    places = Counter(
        (chat, event["sender_id"], event.get("client_id"))
        for chat, history in run.histories.items()
        for event in history
    )
    found = findings(run)
    return Outcome(
        sent=sent,
        acknowledged=acknowledged,
        repeated=dict(repeated),
        refused=len(run.ledger.refusals),
        once=sum(places[each.key] == 1 for each in run.ledger.acknowledged[:acknowledged]),
        shown=sum(copy.live for copy in copies),
        fetched=sum(copy.fetched for copy in copies),
        wrong=len(found),
        findings=[each[:500] for each in found[:TOLD]],
    )


async def _ended(chat: str, client: Client) -> int:
    """The place of a last message: all that was acknowledged before lies before it."""
    client_id = await client.say(chat, "the end")
    return int((await client.outcome(chat, client_id, within_s=SETTLED_S))["seq"])


async def _history(pair: Pair) -> list[dict[str, Any]]:
    chat, one, _ = pair
    return await one.history(chat)


async def run(outputs: Mapping[str, str], number: int) -> None:
    ledger = Ledger()
    async with Api(outputs) as api, pairs_of(api, ledger, number) as pairs:
        say({"ready": True})
        told = await heard()
        began = time.perf_counter()
        await talked(pairs, messages=told["messages"], rate=told["rate"])
        say({"seconds": time.perf_counter() - began})
        await heard()
        say(asdict(await settled(pairs, ledger)))


if __name__ == "__main__":
    uvloop.run(run(json.loads(sys.argv[1]), int(sys.argv[2])))
