"""Bugs planted into the tables, what is cached of them, and what is counted in them."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from natter.domain.conversations.records import ConversationRecord
from natter.domain.conversations.rosters import Roster
from natter.domain.fold.known import Known, Wanted
from natter.domain.fold.writes import EventRow, Place, RosterRow, Row, SentRow, StandingRow
from natter.domain.ids import ConversationId, UserId
from natter.domain.messages.events import Head
from natter.domain.messages.states import MessageState
from natter.domain.reading.views import ConversationView
from natter.domain.receipts import Cursor, CursorKey
from natter.usecases.reading.view_conversations import ViewConversations
from tests.memory.tables import Cell
from tests.reliability.load import USERS
from tests.reliability.ports import Pause, SteppedHeadCache, SteppedTables
from tests.reliability.trace import Trace

STALE = 0.05
END = 10**9
"""Behind every place."""


class StaleTables(SteppedTables):
    """Now and then reads a partition as it was before its last write, as with a consistency of ONE."""

    def __init__(self, pause: Pause, random: Random, trace: Trace) -> None:
        super().__init__(pause, random, trace)
        self._before: dict[Hashable, dict[Hashable, Cell]] = {}

    def _put(self, partition: Hashable, key: Hashable, value: Any, written_at: int) -> None:
        self._before[partition] = dict(self._partitions.get(partition, {}))
        super()._put(partition, key, value, written_at)

    def _select(self, partition: Hashable) -> dict[Hashable, Any]:
        now = super()._select(partition)
        if partition in self._before and self.random.random() < STALE:
            return {key: cell.value for key, cell in self._before[partition].items() if cell.value is not None}
        return now


class HeadsReadLast(SteppedTables):
    def read(self, wanted: Wanted) -> Known:
        return replace(super().read(wanted), heads=self.heads(wanted.conversations))


class Unbounded(SteppedTables):
    """Passes leftovers above the head off as if they had happened at it."""

    def _state(self, place: Place, up_to: int) -> MessageState | None:
        return super()._state(place, max(up_to, END))


class RostersUnbounded(SteppedTables):
    """Takes the last whole roster that there is, though the fold that stored it did not finish."""

    def _roster(self, conversation: ConversationId, first: int, last: int) -> Roster:
        latest = super()._roster(conversation, END, END)
        if latest.seq <= last:
            return super()._roster(conversation, first, last)
        return Roster(seq=first, members=latest.members)


class RostersOfLaterPlaces(SteppedTables):
    """Answers for earlier places, too, with the last whole roster up to the last one asked for."""

    def _roster(self, conversation: ConversationId, first: int, last: int) -> Roster:
        latest = super()._roster(conversation, last, last)
        return replace(latest, seq=min(latest.seq, first))


class RostersAlone(SteppedTables):
    """Keeps no change from before the last whole roster, settled or not."""

    def _write(self, row: Row) -> None:
        super()._write(row)
        if isinstance(row, RosterRow) and row.members is not None:
            rows: dict[Any, Cell] = self._partitions["rosters", row.conversation_id]
            for seq in [each for each in rows if each < row.seq]:
                del rows[seq]


class WithoutCompare(SteppedHeadCache):
    """Takes whatever head comes last."""

    def advance(self, heads: Sequence[Head]) -> None:
        for head in heads:
            self._pause()
            self._heads[head.conversation_id] = head


class FillsFromMemory(SteppedHeadCache):
    """Takes the first head it is told of after it lost its data, however old."""

    def advance(self, heads: Sequence[Head]) -> None:
        for head in heads:
            self._pause()
            known = self._heads.get(head.conversation_id)
            if known is None or known.position < head.position:
                self._heads[head.conversation_id] = head


class FillsWithoutLease(SteppedHeadCache):
    """Keeps what a reader read, whatever happened meanwhile."""

    def _settle(self, head: Head, lease: object) -> None:
        self._leases[head.conversation_id] = lease
        super()._settle(head, lease)


class CountedTables(SteppedTables):
    """Counts what a member has not read up with each message stored, and down with what was read or sent."""

    def __init__(self, pause: Pause, random: Random, trace: Trace) -> None:
        super().__init__(pause, random, trace)
        self.unread: Counter[CursorKey] = Counter()

    def write_cursors(self, cursors: Mapping[CursorKey, Cursor]) -> None:
        before = self.cursors(cursors.keys())
        super().write_cursors(cursors)
        for key, cursor in cursors.items():
            self.unread[key] -= cursor.read_messages - before.get(key, Cursor()).read_messages

    def _write(self, row: Row) -> None:
        super()._write(row)
        match row:
            case EventRow(event=event) if event.type == "message":
                self.unread.update((event.conversation_id, user) for user in USERS)
            case SentRow():
                self.unread[row.conversation_id, row.user_id] = 0
            case StandingRow():
                self.unread[row.conversation_id, row.user_id] = 0


class CountedView(ViewConversations):
    def at(
        self, heads: Mapping[ConversationId, Head], user: UserId, records: Sequence[ConversationRecord]
    ) -> list[ConversationView]:
        if not isinstance(self.timeline, CountedTables):
            raise TypeError("counts nothing")
        unread = self.timeline.unread
        views = super().at(heads, user, records)
        return [replace(each, unread=max(0, unread[each.record.conversation_id, user])) for each in views]


class SharedCursors(SteppedTables):
    """`persist` and `receipts` write the same columns: having sent is having read."""

    def _put(self, partition: Hashable, key: Hashable, value: Any, written_at: int) -> None:
        if key == "sent":
            seq, messages = value["sent_seq"], value["sent_messages"]
            key = "read"
            value = {"read_seq": seq, "read_messages": messages, "delivered_seq": seq, "written_at": written_at}
        super()._put(partition, key, value, written_at)


class ClockedCursors(SteppedTables):
    """Whoever writes a cursor last is right: its age is the time of the writing, not of what was written."""

    def _put(self, partition: Hashable, key: Hashable, value: Any, written_at: int) -> None:
        if key == "read":
            old = self._partitions.get(partition, {}).get(key)
            written_at = written_at if old is None else old.written_at + 1
        super()._put(partition, key, value, written_at)
