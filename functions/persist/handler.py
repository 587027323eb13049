"""Consumer of `chat.commands`: gives commands their places, stores them, delivers them."""

from natter.bootstrap import persist as bootstrap
from natter.bootstrap.common import now_ms
from natter.domain.messages.commands import Record
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.entrypoints.records import readable, set_aside
from natter.entrypoints.stream import Batch, stream_consumer
from natter.names import EPOCH
from natter.ports.operations import DeadLetters
from natter.records.messages import load_command
from natter.settings import PersistSettings
from natter.telemetry import record_persisted
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
    parts = bootstrap.persist(PersistSettings())
    return build(parts.persist, parts.dead)


lambda_handler = lazily(_made)
