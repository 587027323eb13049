"""Consumer of `chat.commands`: gives commands their places, stores them, delivers them."""

from collections.abc import Sequence

from natter.bootstrap import persist as bootstrap
from natter.bootstrap.common import now_ms
from natter.domain.commands import Record
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.entrypoints.stream import Lane, stream_consumer
from natter.names import EPOCH
from natter.ports.log import DeadLetters
from natter.settings import PersistSettings
from natter.telemetry import logger, record_persisted
from natter.usecases.persist import Persist
from natter.wire.records import BadRecordError, load_command


def build(persist: Persist, dead: DeadLetters) -> LambdaHandler:
    def parsed(lane: Lane) -> Sequence[Record]:
        """The commands of the lane. What is none can never be folded: it is set aside, and the lane moves on."""
        records = []
        for raw in lane:
            try:
                command = load_command(raw.value, raw.schema)
            except BadRecordError as error:
                logger.error("record set aside", extra={"partition": raw.partition, "offset": raw.offset})
                dead.add(raw.topic, raw.key, raw.value, str(error))
                continue
            records.append(Record(command=command, epoch=EPOCH, partition=raw.partition, offset=raw.offset, at=raw.at))
        return records

    def consume(lane: Lane) -> None:
        records = parsed(lane)
        if records:
            record_persisted(persist(records), now_ms)

    return stream_consumer(consume)


def _made() -> LambdaHandler:
    parts = bootstrap.persist(PersistSettings())
    return build(parts.persist, parts.dead)


lambda_handler = lazily(_made)
