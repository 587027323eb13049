"""`FoldStore` and `Timeline` on Cassandra tables: only what Keyspaces supports, no lightweight transactions."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from cassandra.query import UNSET_VALUE

from natter.adapters.cassandra import CassandraSession, Statement
from natter.domain.conversations import Cursor, Event, Head, MembershipChange
from natter.domain.fold import Effect
from natter.domain.ids import ConversationId, UserId
from natter.domain.rows import (
    EffectRow,
    EmptiedRow,
    EventRow,
    MembershipRow,
    Outcome,
    Place,
    Row,
    SentRow,
    SpentRow,
)
from natter.ports.tables import FoldStore, Known, Timeline, Wanted
from natter.wire.records import dump_event, dump_payload, load_event, load_payload

BUCKET = 1000
"""Events in one partition of `events`."""

PAGE = 100
"""Events read at once: a whole partition may be of 24 MB."""

READ_HEAD = "SELECT * FROM heads WHERE conversation_id = ?"
READ_MEMBERSHIPS = "SELECT user_id, seq, role, messages FROM memberships WHERE conversation_id = ?"
READ_MEMBERSHIP = READ_MEMBERSHIPS + " AND user_id = ?"
READ_OUTCOME = "SELECT * FROM client_ids WHERE conversation_id = ? AND sender_id = ? AND client_id = ?"
READ_EVENT = "SELECT * FROM events WHERE conversation_id = ? AND bucket = ? AND seq = ?"
READ_EFFECTS = "SELECT seq, type FROM effects WHERE conversation_id = ? AND bucket = ? AND target_seq = ?"
READ_UP = "SELECT * FROM events WHERE conversation_id = ? AND bucket = ? AND seq >= ? AND seq <= ? ORDER BY seq ASC"
READ_DOWN = "SELECT * FROM events WHERE conversation_id = ? AND bucket = ? AND seq >= ? AND seq <= ? ORDER BY seq DESC"
READ_CURSOR = "SELECT * FROM cursors WHERE conversation_id = ? AND user_id = ?"

WRITE_EVENT = (
    "INSERT INTO events (conversation_id, bucket, seq, type, at, sender_id, client_id, payload, messages) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?"
)
EMPTY_EVENT = "UPDATE events USING TIMESTAMP ? SET payload = null WHERE conversation_id = ? AND bucket = ? AND seq = ?"
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
WRITE_HEAD = (
    "INSERT INTO heads (conversation_id, seq, messages, members_seq, log_epoch, log_partition, log_offset, at, "
    "written_at, preview) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?"
)

FOLD_STATEMENTS = (
    READ_HEAD,
    READ_MEMBERSHIPS,
    READ_OUTCOME,
    READ_EVENT,
    READ_EFFECTS,
    WRITE_EVENT,
    EMPTY_EVENT,
    WRITE_OUTCOME,
    WRITE_EFFECT,
    WRITE_MEMBERSHIP,
    WRITE_SENT,
    WRITE_HEAD,
)
TIMELINE_STATEMENTS = (READ_HEAD, READ_MEMBERSHIP, READ_UP, READ_DOWN, READ_CURSOR)


class CassandraTables:
    """The conversations' tables. What is wanted together is read in one concurrent round trip."""

    def __init__(self, session: CassandraSession) -> None:
        self._session = session

    def read(self, wanted: Wanted) -> Known:
        conversations, keys, targets = list(wanted.conversations), list(wanted.keys), list(wanted.targets)
        heads = self.heads(conversations)  # before all else: a head must not know more than what is read with it
        results = iter(
            self._session.run(
                [
                    *((READ_MEMBERSHIPS, (each,)) for each in conversations),
                    *((READ_OUTCOME, (key.conversation_id, key.sender_id, key.client_id)) for key in keys),
                    *((READ_EVENT, _event_key(place)) for place in targets),
                    *((READ_EFFECTS, _event_key(place)) for place in targets),
                ]
            )
        )
        return Known(
            heads=heads,
            membership_changes={each: [_change(row) for row in next(results)] for each in conversations},
            outcomes={key: _outcome(row) for key in keys for row in next(results)},
            targets={place: _event(row) for place in targets for row in next(results)},
            effects={place: [Effect(seq=row["seq"], type=row["type"]) for row in next(results)] for place in targets},
        )

    def events_at(self, places: Collection[Place]) -> Mapping[Place, Event]:
        ordered = list(places)
        results = self._session.run([(READ_EVENT, _event_key(place)) for place in ordered])
        return {place: _event(row) for place, rows in zip(ordered, results, strict=True) for row in rows}

    def write(self, rows: Sequence[Row]) -> None:
        self._session.run([_write(row) for row in rows])

    def write_heads(self, heads: Sequence[Head]) -> None:
        self._session.run([(WRITE_HEAD, _head_values(head)) for head in heads])

    def heads(self, conversations: Iterable[ConversationId]) -> Mapping[ConversationId, Head]:
        rows = self._each(READ_HEAD, conversations)
        return {each: _head(found[0]) for each, found in rows.items() if found}

    def membership_changes_of(
        self, user: UserId, conversations: Iterable[ConversationId]
    ) -> Mapping[ConversationId, Sequence[MembershipChange]]:
        rows = self._each(READ_MEMBERSHIP, conversations, user)
        return {each: [_change(row) for row in found] for each, found in rows.items() if found}

    def cursors(self, user: UserId, conversations: Iterable[ConversationId]) -> Mapping[ConversationId, Cursor]:
        rows = self._each(READ_CURSOR, conversations, user)
        return {each: _cursor(found[0]) for each, found in rows.items() if found}

    def events(self, conversation: ConversationId, first: int, last: int, *, newest_first: bool) -> Iterable[Event]:
        statement = READ_DOWN if newest_first else READ_UP
        while first <= last:
            if newest_first:
                low, high = max(first, last - PAGE + 1, _bucket(last) * BUCKET + 1), last
                last = low - 1
            else:
                low, high = first, min(last, first + PAGE - 1, (_bucket(first) + 1) * BUCKET)
                first = high + 1
            for row in self._session.run([(statement, (conversation, _bucket(low), low, high))])[0]:
                yield _event(row)

    def probe(self) -> None:
        self._session.run([(READ_HEAD, (".",))])

    def _each(
        self, statement: str, conversations: Iterable[ConversationId], *values: Any
    ) -> dict[ConversationId, list[Any]]:
        ordered = list(conversations)
        results = self._session.run([(statement, (each, *values)) for each in ordered])
        return {each: list(rows) for each, rows in zip(ordered, results, strict=True)}


