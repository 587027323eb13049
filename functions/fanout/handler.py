"""Consumer of `chat.fanout`: cuts what is to be shown to many into slices for `post_slice`."""

from collections.abc import Callable

from natter.bootstrap.engines import Engines
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.entrypoints.record import Batch
from natter.entrypoints.records import readable
from natter.entrypoints.stream import stream_consumer
from natter.ports.operations import DeadLetters
from natter.records.delivery import load_undelivered
from natter.settings import FanoutSettings
from natter.telemetry import record_fanned_out
from natter.usecases.delivery.deliver import STALE_MS
from natter.usecases.delivery.fanout import Fanout


def build(fanout: Fanout, dead: DeadLetters, now_ms: Callable[[], int]) -> LambdaHandler:
    def consume(batch: Batch) -> None:
        oldest = now_ms() - STALE_MS
        undelivered = readable([raw for raw in batch if raw.at > oldest], load_undelivered, dead)
        if undelivered:
            record_fanned_out(fanout([each for _, each in undelivered]))

    return stream_consumer(consume, dead)


def _made() -> LambdaHandler:
    engines = Engines(FanoutSettings())
    engines.warm(engines.valkey.warm, engines.sqs, engines.prepare_fanout)
    fanout = Fanout(timeline=engines.timeline, connections=engines.connections, queue=engines.slices)
    return build(fanout, engines.dead, engines.now_ms)


lambda_handler = lazily(_made)
