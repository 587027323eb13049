"""Consumer of `chat.fanout`: cuts what is to be shown to many into slices for `post_slice`."""

from collections.abc import Callable

from natter.bootstrap import fanout as bootstrap
from natter.bootstrap.common import now_ms
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.entrypoints.stream import Batch, stream_consumer
from natter.ports.deliveries import Undelivered
from natter.ports.log import DeadLetters
from natter.settings import FanoutSettings
from natter.telemetry import logger, record_fanned_out
from natter.usecases.deliver import STALE_MS
from natter.usecases.fanout import Fanout
from natter.wire.deliveries import load_undelivered
from natter.wire.records import BadRecordError


def build(fanout: Fanout, dead: DeadLetters, now_ms: Callable[[], int]) -> LambdaHandler:
    def parsed(batch: Batch) -> list[Undelivered]:
        """What is not stale; what can never be read is kept for operators, and the lane moves on."""
        oldest = now_ms() - STALE_MS
        undelivered = []
        for raw in batch:
            if raw.at <= oldest:
                continue
            try:
                undelivered.append(load_undelivered(raw.value, raw.schema))
            except BadRecordError as error:
                logger.error("record set aside", extra={"partition": raw.partition, "offset": raw.offset})
                dead.add(raw.topic, raw.key, raw.value, f"{type(error).__name__}: {error}")
        return undelivered

    def consume(batch: Batch) -> None:
        if undelivered := parsed(batch):
            record_fanned_out(fanout(undelivered))

    return stream_consumer(consume)


def _made() -> LambdaHandler:
    parts = bootstrap.fanout(FanoutSettings())
    return build(parts.fanout, parts.dead, now_ms)


lambda_handler = lazily(_made)
