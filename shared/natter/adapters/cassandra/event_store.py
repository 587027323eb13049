"""`EventStore` on Cassandra tables: only what Keyspaces supports, no lightweight transactions."""

from collections.abc import Mapping, Sequence
from typing import Any

from cassandra.query import UNSET_VALUE

from natter.adapters.cassandra.client import REFUSALS, CassandraSession, Statement
from natter.adapters.cassandra.rows import (
    ERASED,
    bucket,
)
from natter.domain.conversations.members import Standing
from natter.domain.fold.goes import ITEMS
from natter.domain.fold.writes import (
    AmendedRow,
    ClientIdRow,
    EmptiedRow,
    EventRow,
    FileRow,
    ForgottenCursorRow,
    ForgottenFileRow,
    MarkRow,
    RosterRow,
    Row,
    SentRow,
    StandingRow,
    StateRow,
    UnspentRow,
)
from natter.domain.ids import ConversationId, UserId
from natter.domain.messages.events import Head
from natter.domain.receipts import Cursor, CursorKey
from natter.ports.messages import EventStore
from natter.records.messages import dump_event, dump_payload, dump_state
from natter.records.rosters import dump_changes, dump_members

WRITE_EVENT = (
    "INSERT INTO events (conversation_id, bucket, seq, type, at, sender_id, client_id, payload, messages) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?"
)
EMPTY_EVENT = "UPDATE events USING TIMESTAMP ? SET payload = ? WHERE conversation_id = ? AND bucket = ? AND seq = ?"
WRITE_OUTCOME = (
    "INSERT INTO client_ids (conversation_id, sender_id, client_id, log_epoch, log_offset, item, seq, refusal, at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?"
)
WRITE_STATE = (
    "INSERT INTO message_states (conversation_id, bucket, target_seq, seq, state) VALUES (?, ?, ?, ?, ?) "
    "USING TIMESTAMP ?"
)
WRITE_MARK = (
    "INSERT INTO reaction_marks (conversation_id, bucket, target_seq, reaction, user_id, seq, is_set) "
    "VALUES (?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?"
)
NOTE_AMENDED = "UPDATE events USING TIMESTAMP ? SET amended_by = ? WHERE conversation_id = ? AND bucket = ? AND seq = ?"
WRITE_STANDING = (
    "INSERT INTO standings (conversation_id, user_id, seq, role, joined_seq, joined_messages) "
    "VALUES (?, ?, ?, ?, ?, ?) USING TIMESTAMP ?"
)
WRITE_ROSTER = "INSERT INTO rosters (conversation_id, seq, changes, members) VALUES (?, ?, ?, ?) USING TIMESTAMP ?"
WRITE_SENT = (
    "UPDATE cursors USING TIMESTAMP ? SET sent_seq = ?, sent_messages = ? WHERE conversation_id = ? AND user_id = ?"
)
FORGET_CURSOR = "DELETE FROM cursors USING TIMESTAMP ? WHERE conversation_id = ? AND user_id = ?"
WRITE_FILE = "INSERT INTO files (conversation_id, attachment_id, seq) VALUES (?, ?, ?) USING TIMESTAMP ?"
FORGET_FILE = "DELETE FROM files USING TIMESTAMP ? WHERE conversation_id = ? AND attachment_id = ? AND seq = ?"
WRITE_HEAD = (
    "INSERT INTO heads (conversation_id, seq, messages, members_seq, log_epoch, log_partition, log_offset, at, "
    "written_at, preview, history, voids) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?"
)

NOBODY = UserId(".")
"""Of no user, so nothing is lost where the cursor is forgotten."""

