"""`Conversations` on PostgreSQL: constraints decide races, the outbox row commits with what it announces."""

from collections.abc import Callable, Sequence
from typing import Any, cast

from natter.adapters.postgres import Cursor, Postgres
from natter.domain.commands import Command, CreateConversation
from natter.domain.conversations import Role
from natter.domain.errors import Conflict, NotFound
from natter.domain.ids import ClientId, ConversationId, UserId, new_id
from natter.ports.conversations import ConversationRecord, Conversations, NewConversation, Roster
from natter.wire.records import COMMAND_SCHEMA, dump_command, load_command

_CREATE = """
    INSERT INTO conversations (conversation_id, kind, title, history, created_by, created_at, direct_key, version)
    VALUES (%(conversation_id)s, %(kind)s, %(title)s, %(history)s, %(created_by)s, %(created_at)s, %(direct_key)s, 1)
    ON CONFLICT DO NOTHING
"""
_EXISTING = """
    SELECT conversation_id, kind, created_by FROM conversations
    WHERE conversation_id = %(conversation_id)s OR direct_key = %(direct_key)s
"""
_ADD_MEMBER = """
    INSERT INTO members (conversation_id, user_id, role, joined_at) VALUES (%s, %s, %s, %s)
"""
_ADD_OUTBOX = """
    INSERT INTO outbox (conversation_id, version, id, payload) VALUES (%s, %s, %s, %s::jsonb)
"""
_LOCK = "SELECT version FROM conversations WHERE conversation_id = %s FOR UPDATE"
_PENDING = """
    SELECT version, payload::text AS payload FROM outbox
    WHERE conversation_id = %s AND appended_at IS NULL ORDER BY version
"""
_APPENDED = """
    UPDATE outbox SET appended_at = extract(epoch FROM now()) * 1000 WHERE conversation_id = %s AND version = %s
"""
_ROLES = """
    SELECT c.version, m.user_id, m.role FROM conversations c JOIN members m USING (conversation_id)
    WHERE c.conversation_id = %s
"""
_SEEN = """
    SELECT c.conversation_id, c.kind, c.title, c.avatar, c.history, c.created_by, c.created_at,
           m.role, m.muted_until, m.archived, peer.user_id AS peer, u.display_name AS peer_name,
           (SELECT count(*) FROM members everybody WHERE everybody.conversation_id = c.conversation_id) AS member_count
    FROM members m
    JOIN conversations c USING (conversation_id)
    LEFT JOIN members peer
           ON c.kind = 'direct' AND peer.conversation_id = c.conversation_id AND peer.user_id <> m.user_id
    LEFT JOIN users u ON u.user_id = peer.user_id
    WHERE m.user_id = %s
"""


class PostgresConversations:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def create(self, new: NewConversation) -> tuple[ConversationRecord, bool]:
        return self._postgres.run(lambda cursor: _create(cursor, new))

    def publish(self, conversation: ConversationId, append: Callable[[Command], object]) -> None:
        def work(cursor: Cursor) -> None:
            cursor.execute(_LOCK, (conversation,))
            for row in cursor.execute(_PENDING, (conversation,)).fetchall():
                append(load_command(row["payload"].encode(), COMMAND_SCHEMA))
                cursor.execute(_APPENDED, (conversation, row["version"]))

        self._postgres.run(work)

    def roles(self, conversation: ConversationId) -> Roster:
        rows = self._postgres.run(lambda cursor: cursor.execute(_ROLES, (conversation,)).fetchall())
        return Roster(
            version=rows[0]["version"] if rows else 0,
            roles={UserId(row["user_id"]): cast("Role", row["role"]) for row in rows},
        )

    def seen_by(self, user: UserId, conversation: ConversationId) -> ConversationRecord | None:
        row = self._postgres.run(lambda cursor: _seen(cursor, user, conversation))
        return None if row is None else _record(row)

    def of_user(self, user: UserId) -> Sequence[ConversationRecord]:
        rows = self._postgres.run(lambda cursor: cursor.execute(_SEEN, (user,)).fetchall())
        return [_record(row) for row in rows]

    def probe(self) -> None:
        self._postgres.run(lambda cursor: cursor.execute("SELECT 1").fetchone())


def _create(cursor: Cursor, new: NewConversation) -> tuple[ConversationRecord, bool]:
    users = [member.user_id for member in new.members]
    found = cursor.execute("SELECT count(*) AS found FROM users WHERE user_id = ANY(%s)", (users,)).fetchone()
    if found is None or found["found"] < len(users):
        raise NotFound("members: no such user")
    row = {
        "conversation_id": new.conversation_id,
        "kind": new.kind,
        "title": new.title,
        "history": new.history,
        "created_by": new.created_by,
        "created_at": new.created_at,
        "direct_key": ":".join(sorted(users)) if new.kind == "direct" else None,
    }
    created = cursor.execute(_CREATE, row).rowcount == 1
    conversation_id = new.conversation_id
    if created:
        _announce(cursor, new)
    else:
        conversation_id = _existing(cursor, new, row)
    seen = _seen(cursor, new.created_by, conversation_id)
    if seen is None:  # its creator has left it since
        raise Conflict("conversation_id: already used")
    return _record(seen), created


def _announce(cursor: Cursor, new: NewConversation) -> None:
    cursor.executemany(
        _ADD_MEMBER,
        [(new.conversation_id, member.user_id, member.role, new.created_at) for member in new.members],
    )
    outbox_id = new_id()
    command = Command(
        conversation_id=new.conversation_id,
        sender_id=new.created_by,
        items=(CreateConversation(client_id=ClientId(outbox_id), kind=new.kind, members=new.members, title=new.title),),
        decided=True,
    )
    cursor.execute(_ADD_OUTBOX, (new.conversation_id, 1, outbox_id, dump_command(command).decode()))


def _existing(cursor: Cursor, new: NewConversation, row: dict[str, Any]) -> ConversationId:
    found = cursor.execute(_EXISTING, row).fetchone()
    same = found is not None and found["kind"] == new.kind
    if found is None or not same or (new.kind == "group" and found["created_by"] != new.created_by):
        raise Conflict("conversation_id: already used")
    return ConversationId(found["conversation_id"])


def _seen(cursor: Cursor, user: UserId, conversation: ConversationId) -> dict[str, Any] | None:
    return cursor.execute(f"{_SEEN} AND c.conversation_id = %s", (user, conversation)).fetchone()


def _record(row: dict[str, Any]) -> ConversationRecord:
    return ConversationRecord(**row)


_: type[Conversations] = PostgresConversations
