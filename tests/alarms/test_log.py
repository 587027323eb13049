"""Who reads the log does not, or cannot; and what becomes of that."""

import asyncio
from collections.abc import Mapping

from local.cloud import Cloud
from natter.adapters.cassandra.event_store import CassandraEventStore
from natter.adapters.cassandra.rows import bucket
from natter.adapters.cassandra.timeline import CassandraTimeline
from natter.adapters.kafka.client import NewRecord, RecordProducer
from natter.domain.connections import ConnectionChange
from natter.domain.delivery import Undelivered
from natter.domain.fold.writes import EventRow
from natter.domain.ids import ConversationId, UserId
from natter.domain.messages.events import Emission
from natter.domain.receipts import Receipt
from natter.metrics import STREAMS
from natter.names import COMMANDS_TOPIC, CONNECTIONS_TOPIC, EVENTS_TOPIC, FANOUT_TOPIC, RECEIPTS_TOPIC
from natter.records.delivery import FANOUT_SCHEMA, dump_undelivered
from natter.records.messages import COMMAND_SCHEMA, EVENTS_SCHEMA, dump_command, dump_emission
from natter.records.presence import CONNECTION_SCHEMA, dump_connection
from natter.records.receipts import RECEIPT_SCHEMA, dump_receipt
from natter.settings import KafkaSettings
from tests.alarms import scene, table
from tests.alarms.bells import Bells
from tests.messages import a_command, a_connection, a_post, an_event
from tests.reliability.test_ledger import DELETE_EVENT
from tests.reliability.test_standstill import waiting
from tests.support import accounts
from tests.support.api import Api, fresh
from tests.support.invoke import invoked
from tests.support.lag import caught_up

MANY = 1_010
"""Records, of one partition: more than a reader may be behind."""
APPENDED_WITHIN_S = 20
CAUGHT_UP_WITHIN_S = 60.0
HOURS_AS_DAYS = 3 / 24
QUARTER_S = 900
"""The period of the alarms on a standstill."""


def records() -> Mapping[str, NewRecord]:
    """For each reader one that it has nothing to do for: of a conversation and a user that there are not."""
    chat, user = ConversationId(fresh("nowhere")), UserId(fresh("nobody"))
    gone = ConnectionChange(connection=a_connection(user), change="closed", at=0)
    emission = Emission(conversation_id=chat, events=(an_event(1, conversation=chat, sender=user),), members_seq=1)
    command = a_command(a_post("m1"), sender=user, conversation=chat)
    return {
        "persist": NewRecord(topic=COMMANDS_TOPIC, key=chat, value=dump_command(command), schema=COMMAND_SCHEMA),
        "fanout": NewRecord(
            topic=FANOUT_TOPIC,
            key=chat,
            value=dump_undelivered(Undelivered(conversation_id=chat, first=1, last=1)),
            schema=FANOUT_SCHEMA,
        ),
        "receipts": NewRecord(
            topic=RECEIPTS_TOPIC,
            key=chat,
            value=dump_receipt(Receipt(conversation_id=chat, user_id=user, read_seq=1)),
            schema=RECEIPT_SCHEMA,
        ),
        "presence": NewRecord(topic=CONNECTIONS_TOPIC, key=user, value=dump_connection(gone), schema=CONNECTION_SCHEMA),
        "push": NewRecord(topic=EVENTS_TOPIC, key=chat, value=dump_emission(emission), schema=EVENTS_SCHEMA),
    }


def appended(cloud: Cloud, *several: NewRecord) -> None:
    brokers = cloud.engines["kafka"].address
    RecordProducer(KafkaSettings(brokers=brokers, auth="none", append_timeout_s=APPENDED_WITHIN_S)).append(several)


class TestReaders:
    async def test_the_log_is_not_read(self, cloud: Cloud, api: Api, bells: Bells) -> None:
        names = table.of("the_log_is_not_read", bells.names)
        talk = await scene.Talk.begin(api)
        await caught_up(cloud, within_s=CAUGHT_UP_WITHIN_S)
        await bells.minute(talk.go_on)
        await scene.throttle(cloud, STREAMS)
        several = [record for record in records().values() for _ in range(MANY)]
        await asyncio.to_thread(appended, cloud, *several)
        await bells.ring(names)
        await cloud.faults.clear()
        await caught_up(cloud, within_s=CAUGHT_UP_WITHIN_S)
        await bells.over(names, talk.go_on)

    async def test_the_log_was_not_read_for_hours(self, cloud: Cloud, api: Api, bells: Bells) -> None:
        names = table.of("the_log_was_not_read_for_hours", bells.names)
        talk = await scene.Talk.begin(api)

        async def read() -> None:
            for reader, record in records().items():
                event = waiting(record.topic, record.schema, [record.value], days=[HOURS_AS_DAYS])
                assert await invoked(cloud, reader, event) == {"batchItemFailures": []}

        await bells.ring(names, read, lasts_s=QUARTER_S)
        await bells.over(names, talk.go_on, lasts_s=QUARTER_S)

    async def test_records_cannot_be_read(self, cloud: Cloud, api: Api, bells: Bells) -> None:
        names = table.of("records_cannot_be_read", bells.names)
        talk = await scene.Talk.begin(api)
        bad = [
            NewRecord(topic=each.topic, key=fresh("planted"), value=b"{", schema=each.schema)
            for each in records().values()
        ]
        await asyncio.to_thread(appended, cloud, *bad)
        await caught_up(cloud, within_s=CAUGHT_UP_WITHIN_S)
        await bells.ring(names)
        await bells.over(names, talk.go_on)


class TestLoss:
    async def test_a_message_is_lost(self, cloud: Cloud, api: Api, bells: Bells) -> None:
        """Its row is deleted behind the fold's back, before anybody has looked at it; then it is put back."""
        names = table.of("a_message_is_lost", bells.names)
        alice, bob = await asyncio.gather(api.sign_up("alice"), api.sign_up("bob"))
        direct, screen = ConversationId(await alice.direct(bob)), await alice.connect()
        await scene.throttle(cloud, ["reconcile"])
        await screen.say(direct, "hello")
        await screen.reach(direct, 2)
        await caught_up(cloud, within_s=CAUGHT_UP_WITHIN_S)
        with accounts.tables(cloud) as session:
            timeline = CassandraTimeline(session)
            (event,) = timeline.events_at([(direct, 2)]).values()
            session.write([(DELETE_EVENT, (direct, bucket(2), 2))])
            await cloud.faults.clear()
            await bells.ring(names, lambda: invoked(cloud, "reconcile", b"{}"))
            CassandraEventStore(session).write([EventRow(event=event, written_at=accounts.now_ms() * 1000)])
        await bells.over(names, lambda: invoked(cloud, "reconcile", b"{}"))