REMOVE_EVENTS = "DELETE FROM events USING TIMESTAMP ? WHERE conversation_id = ? AND bucket = ? AND seq > ?"
REMOVE_OUTCOME = (
    "DELETE FROM client_ids USING TIMESTAMP ? WHERE conversation_id = ? AND sender_id = ? AND client_id = ? "
    "AND log_epoch = ? AND log_offset = ? AND item = ?"
)
REMOVE_STATE = (
    "DELETE FROM message_states USING TIMESTAMP ? "
    "WHERE conversation_id = ? AND bucket = ? AND target_seq = ? AND seq = ?"
)
REMOVE_MARK = (
    "DELETE FROM reaction_marks USING TIMESTAMP ? WHERE conversation_id = ? AND bucket = ? AND target_seq = ? "
    "AND reaction = ? AND user_id = ? AND seq = ?"
)
REMOVE_STANDING = "DELETE FROM standings USING TIMESTAMP ? WHERE conversation_id = ? AND user_id = ? AND seq = ?"
REMOVE_ROSTER = "DELETE FROM rosters USING TIMESTAMP ? WHERE conversation_id = ? AND seq = ?"

FOLD_WRITES = (
    WRITE_EVENT,
    EMPTY_EVENT,
    WRITE_OUTCOME,
    WRITE_STATE,
    WRITE_MARK,
    NOTE_AMENDED,
    WRITE_STANDING,
    WRITE_ROSTER,
    WRITE_SENT,
    FORGET_CURSOR,
    WRITE_FILE,
    WRITE_HEAD,
)


class CassandraEventStore:
    def __init__(self, session: CassandraSession) -> None:
        self._session = session

    def write(self, rows: Sequence[Row]) -> None:
        self._session.write([_write(row) for row in rows])

    def undo(self, rows: Sequence[Row], head: Head) -> None:
        """
        By deletions of the same age: of two cells of one age, the tombstone stays. A place of a file stays: it may
        have been written before as well, and says only where to look. Events are removed wherever one go can have
        written them: each of these deletions is of the thousand rows of a bucket, as many as Keyspaces takes.
        """
        buckets = range(bucket(head.seq + 1), bucket(head.seq + ITEMS) + 1)
        events = [(REMOVE_EVENTS, (head.written_at, head.conversation_id, each, head.seq)) for each in buckets]
        self._session.write([*events, *(statement for row in rows if (statement := _undo(row)) is not None)])

    def write_heads(self, heads: Sequence[Head]) -> None:
        self._session.write([(WRITE_HEAD, _head_values(head)) for head in heads])

    def write_cursors(self, cursors: Mapping[CursorKey, Cursor]) -> None:
        """Of a row of `cursors`, only the columns that belong to receipts."""
        self._session.write([(WRITE_CURSOR, _cursor_values(key, cursor)) for key, cursor in cursors.items()])

    def takes(self, conversation: ConversationId, *, written_at: int) -> bool:
        try:
            self._session.write([(FORGET_CURSOR, (written_at, conversation, NOBODY))])
        except REFUSALS:
            return False
        return True


