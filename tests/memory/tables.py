"""`EventStore` and `Timeline` in memory. Cells are last-write-wins by their write timestamp, as in Cassandra."""

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from natter.domain.conversations.members import MemberKey, Standing
from natter.domain.conversations.rosters import Roster
from natter.domain.fold.known import Known, Wanted
from natter.domain.fold.targets import Target
from natter.domain.fold.writes import (
    AmendedRow,
    ClientIdKey,
    ClientIdRow,
    EmptiedRow,
    EventRow,
    FileRow,
    ForgottenCursorRow,
    ForgottenFileRow,
    MarkRow,
    Outcome,
    Place,
    RosterRow,
    Row,
    SentRow,
    StandingRow,
    StateRow,
    UnspentRow,
)
from natter.domain.ids import AttachmentId, ConversationId, UserId
from natter.domain.messages.events import Event, Head
from natter.domain.messages.states import NO_STATE, MarkKey, MessageState
from natter.domain.receipts import Cursor, CursorKey
from natter.ports.messages import EventStore
from natter.ports.reading import Timeline

READ_COLUMNS = ("read_seq", "read_messages", "delivered_seq", "written_at")
"""Of a cursor, what `receipts` writes."""


class Cell(NamedTuple):
    written_at: int
    value: Any
    """None is a tombstone."""


