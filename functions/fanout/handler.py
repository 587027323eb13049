"""Consumer of `chat.fanout`: cuts what is to be shown to many into slices for `post_slice`."""

from natter.bootstrap.engines import Engines
from natter.domain.clock import NowMs
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.entrypoints.record import Batch
from natter.entrypoints.records import readable
from natter.entrypoints.stream import stream_consumer
from natter.ports.operations import DeadLetters
from natter.records.delivery import load_undelivered
from natter.settings import FanoutSettings
from natter.telemetry.measured import record_fanned_out
from natter.usecases.delivery.deliver import STALE_MS
from natter.usecases.delivery.fanout import Fanout

REBUILT_MS = 120_000
"""How long what has been handed over waits for a registry that has lost data; who is known is shown it then."""


def build(fanout: Fanout, dead: DeadLetters, now_ms: NowMs) -> LambdaHandler:
    def consume(batch: Batch) -> None:
        now = now_ms()
        undelivered = readable([raw for raw in batch if raw.at > now - STALE_MS], load_undelivered, dead)
        if undelivered:
            waits = all(raw.at > now - REBUILT_MS for raw, _ in undelivered)
            record_fanned_out(fanout([each for _, each in undelivered], waits=waits))

    return stream_consumer(consume, dead)


def _made() -> LambdaHandler:
    engines = Engines(FanoutSettings())
    engines.warm(engines.valkey.warm, engines.sqs, engines.prepare_fanout)
    fanout = Fanout(
        timeline=engines.timeline,
        connections=engines.connections,
        queue=engines.slices,
        now_ms=engines.now_ms,
        rebuild=engines.ask_for_rebuild,
    )
    return build(fanout, engines.dead, engines.now_ms)


lambda_handler = lazily(_made)