def _write(row: Row) -> Statement:  # noqa: C901, PLR0911, PLR0912 - a statement for each kind of row
    match row:
        case EventRow(event=event):
            return WRITE_EVENT, (
                event.conversation_id,
                bucket(event.seq),
                event.seq,
                event.type,
                event.at,
                event.sender_id,
                _or_unset(event.client_id),
                dump_payload(event.payload),
                event.messages,
                row.written_at,
            )
        case ClientIdRow(key=key, outcome=outcome):
            return WRITE_OUTCOME, (
                key.conversation_id,
                key.sender_id,
                key.client_id,
                outcome.epoch,
                outcome.offset,
                outcome.item,
                _or_unset(outcome.seq),
                _or_unset(outcome.refusal),
                outcome.at,
                row.written_at,
            )
        case UnspentRow(key=key, place=place):
            return REMOVE_OUTCOME, (row.written_at, key.conversation_id, key.sender_id, key.client_id, *place)
        case StateRow(conversation_id=conversation_id, target_seq=target_seq, state=state):
            target = conversation_id, bucket(target_seq), target_seq
            return WRITE_STATE, (*target, state.seq, dump_state(state), row.written_at)
        case AmendedRow(conversation_id=conversation_id, seq=seq):
            return NOTE_AMENDED, (row.written_at, row.by, conversation_id, bucket(seq), seq)
        case MarkRow(key=mark):
            target = mark.conversation_id, bucket(mark.target_seq), mark.target_seq
            return WRITE_MARK, (*target, mark.reaction, mark.user_id, row.seq, row.is_set, row.written_at)
        case EmptiedRow(conversation_id=conversation_id, seq=seq, left=left):
            return EMPTY_EVENT, (row.written_at, dump_payload(left), conversation_id, bucket(seq), seq)
        case StandingRow(user_id=user, standing=standing):
            return WRITE_STANDING, (row.conversation_id, user, standing.seq, *_standing(standing), row.written_at)
        case RosterRow(members=members):
            whole = None if members is None else dump_members(members)
            changes = dump_changes(row.changes)
            return WRITE_ROSTER, (row.conversation_id, row.seq, changes, _or_unset(whole), row.written_at)
        case SentRow():
            return WRITE_SENT, (row.written_at, row.seq, row.messages, row.conversation_id, row.user_id)
        case ForgottenCursorRow():
            return FORGET_CURSOR, (row.written_at, row.conversation_id, row.user_id)
        case FileRow():
            return WRITE_FILE, (row.conversation_id, row.attachment_id, row.seq, row.written_at)
        case ForgottenFileRow():
            return FORGET_FILE, (row.written_at, row.conversation_id, row.attachment_id, row.seq)


def _undo(row: Row) -> Statement | None:
    match row:
        case ClientIdRow(key=key, outcome=outcome):
            place = outcome.epoch, outcome.offset, outcome.item
            return REMOVE_OUTCOME, (row.written_at, key.conversation_id, key.sender_id, key.client_id, *place)
        case StateRow(conversation_id=conversation_id, target_seq=target_seq, state=state):
            return REMOVE_STATE, (row.written_at, conversation_id, bucket(target_seq), target_seq, state.seq)
        case MarkRow(key=mark):
            target = mark.conversation_id, bucket(mark.target_seq), mark.target_seq
            return REMOVE_MARK, (row.written_at, *target, mark.reaction, mark.user_id, row.seq)
        case StandingRow(user_id=user, standing=standing):
            return REMOVE_STANDING, (row.written_at, row.conversation_id, user, standing.seq)
        case RosterRow():
            return REMOVE_ROSTER, (row.written_at, row.conversation_id, row.seq)
        case _:
            return None


def _standing(standing: Standing) -> tuple[Any, Any, Any]:
    """Of somebody who is gone, no cell but that they are erased, if they are."""
    if standing.membership is None:
        return ERASED if standing.erased else UNSET_VALUE, UNSET_VALUE, UNSET_VALUE
    membership = standing.membership
    return membership.role, membership.joined_seq, membership.joined_messages


def _cursor_values(key: CursorKey, cursor: Cursor) -> tuple[Any, ...]:
    places = cursor.read_seq, cursor.read_messages, cursor.delivered_seq
    return cursor.written_at, *places, cursor.written_at, *key


def _head_values(head: Head) -> tuple[Any, ...]:
    return (
        head.conversation_id,
        head.seq,
        head.messages,
        head.members_seq,
        head.epoch,
        head.partition,
        head.offset,
        head.at,
        head.written_at,
        UNSET_VALUE if head.preview is None else dump_event(head.preview).decode(),
        head.history,
        head.voids,
        head.written_at,
    )


def _or_unset(value: Any) -> Any:
    """Leaves the cell alone instead of writing a tombstone."""
    return UNSET_VALUE if value is None else value


_: type[EventStore] = CassandraEventStore


WRITE_CURSOR = (
    "UPDATE cursors USING TIMESTAMP ? SET read_seq = ?, read_messages = ?, delivered_seq = ?, written_at = ? "
    "WHERE conversation_id = ? AND user_id = ?"
)
