"""`persist` as its function runs it: the record that can never be stored is found and set aside, the others go on."""

from collections.abc import Sequence

from natter.domain.messages.commands import Record
from natter.entrypoints.isolation import Isolation
from natter.entrypoints.record import Batch, StreamRecord
from natter.names import COMMANDS_TOPIC
from natter.usecases.messages.persist import Persist
from tests.reliability.ports import Pause


class DeadRecords:
    """What was set aside, as often as it was."""

    def __init__(self, pause: Pause) -> None:
        self.records: list[Record] = []
        self._pause = pause

    def add(self, record: Record) -> None:
        self._pause()
        self.records.append(record)


class Consumer:
    """One execution environment of the function."""

    def __init__(self, persist: Persist, dead: DeadRecords) -> None:
        self.persist = persist
        self.dead = dead
        self._isolation = Isolation(consume=self._consume, set_aside=self._set_aside)
        self._records: dict[int, Record] = {}

    def __call__(self, batch: Sequence[Record]) -> int:
        """How many of the batch are done with; the others are given back."""
        self._records = {record.offset: record for record in batch}
        given_back = self._isolation([_raw(record) for record in batch], lambda: True)
        return len(batch) - len(given_back)

    def _consume(self, piece: Batch) -> None:
        self.persist([self._records[raw.offset] for raw in piece])

    def _set_aside(self, raw: StreamRecord, error: Exception, followers: Batch) -> None:  # noqa: ARG002
        self.dead.add(self._records[raw.offset])
        self.persist.void(self._records[raw.offset], [self._records[each.offset] for each in followers])


def _raw(record: Record) -> StreamRecord:
    """What it says does not matter here: it is known by its place."""
    return StreamRecord(
        topic=COMMANDS_TOPIC,
        partition=record.partition,
        offset=record.offset,
        at=record.at,
        key=b"",
        value=b"",
        schema=None,
    )
