"""Which adapter answers which port, but for those of accounts, of privacy, of browsers' push and of visits."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING

from natter.bootstrap.account_ports import AccountPorts
from natter.bootstrap.push_ports import PushPorts
from natter.bootstrap.visiting_ports import VisitingPorts
from natter.metrics import ROSTERS
from natter.settings import (
    ClosureQueueSettings,
    CommandsSettings,
    DeliverySettings,
    FileQueueSettings,
    KafkaSettings,
    LimitSettings,
    LookQueueSettings,
    RebuildQueueSettings,
    SendSettings,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from natter.domain.ids import ConversationId
    from natter.domain.limits import Bucket
    from natter.ports.attachments import Attachments, FileQueue
    from natter.ports.conversations import Admission, Conversations
    from natter.ports.delivery import (
        ClosureQueue,
        Connections,
        FanoutLog,
        Gateway,
        RebuildQueue,
        RegistryMarks,
        SliceQueue,
    )
    from natter.ports.frames import Frames
    from natter.ports.ledger import CommandHistory
    from natter.ports.limits import RateLimits
    from natter.ports.messages import Backlogs, CommandLog, ContentCheck, EventLog, EventStore, LogEnds
    from natter.ports.operations import DeadLetters, Probe, Reports
    from natter.ports.presence import (
        Acquaintances,
        ConnectionHistory,
        ConnectionLog,
        LookQueue,
        PresenceTraces,
        TellingPace,
        Watchers,
    )
    from natter.ports.reading import HeadCache, Timeline
    from natter.ports.receipts import ReceiptLog


class Ports(AccountPorts, PushPorts, VisitingPorts):
    """All ports."""

    # Conversations and what is sent to them

    @cached_property
    def conversations(self) -> Conversations:
        from natter.adapters.postgres.conversations import PostgresConversations

        return PostgresConversations(self.postgres)

    @cached_property
    def admission(self) -> Admission:
        from natter.adapters.valkey.admission import ValkeyAdmission

        return ValkeyAdmission(self.valkey, self.conversations, self.rosters_looked_up)

    @cached_property
    def rosters_looked_up(self) -> Callable[[int, int], None]:
        from natter.telemetry.counted import count_look_ups

        return partial(count_look_ups, ROSTERS)

    @cached_property
    def rate_limits(self) -> RateLimits:
        from natter.adapters.valkey.rate_limits import ValkeyRateLimits

        return ValkeyRateLimits(self.valkey, self.adjusted_limits)

    @cached_property
    def adjusted_limits(self) -> Mapping[str, Bucket]:
        from natter.domain.limits import adjusted

        settings = self.find(LimitSettings)
        return adjusted(settings.rates if settings is not None else {})

    @cached_property
    def content_check(self) -> ContentCheck | None:
        """None where nobody has set one."""
        name = self.settings.content_check if isinstance(self.settings, SendSettings) else None
        if name is None:
            return None
        from natter.adapters.content_check import NamedCheck

        return NamedCheck(name)

    @cached_property
    def commands(self) -> CommandLog:
        from natter.adapters.kafka.logs import KafkaCommandLog
        from natter.telemetry.counted import CountedCommandLog

        return CountedCommandLog(KafkaCommandLog(self.producer))

    @cached_property
    def partition_of(self) -> Callable[[ConversationId], int]:
        """Where in the log of commands a conversation is."""
        settings = self.of(CommandsSettings)
        from natter.adapters.kafka.partitioner import partition_of

        return partial(partition_of, partitions=settings.partitions)

    @cached_property
    def log_ends(self) -> LogEnds:
        from natter.adapters.kafka.log_ends import KafkaLogEnds

        return KafkaLogEnds(self.of(KafkaSettings))

    @cached_property
    def backlogs(self) -> Backlogs:
        from natter.adapters.valkey.backlogs import ValkeyBacklogs

        return ValkeyBacklogs(self.valkey)

    @cached_property
    def events(self) -> EventLog:
        from natter.adapters.kafka.logs import KafkaEventLog

        return KafkaEventLog(self.producer)

    @cached_property
    def event_store(self) -> EventStore:
        from natter.adapters.cassandra.event_store import CassandraEventStore

        return CassandraEventStore(self.cassandra)

    @cached_property
    def attachments(self) -> Attachments:
        from natter.adapters.s3.attachments import S3Attachments

        return S3Attachments(self.s3, self.bucket)

    @cached_property
    def files(self) -> FileQueue:
        settings = self.of(FileQueueSettings)
        from natter.adapters.sqs.files import SqsFileQueue

        return SqsFileQueue(self.queue(settings.queue_url, "the queue of files"))

    # Reading, and how far it has come

    @cached_property
    def timeline(self) -> Timeline:
        from natter.adapters.cassandra.timeline import CassandraTimeline

        return CassandraTimeline(self.cassandra)

    @cached_property
    def head_cache(self) -> HeadCache:
        from natter.adapters.valkey.head_cache import ValkeyHeadCache
        from natter.telemetry.counted import CountedHeadCache

        return CountedHeadCache(ValkeyHeadCache(self.valkey))

    @cached_property
    def receipt_log(self) -> ReceiptLog:
        from natter.adapters.kafka.logs import KafkaReceiptLog

        return KafkaReceiptLog(self.producer)

    # Delivery

    @cached_property
    def connections(self) -> Connections:
        from natter.adapters.valkey.connections import ValkeyConnections

        return ValkeyConnections(self.valkey, self.now_ms)

    @cached_property
    def gateway(self) -> Gateway:
        from natter.adapters.gateway.gateway import ApiGateway
        from natter.telemetry.counted import CountedGateway

        return CountedGateway(ApiGateway(self.aws_credentials, self.aws.region_name))

    @cached_property
    def frames(self) -> Frames:
        from natter.wire.json_frames import JsonFrames

        return JsonFrames()

    @cached_property
    def fanout_log(self) -> FanoutLog:
        from natter.adapters.kafka.fanout_log import KafkaFanoutLog

        return KafkaFanoutLog(self.producer)

    @cached_property
    def slices(self) -> SliceQueue:
        settings = self.of(DeliverySettings)
        from natter.adapters.sqs.slices import SqsSliceQueue

        return SqsSliceQueue(self.queue(settings.queue_url, "the queue of slices"))

    @cached_property
    def closures(self) -> ClosureQueue:
        settings = self.of(ClosureQueueSettings)
        from natter.adapters.sqs.closures import SqsClosureQueue

        return SqsClosureQueue(self.queue(settings.queue_url, "the queue of closures"))

    @cached_property
    def registry_marks(self) -> RegistryMarks:
        from natter.adapters.valkey.registry_marks import ValkeyRegistryMarks

        return ValkeyRegistryMarks(self.valkey)

    @cached_property
    def rebuilds(self) -> RebuildQueue:
        settings = self.of(RebuildQueueSettings)
        from natter.adapters.sqs.rebuilds import SqsRebuildQueue

        return SqsRebuildQueue(self.queue(settings.queue_url, "the queue of rebuildings"))

    # Presence

    @cached_property
    def traces(self) -> PresenceTraces:
        from natter.adapters.valkey.presence import ValkeyPresenceTraces

        return ValkeyPresenceTraces(self.valkey)

    @cached_property
    def watchers(self) -> Watchers:
        from natter.adapters.valkey.presence import ValkeyWatchers

        return ValkeyWatchers(self.valkey, self.now_ms)

    @cached_property
    def acquaintances(self) -> Acquaintances:
        from natter.adapters.postgres.acquaintances import PostgresAcquaintances

        return PostgresAcquaintances(self.postgres)

    @cached_property
    def looks(self) -> LookQueue:
        settings = self.of(LookQueueSettings)
        from natter.adapters.sqs.looks import SqsLookQueue

        return SqsLookQueue(self.queue(settings.queue_url, "the queue of looks"))

    @cached_property
    def pace(self) -> TellingPace:
        from natter.adapters.valkey.pace import ValkeyTellingPace

        return ValkeyTellingPace(self.valkey)

    @cached_property
    def connection_history(self) -> ConnectionHistory:
        from natter.adapters.kafka.history import KafkaConnectionHistory

        return KafkaConnectionHistory(self.of(KafkaSettings))

    @cached_property
    def connection_log(self) -> ConnectionLog:
        """Best effort: it is not waited for as long as for what is sent."""
        from natter.adapters.kafka.logs import KafkaConnectionLog

        return KafkaConnectionLog(self.producer)

    @cached_property
    def status_log(self) -> ConnectionLog:
        """The same log, for what is refused without it."""
        settings = self.of(KafkaSettings)
        from natter.adapters.kafka.logs import KafkaConnectionLog

        return KafkaConnectionLog(self.producer, timeout_s=settings.append_timeout_s)

    # Operations

    @cached_property
    def command_history(self) -> CommandHistory:
        from natter.adapters.kafka.command_history import KafkaCommandHistory

        return KafkaCommandHistory(self.of(KafkaSettings))

    @cached_property
    def reports(self) -> Reports:
        from natter.adapters.postgres.reports import PostgresReports

        return PostgresReports(self.postgres)

    @cached_property
    def dead(self) -> DeadLetters:
        from natter.adapters.kafka.logs import KafkaDeadLetters

        return KafkaDeadLetters(self.producer)

    @cached_property
    def probes(self) -> Sequence[Probe]:
        """The stores without which conversations can neither be read nor changed."""
        from natter.adapters.cassandra.timeline import CassandraTimeline
        from natter.adapters.postgres.conversations import PostgresConversations

        return PostgresConversations(self.postgres), CassandraTimeline(self.cassandra)
