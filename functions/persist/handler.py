"""Consumer of `chat.commands`: gives commands their places, stores them, delivers them."""

from natter.bootstrap import persist as bootstrap
from natter.bootstrap.common import now_ms
from natter.domain.commands import Record
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.entrypoints.stream import Batch, StreamRecord, stream_consumer
from natter.names import EPOCH
from natter.ports.log import DeadLetters
from natter.settings import PersistSettings
from natter.telemetry import logger, record_persisted
from natter.usecases.persist import Persist, UnfoldableRecordError
from natter.wire.records import BadRecordError, load_command


def build(persist: Persist, dead: DeadLetters) -> LambdaHandler:
    def set_aside(raw: StreamRecord, error: Exception) -> None:
        """What can never be folded is kept for operators, and the lane moves on."""
        logger.error("record set aside", extra={"partition": raw.partition, "offset": raw.offset})
        dead.add(raw.topic, raw.key, raw.value, f"{type(error).__name__}: {error}")

    def parsed(batch: Batch) -> list[tuple[StreamRecord, Record]]:
        records = []
        for raw in batch:
            try:
                command = load_command(raw.value, raw.schema)
            except BadRecordError as error:
                set_aside(raw, error)
                continue
            record = Record(command=command, epoch=EPOCH, partition=raw.partition, offset=raw.offset, at=raw.at)
            records.append((raw, record))
        return records

    def consume(batch: Batch) -> None:
        records = parsed(batch)
        while records:
            try:
                record_persisted(persist([record for _, record in records]), now_ms)
            except UnfoldableRecordError as error:
                ((raw, _),) = [pair for pair in records if pair[1] is error.record]
                set_aside(raw, error)
                records.remove((raw, error.record))
            else:
                return

    return stream_consumer(consume)


def _made() -> LambdaHandler:
    parts = bootstrap.persist(PersistSettings())
    return build(parts.persist, parts.dead)


lambda_handler = lazily(_made)
