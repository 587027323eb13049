"""Puts `signal` together."""

from dataclasses import dataclass

import boto3

from natter.adapters.cassandra.client import CassandraSession
from natter.adapters.cassandra.timeline import CassandraTimeline
from natter.adapters.gateway.gateway import ApiGateway
from natter.adapters.kafka.client import RecordProducer
from natter.adapters.kafka.logs import KafkaConnectionLog, KafkaReceiptLog
from natter.adapters.postgres.acquaintances import PostgresAcquaintances
from natter.adapters.postgres.conversations import PostgresConversations
from natter.adapters.valkey.admission import ValkeyAdmission
from natter.adapters.valkey.connections import ValkeyConnections
from natter.adapters.valkey.gate import ValkeyGate
from natter.adapters.valkey.head_cache import ValkeyHeadCache
from natter.adapters.valkey.presence import ValkeyPresenceTraces, ValkeyWatchers
from natter.adapters.valkey.rate_limits import ValkeyRateLimits
from natter.bootstrap.close_connections import closing
from natter.bootstrap.common import aws_credentials, now_ms, valkey
from natter.bootstrap.identity import check_session, postgres
from natter.bootstrap.warming import warmed
from natter.names import CONNECTIONS_TOPIC, RECEIPTS_TOPIC
from natter.settings import SignalSettings
from natter.usecases.delivery.tell import Tell
from natter.usecases.presence.read_presence import PresenceNow
from natter.usecases.presence.say_status import SayStatus
from natter.usecases.presence.watch import Watch
from natter.usecases.receipts.note_receipt import NoteReceipt
from natter.usecases.signals.admit_signal import AdmitSignal
from natter.usecases.signals.pass_on_typing import PassOnTyping
from natter.usecases.signals.ping import Ping
from natter.wire.json_frames import JsonFrames


@dataclass(frozen=True, kw_only=True, slots=True)
class SignalParts:
    admit: AdmitSignal
    ping: Ping
    note: NoteReceipt
    pass_on: PassOnTyping
    watch: Watch
    say: SayStatus


def signal(settings: SignalSettings) -> SignalParts:
    """The message store is connected to at the first place that is not in the cache: hardly ever."""
    cache = valkey(settings.valkey)
    producer = RecordProducer(settings.kafka)
    warmed(cache.warm, lambda: producer.warm([RECEIPTS_TOPIC, CONNECTIONS_TOPIC]))
    aws = boto3.Session()
    connections = ValkeyConnections(cache, now_ms)
    database = postgres(settings.postgres)
    admission = ValkeyAdmission(cache, PostgresConversations(database))
    traces, check, close = (
        ValkeyPresenceTraces(cache),
        check_session(database, cache),
        closing(cache, settings.closures),
    )
    log = KafkaConnectionLog(producer, timeout_s=settings.kafka.append_timeout_s)  # a `status` is refused without it
    return SignalParts(
        admit=AdmitSignal(gate=ValkeyGate(cache, admission, check), close=close),
        ping=Ping(connections=connections, check_session=check, close=close, traces=traces, log=log, now_ms=now_ms),
        note=NoteReceipt(
            admission=admission,
            heads=ValkeyHeadCache(cache),
            timeline=CassandraTimeline(CassandraSession(settings.keyspaces)),
            log=KafkaReceiptLog(producer),
        ),
        pass_on=PassOnTyping(
            admission=admission,
            limits=ValkeyRateLimits(cache),
            frames=JsonFrames(),
            tell=Tell(
                connections=connections, gateway=ApiGateway(aws_credentials(aws), aws.region_name), now_ms=now_ms
            ),
        ),
        watch=Watch(
            acquaintances=PostgresAcquaintances(database),
            watchers=ValkeyWatchers(cache, now_ms),
            now=PresenceNow(connections=connections, traces=traces, now_ms=now_ms),
        ),
        say=SayStatus(traces=traces, log=log, now_ms=now_ms),
    )
