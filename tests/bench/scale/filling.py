"""
Very much that was said, brought there by the way that all of it goes: records of `chat.commands`, folded and stored by
`persist`. Only `send` is left out, and who reads what was stored is held meanwhile: `push`, and the ledger.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from itertools import batched

from local.cloud import Cloud
from local.faults import Delay, Throttle
from natter.adapters.kafka.client import NewRecord, RecordProducer
from natter.domain.ids import ClientId, ConversationId, UserId, new_id
from natter.domain.messages.commands import Command, PostMessage
from natter.names import COMMANDS_TOPIC
from natter.records.messages import COMMAND_SCHEMA, dump_command
from natter.settings import KafkaSettings
from tests.support.lag import caught_up, lags

HELD_S = 3600
OF_A_FRAME = 20
AT_ONCE = 2_000
"""Records that are in the log before `persist` has come to them: no more than its queue holds."""
LOOK_S = 0.2
PERSIST = "persist"
_WITHOUT_LEDGER = Throttle("reconcile", seconds=HELD_S)


@asynccontextmanager
async def alone(cloud: Cloud) -> AsyncIterator[None]:
    """
    Nobody but `persist` has work by what is filled in. Afterwards all others have, and have done it in the end, but for
    the ledger: it would go through a million events for twenty minutes, and stays held.
    """
    await cloud.faults.apply(Delay("push", ms=600_000, seconds=HELD_S))
    await cloud.faults.apply(_WITHOUT_LEDGER)
    try:
        yield
    finally:
        await cloud.faults.clear()
        await cloud.faults.apply(_WITHOUT_LEDGER)
    await caught_up(cloud, within_s=HELD_S)


async def fill(cloud: Cloud, commands: Iterable[Command]) -> None:
    """Until all are folded."""
    producer = RecordProducer(KafkaSettings(brokers=cloud.engines["kafka"].address, auth="none"))
    for some in batched(commands, AT_ONCE, strict=False):
        records = [
            NewRecord(topic=COMMANDS_TOPIC, key=each.conversation_id, value=dump_command(each), schema=COMMAND_SCHEMA)
            for each in some
        ]
        await asyncio.to_thread(producer.append, records, timeout_s=20)
        await _left(cloud, at_most=AT_ONCE)
    await _left(cloud, at_most=0)


async def _left(cloud: Cloud, *, at_most: int) -> None:
    while sum(lag for name, lag in lags(cloud).items() if name.endswith(PERSIST)) > at_most:  # noqa: ASYNC110 - polled
        await asyncio.sleep(LOOK_S)


def messages(conversation: str, sender: str, number: int) -> Iterable[Command]:
    """So many, in frames of as many as one may have."""
    for some in batched(range(number), OF_A_FRAME, strict=False):
        items = tuple(
            PostMessage(client_id=ClientId(new_id()), content={"type": "text", "text": f"How are you today, {each}?"})
            for each in some
        )
        yield Command(conversation_id=ConversationId(conversation), sender_id=UserId(sender), items=items)
