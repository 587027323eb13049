"""Consumer of `chat.commands`: gives commands their places, stores them, delivers them."""

from natter.bootstrap import persist as bootstrap
from natter.bootstrap.common import now_ms
from natter.domain.commands import Record
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.entrypoints.stream import Lane, StreamRecord, stream_consumer
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

    def parsed(lane: Lane) -> list[Record]:
        records = []
        for raw in lane:
            try:
                command = load_command(raw.value, raw.schema)
            except BadRecordError as error:
                set_aside(raw, error)
                continue
            records.append(Record(command=command, epoch=EPOCH, partition=raw.partition, offset=raw.offset, at=raw.at))
        return records

    def consume(lane: Lane) -> None:
        records = parsed(lane)
        while records:
            try:
                record_persisted(persist(records), now_ms)
            except UnfoldableRecordError as error:
                set_aside(next(raw for raw in lane if raw.offset == error.record.offset), error)
                records.remove(error.record)
            else:
                return

    return stream_consumer(consume)


def _made() -> LambdaHandler:
    parts = bootstrap.persist(PersistSettings())
    return build(parts.persist, parts.dead)


lambda_handler = lazily(_made)
