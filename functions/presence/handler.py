"""Consumer of `chat.connections`, and of the queue of looks: has watchers told how users are, when that may be news."""

from collections.abc import Mapping
from typing import Any

from natter.bootstrap.engines import Engines
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.entrypoints.queue import queue_consumer
from natter.entrypoints.record import Batch
from natter.entrypoints.records import readable
from natter.entrypoints.stream import stream_consumer
from natter.ports.operations import DeadLetters
from natter.records.presence import load_connection, load_look
from natter.settings import PresenceSettings
from natter.usecases.presence.settle_presence import SettlePresence
from natter.usecases.presence.tell_watchers import TellWatchers


def build(settle: SettlePresence, dead: DeadLetters) -> LambdaHandler:
    def changed(batch: Batch) -> None:
        settle.changed([change for _, change in readable(batch, load_connection, dead)])

    def look(body: str) -> None:
        settle.look(load_look(body))

    stream, queue = stream_consumer(changed, dead), queue_consumer(look)

    def handle(event: Mapping[str, Any], context: Any) -> Any:
        """Kafka's batches have `records`, those of SQS `Records`."""
        return stream(event, context) if "records" in event else queue(event, context)

    return handle


def _made() -> LambdaHandler:
    engines = Engines(PresenceSettings())
    engines.warm(engines.valkey.warm, engines.sqs)
    tell = TellWatchers(
        now=engines.presence_now,
        acquaintances=engines.acquaintances,
        connections=engines.connections,
        gateway=engines.gateway,
        frames=engines.frames,
        now_ms=engines.now_ms,
    )
    settle = SettlePresence(
        now=engines.presence_now,
        traces=engines.traces,
        connections=engines.connections,
        watchers=engines.watchers,
        acquaintances=engines.acquaintances,
        tell=tell,
        queue=engines.looks,
        pace=engines.pace,
        ask_for_rebuild=engines.ask_for_rebuild,
        now_ms=engines.now_ms,
    )
    return build(settle, engines.dead)


lambda_handler = lazily(_made)
