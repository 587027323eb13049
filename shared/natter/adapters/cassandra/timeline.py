"""`Timeline` on the tables that the fold writes, bounded in what is read at once."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from natter.adapters.cassandra.client import CassandraSession, Statement
from natter.adapters.cassandra.rows import (
    BUCKET,
    READ_CURSOR,
    READ_HEAD,
    READ_MEMBERSHIPS,
    bucket,
    to_change,
    to_cursor,
    to_event,
    to_head,
    to_target,
)
from natter.domain.conversations.members import MembershipChange
from natter.domain.fold.known import Known, Wanted
from natter.domain.fold.writes import ClientIdKey, Outcome, Place
from natter.domain.ids import AttachmentId, ConversationId, UserId
from natter.domain.messages.events import Event, Head
from natter.domain.messages.states import NO_STATE, MarkKey, MessageState
from natter.domain.receipts import Cursor, CursorKey
from natter.ports.reading import Timeline
from natter.records.messages import load_state

PAGE = 100
"""Events read at once: a whole partition may be of 24 MB."""

READ_MEMBERSHIP = READ_MEMBERSHIPS + " AND user_id = ?"
READ_UP = "SELECT * FROM events WHERE conversation_id = ? AND bucket = ? AND seq >= ? AND seq <= ? ORDER BY seq ASC"
READ_DOWN = "SELECT * FROM events WHERE conversation_id = ? AND bucket = ? AND seq >= ? AND seq <= ? ORDER BY seq DESC"
READ_OUTCOME = "SELECT * FROM client_ids WHERE conversation_id = ? AND sender_id = ? AND client_id = ?"
READ_TARGET = "SELECT type, sender_id FROM events WHERE conversation_id = ? AND bucket = ? AND seq = ?"
READ_STATE = (
    "SELECT state FROM message_states WHERE conversation_id = ? AND bucket = ? AND target_seq = ? AND seq <= ? LIMIT 1"
)
READ_MARK = (
    "SELECT is_set FROM reaction_marks WHERE conversation_id = ? AND bucket = ? AND target_seq = ? "
    "AND reaction = ? AND user_id = ? AND seq <= ? LIMIT 1"
)
"""Of both, the latest comes first."""

READ_EVENT = "SELECT * FROM events WHERE conversation_id = ? AND bucket = ? AND seq = ?"
READ_FILE = (
    "SELECT seq FROM files WHERE conversation_id = ? AND attachment_id = ? AND seq >= ? AND seq <= ? "
    "ORDER BY seq DESC LIMIT ?"
)
READ_MESSAGES = "SELECT messages FROM events WHERE conversation_id = ? AND bucket = ? AND seq = ?"

FOLD_READS = (READ_HEAD, READ_MEMBERSHIPS, READ_OUTCOME, READ_TARGET, READ_STATE, READ_MARK, READ_EVENT)
READERS_READS = (READ_HEAD, READ_MEMBERSHIP, READ_UP, READ_DOWN, READ_STATE, READ_EVENT, READ_CURSOR)
RECEIPT_READS = (READ_HEAD, READ_CURSOR, READ_MESSAGES)


class CassandraTimeline:
    """What is asked of several conversations is read in one concurrent round trip."""

    def __init__(self, session: CassandraSession) -> None:
        self._session = session

    def read(self, wanted: Wanted) -> Known:
        conversations, keys = list(wanted.conversations), list(wanted.keys)
        heads = self.heads(conversations)  # before all else: a head must not know more than what is read with it
        ends = {**wanted.folded, **{each: head.seq for each, head in heads.items()}}
        targets = [(each, seq) for each, seq in wanted.targets if seq <= ends.get(each, 0)]
        marks = [key for key in wanted.marks if key.target_seq <= ends.get(key.conversation_id, 0)]
        results = iter(
            self._session.run(
                [
                    *((READ_MEMBERSHIPS, (each,)) for each in conversations),
                    *map(_outcomes, keys),
                    *((READ_TARGET, _event_key(place)) for place in targets),
                    *((READ_STATE, (*_event_key(place), ends[place[0]])) for place in targets),
                    *((READ_MARK, (*_mark(key), ends[key.conversation_id])) for key in marks),
                ]
            )
        )
        changes = {each: [to_change(row) for row in next(results)] for each in conversations}
        outcomes = {key: [_outcome(row) for row in next(results)] for key in keys}
        found = {place: list(next(results)) for place in targets}
        states = {place: load_state(row["state"]) for place in targets for row in next(results)}
        return Known(
            heads=heads,
            membership_changes=changes,
            outcomes=outcomes,
            targets={
                place: to_target(row, states.get(place, NO_STATE)) for place, rows in found.items() for row in rows
            },
            marks={key: row["is_set"] for key in marks for row in next(results)},
        )

    def outcomes(self, keys: Collection[ClientIdKey]) -> Mapping[ClientIdKey, Sequence[Outcome]]:
        ordered = list(keys)
        results = self._session.run([_outcomes(key) for key in ordered])
        return {key: [_outcome(row) for row in rows] for key, rows in zip(ordered, results, strict=True)}

    def heads(self, conversations: Iterable[ConversationId]) -> Mapping[ConversationId, Head]:
        rows = self._each(READ_HEAD, conversations)
        return {each: to_head(found[0]) for each, found in rows.items() if found}

    def membership_changes_of(
        self, user: UserId, conversations: Iterable[ConversationId]
    ) -> Mapping[ConversationId, Sequence[MembershipChange]]:
        rows = self._each(READ_MEMBERSHIP, conversations, user)
        return {each: [to_change(row) for row in found] for each, found in rows.items() if found}

    def membership_changes(
        self, conversations: Iterable[ConversationId]
    ) -> Mapping[ConversationId, Sequence[MembershipChange]]:
        rows = self._each(READ_MEMBERSHIPS, conversations)
        return {each: [to_change(row) for row in found] for each, found in rows.items()}

    def cursors(self, keys: Iterable[CursorKey]) -> Mapping[CursorKey, Cursor]:
        ordered = list(keys)
        results = self._session.run([(READ_CURSOR, key) for key in ordered])
        return {key: to_cursor(row) for key, rows in zip(ordered, results, strict=True) for row in rows}

    def events_at(self, places: Collection[Place]) -> Mapping[Place, Event]:
        ordered = list(places)
        results = self._session.run([(READ_EVENT, _event_key(place)) for place in ordered])
        return {place: to_event(row) for place, rows in zip(ordered, results, strict=True) for row in rows}

    def places_of_file(
        self, conversation: ConversationId, attachment: AttachmentId, first: int, last: int, *, limit: int
    ) -> Sequence[int]:
        (rows,) = self._session.run([(READ_FILE, (conversation, attachment, first, last, limit))])
        return [row["seq"] for row in rows]

    def messages_at(self, places: Collection[Place]) -> Mapping[Place, int]:
        ordered = list(places)
        results = self._session.run([(READ_MESSAGES, _event_key(place)) for place in ordered])
        return {place: row["messages"] for place, rows in zip(ordered, results, strict=True) for row in rows}

    def states(self, places: Collection[Place], *, up_to: int) -> Mapping[Place, MessageState]:
        ordered = list(places)
        results = self._session.run([(READ_STATE, (*_event_key(place), up_to)) for place in ordered])
        return {place: load_state(row["state"]) for place, rows in zip(ordered, results, strict=True) for row in rows}

    def marks(self, keys: Collection[MarkKey], *, up_to: int) -> Mapping[MarkKey, bool]:
        ordered = list(keys)
        results = self._session.run([(READ_MARK, (*_mark(key), up_to)) for key in ordered])
        return {key: row["is_set"] for key, rows in zip(ordered, results, strict=True) for row in rows}

    def events(self, conversation: ConversationId, first: int, last: int, *, newest_first: bool) -> Iterable[Event]:
        statement = READ_DOWN if newest_first else READ_UP
        while first <= last:
            if newest_first:
                low, high = max(first, last - PAGE + 1, bucket(last) * BUCKET + 1), last
                last = low - 1
            else:
                low, high = first, min(last, first + PAGE - 1, (bucket(first) + 1) * BUCKET)
                first = high + 1
            for row in self._session.run([(statement, (conversation, bucket(low), low, high))])[0]:
                yield to_event(row)

    def probe(self) -> None:
        self._session.run([(READ_HEAD, (".",))])

    def _each(
        self, statement: str, conversations: Iterable[ConversationId], *values: Any
    ) -> dict[ConversationId, list[Any]]:
        ordered = list(conversations)
        results = self._session.run([(statement, (each, *values)) for each in ordered])
        return {each: list(rows) for each, rows in zip(ordered, results, strict=True)}


def _outcomes(key: ClientIdKey) -> Statement:
    return READ_OUTCOME, (key.conversation_id, key.sender_id, key.client_id)


def _outcome(row: Any) -> Outcome:
    return Outcome(
        epoch=row["log_epoch"],
        offset=row["log_offset"],
        item=row["item"],
        at=row["at"],
        seq=row["seq"],
        refusal=row["refusal"],
    )


def _event_key(place: Place) -> tuple[ConversationId, int, int]:
    conversation, seq = place
    return conversation, bucket(seq), seq


def _mark(key: MarkKey) -> tuple[ConversationId, int, int, str, UserId]:
    return key.conversation_id, bucket(key.target_seq), key.target_seq, key.reaction, key.user_id


_: type[Timeline] = CassandraTimeline
