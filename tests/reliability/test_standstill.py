"""
What has waited in the log for longer than Keyspaces takes its timestamps, on the real engines.

Topics carry the broker's time, so nobody can put old records into them: the functions are given what an event source
would hand over. The local cloud refuses timestamps as Keyspaces does.
"""

import asyncio
import base64
import json
import time
from collections.abc import Sequence
from typing import Any

from local.cloud import Cloud
from natter.adapters.cassandra.client import CassandraSession
from natter.adapters.cassandra.timeline import CassandraTimeline
from natter.domain.conversations.members import Member
from natter.domain.ids import ClientId, ConversationId, UserId, new_id
from natter.domain.messages.commands import Command, CreateConversation
from natter.domain.receipts import Receipt
from natter.domain.write_times import REACH_US
from natter.names import COMMANDS_TOPIC, RECEIPTS_TOPIC
from natter.records.messages import COMMAND_SCHEMA, dump_command
from natter.records.receipts import RECEIPT_SCHEMA, dump_receipt
from natter.settings import KeyspacesSettings
from tests.messages import a_command, a_post
from tests.support.invoke import invoked

DAY_MS = 24 * 3600 * 1000
BEHIND = 10**9
"""Of the offsets that are made up: behind all that there are."""


def waiting(topic: str, schema: bytes, values: Sequence[bytes], *, days: Sequence[float]) -> bytes:
    """One batch, whose records have waited for so long."""
    now = time.time_ns() // 1_000_000
    records: list[dict[str, Any]] = [
        {
            "topic": topic,
            "partition": 0,
            "offset": BEHIND + index,
            "timestamp": now - int(age * DAY_MS),
            "timestampType": "LOG_APPEND_TIME",
            "key": "",
            "value": base64.b64encode(value).decode(),
            "headers": [{"schema": list(schema)}],
        }
        for index, (value, age) in enumerate(zip(values, days, strict=True))
    ]
    return json.dumps({"eventSource": "aws:kafka", "records": {f"{topic}-0": records}}).encode()


class TestStandstill:
    async def test_what_has_waited_for_days_is_stored_in_its_order(self, cloud: Cloud) -> None:
        """P1, P2, P6, P9."""
        lobby, ann = ConversationId(new_id()), UserId(new_id())
        created = CreateConversation(
            client_id=ClientId(new_id()), kind="group", members=(Member(user_id=ann, role="owner"),)
        )
        commands = [
            Command(conversation_id=lobby, sender_id=ann, items=(created,), decided=True),
            *(a_command(a_post(f"m{number}"), sender=ann, conversation=lobby) for number in range(3)),
        ]
        events = waiting(COMMANDS_TOPIC, COMMAND_SCHEMA, list(map(dump_command, commands)), days=[6.5, 5.9, 2.5, 1])
        receipt = dump_receipt(Receipt(conversation_id=lobby, user_id=ann, read_seq=4))
        receipts = waiting(RECEIPTS_TOPIC, RECEIPT_SCHEMA, [receipt], days=[2.5])
        for function, event in (("persist", events), ("persist", events), ("receipts", receipts)):
            assert await invoked(cloud, function, event) == {"batchItemFailures": []}
        await asyncio.to_thread(self.look, cloud, lobby, ann)

    def look(self, cloud: Cloud, lobby: ConversationId, ann: UserId) -> None:
        settings = KeyspacesSettings(
            endpoint=cloud.engines["cassandra"].address,
            keyspace=f"natter_{cloud.app.outputs['Stage']}",
            auth="none",
            request_timeout_s=10,
        )
        session = CassandraSession(settings)
        try:
            timeline = CassandraTimeline(session)
            events = list(timeline.events(lobby, 1, 9, newest_first=False))
            assert [(event.seq, event.client_id) for event in events][1:] == [(2, "m0"), (3, "m1"), (4, "m2")]
            head = timeline.heads([lobby])[lobby]
            assert (head.seq, head.offset) == (4, BEHIND + 3)
            now_us = time.time_ns() // 1000
            assert now_us - REACH_US < head.written_at <= now_us
            assert timeline.cursors([(lobby, ann)])[lobby, ann].read_seq == 4
        finally:
            session.close()
