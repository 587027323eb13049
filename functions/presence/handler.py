"""Consumer of `chat.connections`, and of the queue of looks: has watchers told how users are, when that may be news."""

from collections.abc import Mapping
from typing import Any

from natter.bootstrap import presence as bootstrap
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.entrypoints.queue import queue_consumer
from natter.entrypoints.record import Batch
from natter.entrypoints.records import readable
from natter.entrypoints.stream import stream_consumer
from natter.ports.operations import DeadLetters
from natter.records.presence import load_connection, load_look
from natter.settings import PresenceSettings
from natter.usecases.presence.settle_presence import SettlePresence


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
    parts = bootstrap.presence(PresenceSettings())
    return build(parts.settle, parts.dead)


lambda_handler = lazily(_made)
