"""Consumer of `chat.commands`: gives commands their places, stores them, delivers them."""

from collections.abc import Sequence
from functools import partial

from natter.bootstrap.clients import now_ms
from natter.bootstrap.engines import Engines
from natter.domain.errors import Unavailable
from natter.domain.fold.conversation import MisplacedRecordError
from natter.domain.messages.commands import Command, Record
from natter.entrypoints.isolation import PartitionHaltedError
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.entrypoints.record import Batch, StreamRecord
from natter.entrypoints.records import readable
from natter.entrypoints.stream import stream_consumer
from natter.metrics import WARM
from natter.names import EPOCH, EVENTS_TOPIC, FANOUT_TOPIC
from natter.ports.operations import DeadLetters
from natter.records.base import BadRecordError
from natter.records.messages import load_command
from natter.settings import PersistSettings
from natter.telemetry.counted import count_look_ups
from natter.telemetry.measured import log_decisions, record_persisted
from natter.usecases.delivery.deliver import Deliver
from natter.usecases.messages.give_up import GiveUp
from natter.usecases.messages.leave_backlog import LeaveBacklog
from natter.usecases.messages.persist import Persist


def build(persist: Persist, leave_backlog: LeaveBacklog, give_up: GiveUp, dead: DeadLetters) -> LambdaHandler:
    def commands(batch: Batch) -> Sequence[Record]:
        return [_record(raw, command) for raw, command in readable(batch, load_command, dead)]

    def consume(batch: Batch) -> None:
        records = commands(batch)
        if not records:
            return
        begun_at = now_ms()
        try:
            persisted = persist(records)
        except MisplacedRecordError as error:
            raise PartitionHaltedError from error
        record_persisted(persisted, now_ms())
        log_decisions(persisted)
        leave_backlog(records, begun_at)

    def is_at_fault(raw: StreamRecord, error: Unavailable) -> bool:
        try:
            command = load_command(raw.value, raw.schema)
        except BadRecordError:
            return False  # it is at fault, but can be kept nowhere now
        return give_up(_record(raw, command), error)

    def void(raw: StreamRecord, followers: Sequence[StreamRecord]) -> None:
        record, *behind = commands([raw, *followers])
        persist.void(record, behind)

    return stream_consumer(consume, dead, give_up=is_at_fault, void=void)


def _record(raw: StreamRecord, command: Command) -> Record:
    return Record(command=command, epoch=EPOCH, partition=raw.partition, offset=raw.offset, at=raw.at)


def _made() -> LambdaHandler:
    engines = Engines(PersistSettings())
    engines.warm(
        engines.valkey.warm,
        engines.sqs,  # it is needed when posts fail: no time to make a client
        lambda: engines.producer.warm([EVENTS_TOPIC, FANOUT_TOPIC]),
        engines.prepare_fold,
    )
    deliver = Deliver(
        connections=engines.connections,
        gateway=engines.gateway,
        frames=engines.frames,
        settle=engines.settle_posts,
        fanout=engines.fanout_log,
        rebuild=engines.ask_for_rebuild,
    )
    persist = Persist(
        timeline=engines.timeline,
        store=engines.event_store,
        heads=engines.head_cache,
        files=engines.files,
        deliver=deliver,
        frames=engines.frames,
        events=engines.events,
        now_ms=engines.now_ms,
        looked_up=partial(count_look_ups, WARM),
    )
    give_up = GiveUp(timeline=engines.timeline, store=engines.event_store, now_ms=engines.now_ms)
    leave_backlog = LeaveBacklog(ends=engines.log_ends, backlogs=engines.backlogs, now_ms=engines.now_ms)
    return build(persist, leave_backlog, give_up, engines.dead)


lambda_handler = lazily(_made)
