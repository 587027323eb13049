"""What no consumer can read is set aside, and found: by its test, and at the end of the session if it is nobody's."""

import asyncio

import pytest

from local.cloud import Cloud
from natter.adapters.kafka.client import NewRecord, RecordProducer
from natter.names import COMMANDS_TOPIC, RECEIPTS_TOPIC
from natter.records.messages import COMMAND_SCHEMA
from natter.records.receipts import RECEIPT_SCHEMA
from natter.settings import KafkaSettings
from tests.support.api import fresh
from tests.support.dead_letters import DeadLetterReader, Letter, unplanted
from tests.support.lag import caught_up

WITHIN_S = 60.0


async def set_aside(letters: DeadLetterReader, key: str, since: dict[int, int]) -> Letter:
    """The record with this key, as soon as it is there."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            for letter in await asyncio.to_thread(letters.since, since):
                if letter.key == key:
                    return letter


def append_unreadable(brokers: str, topic: str, key: str, schema: bytes) -> None:
    producer = RecordProducer(KafkaSettings(brokers=brokers, auth="none", append_timeout_s=10))
    producer.append([NewRecord(topic=topic, key=key, value=b"{", schema=schema)])


class TestSetAside:
    @pytest.mark.parametrize(("topic", "schema"), [(COMMANDS_TOPIC, COMMAND_SCHEMA), (RECEIPTS_TOPIC, RECEIPT_SCHEMA)])
    async def test_what_nobody_can_read_is_named_unless_a_test_has_planted_it(
        self, cloud: Cloud, planted: set[str], topic: str, schema: bytes
    ) -> None:
        brokers = cloud.engines["kafka"].address
        letters, key = DeadLetterReader(brokers), fresh("planted")
        since = dict(await asyncio.to_thread(letters.ends))
        planted.add(key)
        await asyncio.to_thread(append_unreadable, brokers, topic, key, schema)
        letter = await set_aside(letters, key, since)
        assert (letter.value, topic in letter.error) == (b"{", True)
        await caught_up(cloud, within_s=WITHIN_S)
        (named,) = unplanted([letter], set())
        assert key in named
        assert unplanted([letter], planted) == []
