"""`EventStore` on Cassandra tables: only what Keyspaces supports, no lightweight transactions."""

from collections.abc import Mapping, Sequence
from typing import Any

from cassandra.query import UNSET_VALUE

from natter.adapters.cassandra.client import CassandraSession, Statement
from natter.adapters.cassandra.rows import (
    ERASED,
    bucket,
)
from natter.domain.fold.writes import (
    EffectRow,
    EmptiedEffectRow,
    EmptiedRow,
    EventRow,
    FileRow,
    ForgottenCursorRow,
    ForgottenFileRow,
    MembershipRow,
    Row,
    SentRow,
    SpentRow,
)
from natter.domain.messages.events import Head
from natter.domain.receipts import Cursor, CursorKey
from natter.ports.messages import EventStore
from natter.records.messages import dump_event, dump_payload

WRITE_EVENT = (
    "INSERT INTO events (conversation_id, bucket, seq, type, at, sender_id, client_id, payload, messages) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?"
)
EMPTY_EVENT = "UPDATE events USING TIMESTAMP ? SET payload = ? WHERE conversation_id = ? AND bucket = ? AND seq = ?"
EMPTY_EFFECT = (
    "UPDATE effects USING TIMESTAMP ? SET payload = null "
    "WHERE conversation_id = ? AND bucket = ? AND target_seq = ? AND seq = ?"
)
WRITE_OUTCOME = (
    "INSERT INTO client_ids (conversation_id, sender_id, client_id, log_epoch, log_offset, item, seq, refusal, at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?"
)
WRITE_EFFECT = (
    "INSERT INTO effects (conversation_id, bucket, target_seq, seq, type, at, sender_id, payload) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?"
)
WRITE_MEMBERSHIP = (
    "INSERT INTO memberships (conversation_id, user_id, seq, role, messages) VALUES (?, ?, ?, ?, ?) USING TIMESTAMP ?"
)
WRITE_SENT = (
    "UPDATE cursors USING TIMESTAMP ? SET sent_seq = ?, sent_messages = ? WHERE conversation_id = ? AND user_id = ?"
)
FORGET_CURSOR = "DELETE FROM cursors USING TIMESTAMP ? WHERE conversation_id = ? AND user_id = ?"
WRITE_FILE = "INSERT INTO files (conversation_id, attachment_id, seq) VALUES (?, ?, ?) USING TIMESTAMP ?"
FORGET_FILE = "DELETE FROM files USING TIMESTAMP ? WHERE conversation_id = ? AND attachment_id = ? AND seq = ?"
WRITE_HEAD = (
    "INSERT INTO heads (conversation_id, seq, messages, members_seq, log_epoch, log_partition, log_offset, at, "
    "written_at, preview) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?"
)

FOLD_WRITES = (
    WRITE_EVENT,
    EMPTY_EVENT,
    EMPTY_EFFECT,
    WRITE_OUTCOME,
    WRITE_EFFECT,
    WRITE_MEMBERSHIP,
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

    def write_heads(self, heads: Sequence[Head]) -> None:
        self._session.write([(WRITE_HEAD, _head_values(head)) for head in heads])

    def write_cursors(self, cursors: Mapping[CursorKey, Cursor]) -> None:
        """Of a row of `cursors`, only the columns that belong to receipts."""
        self._session.write([(WRITE_CURSOR, _cursor_values(key, cursor)) for key, cursor in cursors.items()])


def _write(row: Row) -> Statement:  # noqa: PLR0911 - a statement for each kind of row
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
        case SpentRow(key=key, outcome=outcome):
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
        case EffectRow(target_seq=target_seq, event=event):
            return WRITE_EFFECT, (
                event.conversation_id,
                bucket(target_seq),
                target_seq,
                event.seq,
                event.type,
                event.at,
                event.sender_id,
                dump_payload(event.payload),
                row.written_at,
            )
        case EmptiedRow(conversation_id=conversation_id, seq=seq, left=left):
            return EMPTY_EVENT, (row.written_at, dump_payload(left), conversation_id, bucket(seq), seq)
        case EmptiedEffectRow(conversation_id=conversation_id, target_seq=target_seq, seq=seq):
            return EMPTY_EFFECT, (row.written_at, conversation_id, bucket(target_seq), target_seq, seq)
        case MembershipRow(change=change):
            return WRITE_MEMBERSHIP, (
                row.conversation_id,
                change.user_id,
                change.seq,
                ERASED if change.erased else _or_unset(change.role),
                change.messages,
                row.written_at,
            )
        case SentRow():
            return WRITE_SENT, (row.written_at, row.seq, row.messages, row.conversation_id, row.user_id)
        case ForgottenCursorRow():
            return FORGET_CURSOR, (row.written_at, row.conversation_id, row.user_id)
        case FileRow() | ForgottenFileRow():
            return _write_file(row)


def _write_file(row: FileRow | ForgottenFileRow) -> Statement:
    key = row.conversation_id, row.attachment_id, row.seq
    if isinstance(row, FileRow):
        return WRITE_FILE, (*key, row.written_at)
    return FORGET_FILE, (row.written_at, *key)


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
