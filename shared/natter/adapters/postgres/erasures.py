"""`Erasures` on PostgreSQL."""

from collections.abc import Sequence

from natter.adapters.postgres.client import Cursor, Postgres
from natter.domain.accounts.users import DELETED_NAME
from natter.domain.ids import ConversationId, UserId
from natter.domain.privacy.requests import Emptying, Erasure
from natter.ports.privacy import Erasures

_HIDE = """
    UPDATE users SET display_name = %(name)s, avatar = NULL, contactable = 'everybody',
        erased_at = coalesce(erased_at, %(at)s)
    WHERE user_id = %(user)s
"""
_REQUEST = "INSERT INTO erasures (user_id, requested_at) VALUES (%(user)s, %(at)s) ON CONFLICT DO NOTHING"
_LOCK_OUT = (
    "DELETE FROM credentials WHERE user_id = %(user)s",
    "DELETE FROM identities WHERE user_id = %(user)s",
)
_GATHER = """
    INSERT INTO erasing (conversation_id, user_id)
    SELECT conversation_id, user_id FROM (
        SELECT conversation_id, user_id FROM members UNION SELECT conversation_id, user_id FROM former_members
    ) been JOIN erasures USING (user_id)
    WHERE user_id = %(user)s AND done_at IS NULL
    ON CONFLICT DO NOTHING
"""
_UNFINISHED = "SELECT user_id, requested_at FROM erasures WHERE done_at IS NULL ORDER BY requested_at LIMIT %s"
_EMPTYINGS = """
    SELECT conversation_id, told, emptied_to FROM erasing WHERE user_id = %(user)s AND NOT emptied
    ORDER BY conversation_id
"""
_NOTE_EMPTIED = """
    UPDATE erasing SET emptied_to = greatest(emptied_to, %(to)s), emptied = emptied OR %(done)s
    WHERE conversation_id = %(conversation)s AND user_id = %(user)s
"""
_FORGET = (
    "DELETE FROM contacts WHERE user_id = %(user)s OR contact_id = %(user)s",
    "DELETE FROM blocks WHERE user_id = %(user)s OR blocked_id = %(user)s",
    "DELETE FROM notifications WHERE user_id = %(user)s",
    "DELETE FROM push_registrations WHERE user_id = %(user)s",
    "DELETE FROM sessions WHERE user_id = %(user)s",
    "DELETE FROM devices WHERE user_id = %(user)s",
    "UPDATE members SET muted_until = NULL, archived = false, notify = 'all' WHERE user_id = %(user)s",
    "DELETE FROM exports WHERE user_id = %(user)s",
    "UPDATE reports SET reason = '(deleted)' WHERE reporter_id = %(user)s",
)
_FINISH = (
    "DELETE FROM erasing WHERE user_id = %(user)s",
    "DELETE FROM former_members WHERE user_id = %(user)s",
    "UPDATE erasures SET done_at = coalesce(done_at, %(at)s) WHERE user_id = %(user)s",
)


class PostgresErasures:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def request(self, user: UserId, *, at: int) -> None:
        row = {"user": user, "at": at, "name": DELETED_NAME}

        def work(cursor: Cursor) -> None:
            for statement in (_HIDE, _REQUEST, *_LOCK_OUT, _GATHER):
                cursor.execute(statement, row)

        self._postgres.run(work)

    def requested(self, user: UserId) -> bool:
        return bool(self._postgres.query("SELECT user_id FROM erasures WHERE user_id = %s", (user,)))

    def unfinished(self, *, limit: int) -> Sequence[Erasure]:
        return [Erasure(**row) for row in self._postgres.query(_UNFINISHED, (limit,))]

    def emptyings(self, user: UserId) -> Sequence[Emptying]:
        def work(cursor: Cursor) -> list[Emptying]:
            cursor.execute(_GATHER, {"user": user})
            return [Emptying(**row) for row in cursor.execute(_EMPTYINGS, {"user": user}).fetchall()]

        return self._postgres.run(work)

    def note_emptied(self, user: UserId, conversation: ConversationId, *, to: int, done: bool) -> None:
        row = {"user": user, "conversation": conversation, "to": to, "done": done}
        self._postgres.query(_NOTE_EMPTIED, row)

    def forget(self, user: UserId) -> None:
        self._postgres.run(lambda cursor: _forget(cursor, user))

    def finish(self, user: UserId, *, at: int) -> bool:
        row = {"user": user, "at": at}

        def work(cursor: Cursor) -> bool:
            cursor.execute("SELECT FROM erasures WHERE user_id = %(user)s AND done_at IS NOT NULL", row)
            if cursor.fetchone() is not None:
                return True
            cursor.execute(_GATHER, row)
            if cursor.execute(_EMPTYINGS, row).fetchall():
                return False
            _forget(cursor, user)
            for statement in _FINISH:
                cursor.execute(statement, row)
            return True

        return self._postgres.run(work)


def _forget(cursor: Cursor, user: UserId) -> None:
    for statement in _FORGET:
        cursor.execute(statement, {"user": user})


_: type[Erasures] = PostgresErasures
