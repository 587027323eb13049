"""Where an event source's records go that it gives up: a topic of the same cluster."""

import json
from collections.abc import Sequence

from confluent_kafka import KafkaError, KafkaException, Producer

from local.model import KafkaSource

from .batches import Record

PREFIX = "kafka://"
SEND_TIMEOUT_S = 10.0


class DeadLetters:
    """
    The on-failure destination of `source`: key, value and headers as they were, with one header of metadata added.

    Raises:
        ValueError: on construction, if the destination is not a Kafka topic, or is the source's own.
    """

    def __init__(self, source: KafkaSource, bootstrap: str) -> None:
        self._source = source
        self._topic: str | None = None
        self._producer: Producer | None = None
        if source.on_failure is None:
            return
        if not source.on_failure.startswith(PREFIX):
            raise ValueError(f"only topics are imitated as on-failure destinations, not {source.on_failure}")
        self._topic = source.on_failure.removeprefix(PREFIX)
        if self._topic == source.topic:
            raise ValueError(f"{source.topic} cannot be its own on-failure destination")
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "acks": "all",
                "enable.idempotence": True,
                "delivery.timeout.ms": int(SEND_TIMEOUT_S * 1000),
                "linger.ms": 0,
                "broker.address.family": "v4",
                "log_level": 2,
            }
        )

    def send(self, records: Sequence[Record], *, condition: str, attempts: int) -> None:
        """
        Write `records`; blocks until they are acknowledged. Without a destination they are dropped.

        Raises:
            KafkaException: not all were acknowledged; repeating the call may write some twice.
        """
        if self._producer is None or self._topic is None:
            return
        failed: list[KafkaError] = []
        for record in records:
            self._producer.produce(
                self._topic,
                key=record.key,
                value=record.value,
                headers=[*record.headers, ("lambda-failure", self._metadata(record, condition, attempts))],
                on_delivery=lambda error, _message: failed.append(error) if error is not None else None,
            )
        unsent = self._producer.flush(SEND_TIMEOUT_S)
        if failed or unsent:
            raise KafkaException(failed[0] if failed else KafkaError(KafkaError._MSG_TIMED_OUT))  # noqa: SLF001

    def close(self) -> None:
        """Wait for nothing: what matters was waited for in `send`."""
        self._producer = None

    def _metadata(self, record: Record, condition: str, attempts: int) -> bytes:
        return json.dumps(
            {
                "condition": condition,
                "approximateInvokeCount": attempts,
                "functionArn": self._source.function_arn,
                "topic": record.topic,
                "partition": record.partition,
                "offset": record.offset,
                "timestamp": record.timestamp_ms,
            }
        ).encode()
