"""Consumer of `chat.commands`: gives commands their places, stores them, delivers them."""

from natter.bootstrap.clients import now_ms
from natter.bootstrap.engines import Engines
from natter.domain.messages.commands import Record
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.entrypoints.records import readable, set_aside
from natter.entrypoints.stream import Batch, stream_consumer
from natter.names import EPOCH, EVENTS_TOPIC, FANOUT_TOPIC
from natter.ports.operations import DeadLetters
from natter.records.messages import load_command
from natter.settings import PersistSettings
from natter.telemetry import record_persisted
from natter.usecases.delivery.deliver import Deliver
from natter.usecases.messages.persist import Persist, UnfoldableRecordError


def build(persist: Persist, dead: DeadLetters) -> LambdaHandler:
    def consume(batch: Batch) -> None:
        records = [
            (raw, Record(command=command, epoch=EPOCH, partition=raw.partition, offset=raw.offset, at=raw.at))
            for raw, command in readable(batch, load_command, dead)
        ]
        while records:
            try:
                record_persisted(persist([record for _, record in records]), now_ms)
            except UnfoldableRecordError as error:
                ((raw, _),) = [pair for pair in records if pair[1] is error.record]
                set_aside(raw, error, dead)
                records.remove((raw, error.record))
            else:
                return

    return stream_consumer(consume)


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
    )
    persist = Persist(
        store=engines.fold_store,
        heads=engines.head_cache,
        files=engines.files,
        deliver=deliver,
        frames=engines.frames,
        events=engines.events,
        now_ms=engines.now_ms,
    )
    return build(persist, engines.dead)


lambda_handler = lazily(_made)
