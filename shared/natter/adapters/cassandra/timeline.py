"""`Timeline` on the tables that the fold writes, bounded in what is read at once."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from natter.adapters.cassandra.client import CassandraSession
from natter.adapters.cassandra.rows import (
    BUCKET,
    READ_CURSOR,
    READ_HEAD,
    READ_MEMBERSHIPS,
    bucket,
    to_change,
    to_cursor,
    to_effect,
    to_event,
    to_head,
)
from natter.domain.conversations.members import MembershipChange
from natter.domain.ids import ConversationId, UserId
from natter.domain.messages.events import Event, Head
from natter.domain.reading.pages import StoredEffect
from natter.domain.receipts import Cursor
from natter.ports.reading import Timeline

PAGE = 100
"""Events read at once: a whole partition may be of 24 MB."""

READ_MEMBERSHIP = READ_MEMBERSHIPS + " AND user_id = ?"
READ_UP = "SELECT * FROM events WHERE conversation_id = ? AND bucket = ? AND seq >= ? AND seq <= ? ORDER BY seq ASC"
READ_DOWN = "SELECT * FROM events WHERE conversation_id = ? AND bucket = ? AND seq >= ? AND seq <= ? ORDER BY seq DESC"
READ_EFFECTS = (
    "SELECT target_seq, seq, type, at, sender_id, payload FROM effects "
    "WHERE conversation_id = ? AND bucket = ? AND target_seq >= ? AND target_seq <= ?"
)

TIMELINE_STATEMENTS = (READ_HEAD, READ_MEMBERSHIP, READ_UP, READ_DOWN, READ_EFFECTS, READ_CURSOR)


class CassandraTimeline:
    """What is asked of several conversations is read in one concurrent round trip."""

    def __init__(self, session: CassandraSession) -> None:
        self._session = session

    def heads(self, conversations: Iterable[ConversationId]) -> Mapping[ConversationId, Head]:
        rows = self._each(READ_HEAD, conversations)
        return {each: to_head(found[0]) for each, found in rows.items() if found}

    def membership_changes_of(
        self, user: UserId, conversations: Iterable[ConversationId]
    ) -> Mapping[ConversationId, Sequence[MembershipChange]]:
        rows = self._each(READ_MEMBERSHIP, conversations, user)
        return {each: [to_change(row) for row in found] for each, found in rows.items() if found}

    def cursors(self, user: UserId, conversations: Iterable[ConversationId]) -> Mapping[ConversationId, Cursor]:
        rows = self._each(READ_CURSOR, conversations, user)
        return {each: to_cursor(found[0]) for each, found in rows.items() if found}

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

    def effects(self, conversation: ConversationId, targets: Sequence[range]) -> Iterable[StoredEffect]:
        pieces = [piece for each in targets for piece in _by_bucket(each)]
        for row in self._session.stream([(READ_EFFECTS, (conversation, *piece)) for piece in pieces]):
            yield to_effect(row)

    def probe(self) -> None:
        self._session.run([(READ_HEAD, (".",))])

    def _each(
        self, statement: str, conversations: Iterable[ConversationId], *values: Any
    ) -> dict[ConversationId, list[Any]]:
        ordered = list(conversations)
        results = self._session.run([(statement, (each, *values)) for each in ordered])
        return {each: list(rows) for each, rows in zip(ordered, results, strict=True)}


def _by_bucket(seqs: range) -> Iterable[tuple[int, int, int]]:
    """Bucket, first and last of each part of `seqs` that lies in one partition."""
    for each in range(bucket(seqs[0]), bucket(seqs[-1]) + 1):
        yield each, max(seqs[0], each * BUCKET + 1), min(seqs[-1], (each + 1) * BUCKET)


_: type[Timeline] = CassandraTimeline
