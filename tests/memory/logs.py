"""The log's ports in memory. What was added can be read back."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple
from zlib import crc32

from natter.domain.connections import ConnectionChange
from natter.domain.errors import TooLarge
from natter.domain.ids import ConversationId, UserId
from natter.domain.messages.commands import Command, Record
from natter.domain.messages.events import Emission
from natter.domain.receipts import Receipt, ReceiptRecord
from natter.names import EPOCH
from natter.ports.messages import CommandLog, EventLog
from natter.ports.operations import DeadLetters
from natter.ports.presence import ConnectionHistory, ConnectionLog
from natter.ports.receipts import ReceiptLog
from natter.records.messages import dump_command

RECORD_LIMIT_BYTES = 1_000_000


class DeadLetter(NamedTuple):
    topic: str
    key: bytes
    value: bytes
    error: str


class MemoryCommandLog:
    """
    Partitions of records in their order; a conversation's are all in one.

    Args:
        now_ms: clock of the log, which stamps every record.
    """

    def __init__(self, now_ms: Callable[[], int], *, partitions: int = 1) -> None:
        self._now_ms = now_ms
        self._partitions: list[list[Record]] = [[] for _ in range(partitions)]

    def append(self, command: Command) -> int:
        if len(dump_command(command)) > RECORD_LIMIT_BYTES:
            raise TooLarge("the record is larger than the log takes")
        partition = self.partition_of(command.conversation_id)
        records = self._partitions[partition]
        at = self._now_ms()
        records.append(Record(command=command, epoch=EPOCH, partition=partition, offset=len(records), at=at))
        return at

    def partition_of(self, conversation: ConversationId) -> int:
        return crc32(conversation.encode()) % len(self._partitions)

    def records(self, partition: int = 0, *, since: int = 0) -> Sequence[Record]:
        """The records of a partition from offset `since` on."""
        return self._partitions[partition][since:]


class MemoryEventLog:
    def __init__(self) -> None:
        self.emissions: list[Emission] = []

    def emit(self, emissions: Sequence[Emission]) -> None:
        self.emissions.extend(emissions)


class MemoryConnectionLog:
    def __init__(self) -> None:
        self.changes: list[ConnectionChange] = []

    def note(self, change: ConnectionChange) -> bool:
        self.changes.append(change)
        return True


class MemoryConnectionHistory:
    """Reads back what a `MemoryConnectionLog` has been told, in parts of the users' names."""

    def __init__(self, log: MemoryConnectionLog, *, parts: int = 2) -> None:
        self._log = log
        self._parts = parts

    def since(self, at: int, covers: Callable[[UserId], bool]) -> "MemoryPastConnections":
        return MemoryPastConnections(self._log, at, covers, self._parts)


class MemoryPastConnections:
    def __init__(self, log: MemoryConnectionLog, at: int, covers: Callable[[UserId], bool], parts: int) -> None:
        self._log, self._at, self._covers = log, at, covers
        self._read_to = [0] * parts

    def parts(self) -> Iterator[Sequence[ConnectionChange]]:
        for part in range(len(self._read_to)):
            self._read_to[part] = len(self._log.changes)
            yield [each for each in self._of(part, 0, self._read_to[part]) if each.at >= self._at]

    def rest(self) -> Iterator[Sequence[ConnectionChange]]:
        end = len(self._log.changes)
        for part, start in enumerate(self._read_to):
            yield self._of(part, start, end)

    def _of(self, part: int, start: int, end: int) -> list[ConnectionChange]:
        several = len(self._read_to)
        return [
            each
            for each in self._log.changes[start:end]
            if self._covers(each.connection.user_id) and crc32(each.connection.user_id.encode()) % several == part
        ]


class MemoryReceiptLog:
    """
    Args:
        now_ms: clock of the log, which stamps every record.
    """

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self.records: list[ReceiptRecord] = []

    def append(self, receipt: Receipt) -> None:
        self.records.append(ReceiptRecord(receipt=receipt, at=self._now_ms()))


class MemoryDeadLetters:
    def __init__(self) -> None:
        self.letters: list[DeadLetter] = []

    def add(self, topic: str, place: tuple[int, int], key: bytes, value: bytes, error: str) -> None:  # noqa: ARG002 - nobody here looks for it
        self.letters.append(DeadLetter(topic, key, value, error))


_command_log: type[CommandLog] = MemoryCommandLog
_event_log: type[EventLog] = MemoryEventLog
_connection_log: type[ConnectionLog] = MemoryConnectionLog
_connection_history: type[ConnectionHistory] = MemoryConnectionHistory
_receipt_log: type[ReceiptLog] = MemoryReceiptLog
_dead_letters: type[DeadLetters] = MemoryDeadLetters
