"""Puts `receipts` together."""

from dataclasses import dataclass

import boto3

from natter.adapters.cassandra.client import CassandraSession
from natter.adapters.cassandra.event_store import WRITE_CURSOR, CassandraEventStore
from natter.adapters.cassandra.timeline import RECEIPT_READS, CassandraTimeline
from natter.adapters.gateway.gateway import ApiGateway
from natter.adapters.kafka.client import RecordProducer
from natter.adapters.kafka.logs import KafkaDeadLetters
from natter.adapters.postgres.conversations import PostgresConversations
from natter.adapters.postgres.relations import PostgresBlocks
from natter.adapters.valkey.admission import ValkeyAdmission
from natter.adapters.valkey.connections import ValkeyConnections
from natter.bootstrap.common import aws_credentials, now_ms, valkey
from natter.bootstrap.identity import postgres
from natter.bootstrap.warming import warmed
from natter.ports.operations import DeadLetters
from natter.settings import ReceiptsSettings
from natter.usecases.delivery.tell import Tell
from natter.usecases.receipts.fold_receipts import FoldReceipts
from natter.wire.json_frames import JsonFrames

TELLING_S = 1.0
"""For a batch of many conversations, all of which have waited about as long already."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceiptsParts:
    fold: FoldReceipts
    dead: DeadLetters


def receipts(settings: ReceiptsSettings) -> ReceiptsParts:
    cache, database = valkey(settings.valkey), postgres(settings.postgres)
    session = CassandraSession(settings.keyspaces)
    warmed(cache.warm, lambda: session.warm((*RECEIPT_READS, WRITE_CURSOR)))
    aws = boto3.Session()
    return ReceiptsParts(
        fold=FoldReceipts(
            timeline=CassandraTimeline(session),
            store=CassandraEventStore(session),
            admission=ValkeyAdmission(cache, PostgresConversations(database)),
            blocks=PostgresBlocks(database),
            frames=JsonFrames(),
            tell=Tell(
                connections=ValkeyConnections(cache, now_ms),
                gateway=ApiGateway(aws_credentials(aws), aws.region_name),
                now_ms=now_ms,
                budget_s=TELLING_S,
            ),
        ),
        dead=KafkaDeadLetters(RecordProducer(settings.kafka)),
    )
