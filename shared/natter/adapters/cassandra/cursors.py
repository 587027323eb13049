"""`Cursors` on the tables: of a row of `cursors`, only the columns that belong to receipts are written."""

from collections.abc import Collection, Mapping, Sequence

from natter.adapters.cassandra.client import CassandraSession
from natter.adapters.cassandra.rows import READ_CURSOR, READ_MEMBERSHIPS, bucket, to_change, to_cursor
from natter.domain.conversations.members import MembershipChange
from natter.domain.fold.writes import Place
from natter.domain.ids import ConversationId
from natter.domain.receipts import Cursor
from natter.ports.receipts import CursorKey, Cursors

READ_MESSAGES = "SELECT messages FROM events WHERE conversation_id = ? AND bucket = ? AND seq = ?"
WRITE_CURSOR = (
    "UPDATE cursors USING TIMESTAMP ? SET read_seq = ?, read_messages = ?, delivered_seq = ?, written_at = ? "
    "WHERE conversation_id = ? AND user_id = ?"
)

RECEIPT_STATEMENTS = (READ_CURSOR, READ_MESSAGES, WRITE_CURSOR)


class CassandraCursors:
    """What is asked of several places or members is read in one concurrent round trip."""

    def __init__(self, session: CassandraSession) -> None:
        self._session = session

    def cursors_of(self, keys: Collection[CursorKey]) -> Mapping[CursorKey, Cursor]:
        ordered = list(keys)
        results = self._session.run([(READ_CURSOR, key) for key in ordered])
        return {key: to_cursor(row) for key, rows in zip(ordered, results, strict=True) for row in rows}

    def messages_at(self, places: Collection[Place]) -> Mapping[Place, int]:
        ordered = list(places)
        results = self._session.run([(READ_MESSAGES, (each, bucket(seq), seq)) for each, seq in ordered])
        return {place: row["messages"] for place, rows in zip(ordered, results, strict=True) for row in rows}

    def write_cursors(self, cursors: Mapping[CursorKey, Cursor]) -> None:
        self._session.run(
            [
                (
                    WRITE_CURSOR,
                    (
                        cursor.written_at,
                        cursor.read_seq,
                        cursor.read_messages,
                        cursor.delivered_seq,
                        cursor.written_at,
                        *key,
                    ),
                )
                for key, cursor in cursors.items()
            ]
        )

    def membership_changes(self, conversation: ConversationId) -> Sequence[MembershipChange]:
        return [to_change(row) for row in self._session.run([(READ_MEMBERSHIPS, (conversation,))])[0]]


_: type[Cursors] = CassandraCursors
