"""The log's ports on Kafka: the key is the conversation (or the user), so its records stay in one partition."""

from collections.abc import Sequence

from natter.adapters.kafka.client import NewRecord, RecordProducer
from natter.domain.connections import ConnectionChange
from natter.domain.errors import TooLarge, Unavailable
from natter.domain.messages.commands import Command
from natter.domain.messages.events import Emission
from natter.domain.receipts import Receipt
from natter.names import COMMANDS_TOPIC, CONNECTIONS_TOPIC, DEAD_TOPIC, EVENTS_TOPIC, RECEIPTS_TOPIC
from natter.ports.messages import CommandLog, EventLog
from natter.ports.operations import DeadLetters
from natter.ports.presence import ConnectionLog
from natter.ports.receipts import ReceiptLog
from natter.records.messages import COMMAND_SCHEMA, EVENTS_SCHEMA, dump_command, dump_emission
from natter.records.presence import CONNECTION_SCHEMA, dump_connection
from natter.records.receipts import RECEIPT_SCHEMA, dump_receipt


class KafkaCommandLog:
    """`CommandLog` on `chat.commands`: one command is one record."""

    def __init__(self, producer: RecordProducer) -> None:
        self._producer = producer

    def append(self, command: Command) -> int:
        record = NewRecord(
            topic=COMMANDS_TOPIC, key=command.conversation_id, value=dump_command(command), schema=COMMAND_SCHEMA
        )
        return self._producer.append([record])[0]


class KafkaEventLog:
    """`EventLog` on `chat.events`."""

    def __init__(self, producer: RecordProducer) -> None:
        self._producer = producer

    def emit(self, emissions: Sequence[Emission]) -> None:
        if not emissions:
            return
        self._producer.append(
            [
                NewRecord(
                    topic=EVENTS_TOPIC,
                    key=emission.conversation_id,
                    value=dump_emission(emission),
                    schema=EVENTS_SCHEMA,
                )
                for emission in emissions
            ]
        )


class KafkaConnectionLog:
    """`ConnectionLog` on `chat.connections`."""

    def __init__(self, producer: RecordProducer, *, timeout_s: float = 1.0) -> None:
        self._producer = producer
        self._timeout_s = timeout_s

    def note(self, change: ConnectionChange) -> bool:
        record = NewRecord(
            topic=CONNECTIONS_TOPIC,
            key=change.connection.user_id,
            value=dump_connection(change),
            schema=CONNECTION_SCHEMA,
        )
        try:
            self._producer.append([record], timeout_s=self._timeout_s)
        except (Unavailable, TooLarge):
            return False
        return True


class KafkaReceiptLog:
    """`ReceiptLog` on `chat.receipts`."""

    def __init__(self, producer: RecordProducer) -> None:
        self._producer = producer

    def append(self, receipt: Receipt) -> None:
        record = NewRecord(
            topic=RECEIPTS_TOPIC, key=receipt.conversation_id, value=dump_receipt(receipt), schema=RECEIPT_SCHEMA
        )
        self._producer.append([record])


class KafkaDeadLetters:
    """`DeadLetters` on `chat.dead`."""

    def __init__(self, producer: RecordProducer) -> None:
        self._producer = producer

    def add(self, topic: str, place: tuple[int, int], key: bytes, value: bytes, error: str) -> None:
        partition, offset = place
        letter = NewRecord(
            topic=DEAD_TOPIC,
            key=key,
            value=value,
            schema=b"",
            error=f"{topic}: {error}",
            source=f"{topic}/{partition}/{offset}",
        )
        self._producer.append([letter])


_dead_letters: type[DeadLetters] = KafkaDeadLetters
_command_log: type[CommandLog] = KafkaCommandLog
_event_log: type[EventLog] = KafkaEventLog
_connection_log: type[ConnectionLog] = KafkaConnectionLog
_receipt_log: type[ReceiptLog] = KafkaReceiptLog