def _write(row: Row) -> Statement:
    match row:
        case EventRow(event=event):
            return WRITE_EVENT, (
                event.conversation_id,
                _bucket(event.seq),
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
                outcome.seq,
                outcome.refusal,
                outcome.at,
                row.written_at,
            )
        case EffectRow(target_seq=target_seq, event=event):
            return WRITE_EFFECT, (
                event.conversation_id,
                _bucket(target_seq),
                target_seq,
                event.seq,
                event.type,
                event.at,
                event.sender_id,
                dump_payload(event.payload),
                row.written_at,
            )
        case EmptiedRow():
            return EMPTY_EVENT, (row.written_at, row.conversation_id, _bucket(row.seq), row.seq)
        case MembershipRow(change=change):
            return WRITE_MEMBERSHIP, (
                row.conversation_id,
                change.user_id,
                change.seq,
                _or_unset(change.role),
                change.messages,
                row.written_at,
            )
        case SentRow():
            return WRITE_SENT, (row.written_at, row.seq, row.messages, row.conversation_id, row.user_id)


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


def _head(row: Any) -> Head:
    return Head(
        conversation_id=row["conversation_id"],
        seq=row["seq"],
        messages=row["messages"],
        members_seq=row["members_seq"],
        epoch=row["log_epoch"],
        partition=row["log_partition"],
        offset=row["log_offset"],
        at=row["at"],
        written_at=row["written_at"],
        preview=load_event(row["preview"]) if row["preview"] else None,
    )


def _event(row: Any) -> Event:
    return Event(
        conversation_id=row["conversation_id"],
        seq=row["seq"],
        type=row["type"],
        at=row["at"],
        sender_id=row["sender_id"],
        client_id=row["client_id"],
        payload=load_payload(row["payload"]) if row["payload"] else {},
        messages=row["messages"],
    )


def _outcome(row: Any) -> Outcome:
    return Outcome(
        epoch=row["log_epoch"],
        offset=row["log_offset"],
        item=row["item"],
        at=row["at"],
        seq=row["seq"],
        refusal=row["refusal"],
    )


def _change(row: Any) -> MembershipChange:
    return MembershipChange(user_id=row["user_id"], seq=row["seq"], role=row["role"], messages=row["messages"])


def _cursor(row: Any) -> Cursor:
    return Cursor(
        read_seq=row["read_seq"] or 0,
        read_messages=row["read_messages"] or 0,
        delivered_seq=row["delivered_seq"] or 0,
        sent_seq=row["sent_seq"] or 0,
        sent_messages=row["sent_messages"] or 0,
    )


def _event_key(place: Place) -> tuple[ConversationId, int, int]:
    conversation, seq = place
    return conversation, _bucket(seq), seq


def _bucket(seq: int) -> int:
    return (seq - 1) // BUCKET


def _or_unset(value: Any) -> Any:
    """Leaves the cell alone instead of writing a tombstone."""
    return UNSET_VALUE if value is None else value


_fold_store: type[FoldStore] = CassandraTables
_timeline: type[Timeline] = CassandraTables