class MemoryTables:
    """
    The conversations' tables. Each maps a partition key and a clustering key to a cell.

    A partition is read by `_select`, a row written by `_write` or `_write_head`, each as a whole: a subclass can
    let others run there, or fail.
    """

    def __init__(self) -> None:
        self._partitions: dict[Hashable, dict[Hashable, Cell]] = {}
        self._undone: dict[ConversationId, list[Head]] = {}
        """Above each, no event is that is not younger."""

    def read(self, wanted: Wanted) -> Known:
        heads = self.heads(wanted.conversations)
        ends = {**wanted.folded, **{each: head.seq for each, head in heads.items()}}
        outcomes = self.outcomes(wanted.keys)
        return Known(
            heads=heads,
            rosters={each: self._roster(each, head.seq, head.seq) for each, head in heads.items()},
            outcomes=outcomes,
            targets={
                place: target
                for place in wanted.targets
                if place[1] <= ends.get(place[0], 0) and (target := self._target(place, ends[place[0]])) is not None
            },
            marks={
                key: is_set
                for key in wanted.marks
                if (is_set := self._mark(key, ends.get(key.conversation_id, 0))) is not None
            },
        )

    def outcomes(self, keys: Collection[ClientIdKey]) -> Mapping[ClientIdKey, Sequence[Outcome]]:
        return {key: self._outcomes(key) for key in keys}

    def events_at(self, places: Collection[Place]) -> Mapping[Place, Event]:
        found = {place: self._event(place) for place in places}
        return {place: event for place, event in found.items() if event is not None}

    def states(self, places: Collection[Place], *, up_to: int) -> Mapping[Place, MessageState]:
        found = {place: self._state(place, up_to) for place in places}
        return {place: state for place, state in found.items() if state is not None}

    def marks(self, keys: Collection[MarkKey], *, up_to: int) -> Mapping[MarkKey, bool]:
        found = {key: self._mark(key, up_to) for key in keys}
        return {key: is_set for key, is_set in found.items() if is_set is not None}

    def write(self, rows: Sequence[Row]) -> None:
        for row in rows:
            self._write(row)

    def undo(self, rows: Sequence[Row], head: Head) -> None:
        self._undone.setdefault(head.conversation_id, []).append(head)
        for partition, cells in self._partitions.items():
            for column, cell in list(cells.items()):
                self._put(partition, column, cell.value, cell.written_at)
        for row in rows:
            match row:
                case ClientIdRow():
                    self._remove_outcome(row.key, row.outcome.place, row.written_at)
                case StateRow(state=state):
                    self._put(("states", (row.conversation_id, row.target_seq)), state.seq, None, row.written_at)
                case MarkRow():
                    self._put(("marks", row.key), row.seq, None, row.written_at)
                case StandingRow():
                    user: Hashable = ("standings", (row.conversation_id, row.user_id))
                    self._put(user, row.standing.seq, None, row.written_at)
                case RosterRow():
                    self._put(("rosters", row.conversation_id), row.seq, None, row.written_at)

    def write_heads(self, heads: Sequence[Head]) -> None:
        for head in heads:
            self._write_head(head)

    def heads(self, conversations: Iterable[ConversationId]) -> Mapping[ConversationId, Head]:
        found = {each: self._one(("heads", each)) for each in conversations}
        return {each: head for each, head in found.items() if head is not None}

    def events(self, conversation: ConversationId, first: int, last: int, *, newest_first: bool) -> Iterable[Event]:
        places = range(first, last + 1)
        for seq in reversed(places) if newest_first else places:
            event = self._event((conversation, seq))
            if event is not None:
                yield event

    def rosters(self, places: Mapping[ConversationId, tuple[int, int]]) -> Mapping[ConversationId, Roster]:
        return {each: self._roster(each, first, last) for each, (first, last) in places.items()}

    def standings(self, up_to: Mapping[MemberKey, int]) -> Mapping[MemberKey, Standing]:
        found = {key: _latest(self._select(("standings", key)), seq) for key, seq in up_to.items()}
        return {key: standing for key, standing in found.items() if standing is not None}

    def first_place(self, conversation: ConversationId, user: UserId) -> int | None:
        found: dict[Any, Any] = self._select(("standings", (conversation, user)))
        return min(found, default=None)

    def cursors(self, keys: Iterable[CursorKey]) -> Mapping[CursorKey, Cursor]:
        found = {key: self._cursor(key) for key in keys}
        return {key: cursor for key, cursor in found.items() if cursor is not None}

    def places_of_file(
        self, conversation: ConversationId, attachment: AttachmentId, first: int, last: int, *, limit: int
    ) -> Sequence[int]:
        found: Iterable[Any] = self._select(("files", (conversation, attachment)))
        return sorted((seq for seq in found if first <= seq <= last), reverse=True)[:limit]

    def messages_at(self, places: Collection[Place]) -> Mapping[Place, int]:
        return {place: event.messages for place, event in self.events_at(places).items()}

    def write_cursors(self, cursors: Mapping[CursorKey, Cursor]) -> None:
        for key, cursor in cursors.items():
            read = {name: getattr(cursor, name) for name in READ_COLUMNS}
            self._put(("cursors", key), "read", read, cursor.written_at)

    def takes(self, conversation: ConversationId, *, written_at: int) -> bool:  # noqa: ARG002 - of any age
        return True

    def _write_head(self, head: Head) -> None:
        self._put(("heads", head.conversation_id), None, head, head.written_at)

    def _write(self, row: Row) -> None:  # noqa: C901, PLR0912 - a case for each kind of row
        match row:
            case EventRow(event=event):
                place: Hashable = ("events", (event.conversation_id, event.seq))
                self._put(place, "payload", event.payload, row.written_at)
                self._put(place, "rest", replace(event, payload={}, amended_by=0), row.written_at)
            case EmptiedRow():
                self._put(("events", (row.conversation_id, row.seq)), "payload", row.left, row.written_at)
            case ClientIdRow(outcome=outcome):
                cells = {"at": outcome.at, "seq": outcome.seq, "refusal": outcome.refusal}
                for column, value in cells.items():
                    if value is not None:  # else the cell is left alone
                        self._put(("client_ids", row.key), (outcome.place, column), value, row.written_at)
            case UnspentRow():
                self._remove_outcome(row.key, row.place, row.written_at)
            case StateRow(state=state):
                message: Hashable = ("states", (row.conversation_id, row.target_seq))
                self._put(message, state.seq, state, row.written_at)
            case AmendedRow():
                self._put(("events", (row.conversation_id, row.seq)), "amended_by", row.by, row.written_at)
            case MarkRow():
                self._put(("marks", row.key), row.seq, row.is_set, row.written_at)
            case StandingRow(standing=standing):
                user: Hashable = ("standings", (row.conversation_id, row.user_id))
                self._put(user, standing.seq, standing, row.written_at)
            case RosterRow():
                self._put(("rosters", row.conversation_id), row.seq, row, row.written_at)
            case SentRow():
                place = ("cursors", (row.conversation_id, row.user_id))
                self._put(place, "sent", {"sent_seq": row.seq, "sent_messages": row.messages}, row.written_at)
            case ForgottenCursorRow():
                place = ("cursors", (row.conversation_id, row.user_id))
                for columns in ("read", "sent"):
                    self._put(place, columns, None, row.written_at)
            case FileRow() | ForgottenFileRow():
                value = isinstance(row, FileRow) or None
                self._put(("files", (row.conversation_id, row.attachment_id)), row.seq, value, row.written_at)

    def _remove_outcome(self, key: ClientIdKey, place: tuple[int, int, int], written_at: int) -> None:
        for column in ("at", "seq", "refusal"):
            self._put(("client_ids", key), (place, column), None, written_at)

    def _outcomes(self, key: ClientIdKey) -> Sequence[Outcome]:
        cells: dict[Any, Any] = self._select(("client_ids", key))
        return [
            Outcome(
                epoch=place[0],
                offset=place[1],
                item=place[2],
                at=at,
                seq=cells.get((place, "seq")),
                refusal=cells.get((place, "refusal")),
            )
            for (place, column), at in cells.items()
            if column == "at"
        ]

    def _event(self, place: Place) -> Event | None:
        columns = self._select(("events", place))
        rest: Event | None = columns.get("rest")
        if rest is None:
            return None
        return replace(rest, payload=columns.get("payload", {}), amended_by=columns.get("amended_by", 0))

    def _target(self, place: Place, up_to: int) -> Target | None:
        event = self._event(place)
        if event is None:
            return None
        return Target(type=event.type, sender_id=event.sender_id, state=self._state(place, up_to) or NO_STATE)

    def _state(self, place: Place, up_to: int) -> MessageState | None:
        return _latest(self._select(("states", place)), up_to)

    def _mark(self, key: MarkKey, up_to: int) -> bool | None:
        return _latest(self._select(("marks", key)), up_to)

    def _roster(self, conversation: ConversationId, first: int, last: int) -> Roster:
        rows: list[RosterRow] = [row for row in self._select(("rosters", conversation)).values() if row.seq <= last]
        whole = [row for row in rows if row.seq <= first and row.members is not None]
        base = max(whole, key=lambda row: row.seq, default=None)
        seq = 0 if base is None else base.seq
        changes = [change for row in rows if row.seq >= seq for change in row.changes]
        return Roster(seq=seq, members=(base and base.members) or {}, changes=changes)

    def _cursor(self, key: CursorKey) -> Cursor | None:
        columns = self._select(("cursors", key))
        return Cursor(**columns.get("read", {}), **columns.get("sent", {})) if columns else None

    def _one(self, partition: Hashable) -> Any | None:
        return self._select(partition).get(None)

    def _select(self, partition: Hashable) -> dict[Hashable, Any]:
        """What the partition holds now, without tombstones."""
        cells = self._partitions.get(partition, {})
        return {key: cell.value for key, cell in cells.items() if cell.value is not None}

    def _put(self, partition: Hashable, key: Hashable, value: Any, written_at: int) -> None:
        """The younger cell stays; of two of the same age, the tombstone."""
        cells = self._partitions.setdefault(partition, {})
        value = None if self._is_undone(partition, written_at) else value
        old = cells.get(key)
        if old is None or (written_at, value is None) >= (old.written_at, old.value is None):
            cells[key] = Cell(written_at, value)

    def _is_undone(self, partition: Any, written_at: int) -> bool:
        """Whether a deletion of all events above some place covers it."""
        table, key = partition
        if table != "events" or key[0] not in self._undone:
            return False
        return any(head.seq < key[1] and written_at <= head.written_at for head in self._undone[key[0]])


def _latest(versions: dict[Any, Any], up_to: int) -> Any | None:
    """The version at the highest place that is not above `up_to`."""
    seq = max((each for each in versions if each <= up_to), default=None)
    return None if seq is None else versions[seq]


_event_store: type[EventStore] = MemoryTables
_timeline: type[Timeline] = MemoryTables
