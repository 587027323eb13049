"""
A Kafka producer that answers only when all in-sync replicas have a record.

Each append waits for its own delivery report within the invocation: librdkafka's threads freeze with the
execution environment, so nothing may be left to them. A record that is not confirmed in time is taken back
(purged) and the producer made anew: a frozen environment's sockets are dead, and what is still queued must not
come out minutes later, ahead of what was sent since.
"""

import os
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from natter.domain.errors import TooLarge, Unavailable
from natter.records.base import SCHEMA_HEADER, TRACE_HEADER
from natter.settings import KafkaSettings

SOURCE_HEADER = "source"


@dataclass(frozen=True, kw_only=True, slots=True)
class NewRecord:
    topic: str
    key: str | bytes
    value: bytes
    schema: bytes
    error: str | None = None
    """Why it could not be processed (dead letters)."""
    source: str | None = None
    """Topic, partition and offset where it lay (dead letters)."""

    def headers(self, trace: str | None) -> list[tuple[str, str | bytes | None]]:
        error = [] if self.error is None else [("error", self.error.encode())]
        source = [] if self.source is None else [(SOURCE_HEADER, self.source.encode())]
        traced = [] if trace is None else [(TRACE_HEADER, trace.encode())]
        return [(SCHEMA_HEADER, self.schema), *error, *source, *traced]


class RecordProducer:
    """
    Appends records to topics, in order within a key, with acks from all in-sync replicas.

    Safe across threads; made lazily, once for each execution environment.
    """

    def __init__(self, settings: KafkaSettings, carry: Callable[[str], str | None] = lambda _: None) -> None:
        """`carry`: of a key, to which traces a record with it belongs."""
        self._settings = settings
        self._carry = carry
        self._lock = Lock()
        self._producer: Producer | None = None

    def warm(self, topics: Sequence[str]) -> None:
        """Fetch the topics' metadata and connect, so that the first append does not have to."""
        try:
            with self._lock:
                producer = self._made()
            for topic in topics:
                producer.list_topics(topic, timeout=self._settings.append_timeout_s)
        except KafkaException as error:
            raise Unavailable("the log") from error

    def append(self, records: Sequence[NewRecord], *, timeout_s: float | None = None) -> list[int]:
        """
        Add `records` in the order given; returns their log timestamps in milliseconds.

        Raises:
            TooLarge: one exceeds what the log takes.
            Unavailable: not all were confirmed in time. Any of them may be in the log all the same.
        """
        timestamps: list[int | None] = [None] * len(records)
        failures: list[KafkaError] = []

        def reported(index: int) -> Callable[[KafkaError | None, Message], None]:
            def on_delivery(error: KafkaError | None, message: Message) -> None:
                if error is None:
                    timestamps[index] = message.timestamp()[1]
                else:
                    failures.append(error)

            return on_delivery

        with self._lock:
            producer = self._made()
            try:
                for index, record in enumerate(records):
                    producer.produce(
                        record.topic,
                        key=record.key,
                        value=record.value,
                        headers=record.headers(self._carry(_text(record.key))),
                        on_delivery=reported(index),
                    )
                producer.flush(timeout_s or self._settings.append_timeout_s)
            except (KafkaException, BufferError) as error:
                self._discard(producer)
                raise _mapped(error) from error
            if any(timestamp is None for timestamp in timestamps):
                self._discard(producer)
        if failures and all(failure.code() == KafkaError.MSG_SIZE_TOO_LARGE for failure in failures):
            raise TooLarge("the record is larger than the log takes")
        if failures:
            raise Unavailable("the log") from KafkaException(failures[0])
        confirmed = [timestamp for timestamp in timestamps if timestamp is not None]
        if len(confirmed) < len(records):
            raise Unavailable("the log")
        return confirmed

    def _made(self) -> Producer:
        if self._producer is None:
            self._producer = Producer(producer_config(self._settings))
        return self._producer

    def _discard(self, producer: Producer) -> None:
        self._producer = None
        producer.purge(in_queue=True, in_flight=True, blocking=False)
        with suppress(KafkaException):  # what has failed for good says so again
            producer.flush(0)


def producer_config(settings: KafkaSettings) -> dict[str, Any]:
    """
    Settings of librdkafka (its CONFIGURATION.md).

    `murmur2_random` places keys as Java's clients do; the default does not, and a tool that replays with Java
    would make a second writer.
    """
    timeout_ms = int(settings.append_timeout_s * 1000)
    return {
        **client_config(settings),
        "acks": "all",
        "enable.idempotence": True,
        "partitioner": "murmur2_random",
        "linger.ms": 0,
        "delivery.timeout.ms": timeout_ms,
        "request.timeout.ms": timeout_ms,
        "socket.timeout.ms": max(timeout_ms, 1000),
        "topic.metadata.refresh.interval.ms": 60_000,
        "message.max.bytes": 1_000_000,
        "queue.buffering.max.messages": 10_000,
    }


def client_config(settings: KafkaSettings) -> dict[str, Any]:
    config: dict[str, Any] = {
        "bootstrap.servers": settings.brokers,
        "socket.nagle.disable": True,
        "socket.keepalive.enable": True,
        "reconnect.backoff.ms": 50,
        "reconnect.backoff.max.ms": 500,
        "log_level": 3,
    }
    if settings.auth == "iam":
        config |= {
            "security.protocol": "SASL_SSL",
            "ssl.ca.location": ssl.get_default_verify_paths().cafile or "probe",  # librdkafka's TLS is one of its own
            "sasl.mechanisms": "OAUTHBEARER",
            "oauth_cb": lambda _: _msk_token(),
        }
    return config


def _msk_token() -> tuple[str, float]:
    """A token of IAM for MSK, and when it expires (seconds since the epoch). Made locally, without a call."""
    from aws_msk_iam_sasl_signer import MSKAuthTokenProvider  # noqa: PLC0415 - only on AWS

    token, expires_at_ms = MSKAuthTokenProvider.generate_auth_token(os.environ["AWS_REGION"])
    return token, expires_at_ms / 1000


def _text(key: str | bytes) -> str:
    return key if isinstance(key, str) else key.decode(errors="replace")


def _mapped(error: Exception) -> Exception:
    code = error.args[0].code() if isinstance(error, KafkaException) else None
    if code == KafkaError.MSG_SIZE_TOO_LARGE:
        return TooLarge("the record is larger than the log takes")
    return Unavailable("the log")
