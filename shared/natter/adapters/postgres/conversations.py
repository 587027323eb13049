"""`Conversations` on PostgreSQL: constraints decide races, the outbox row commits with what it announces."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from natter.adapters.postgres.client import Cursor, Postgres
from natter.adapters.postgres.members import add, apply, check_known, check_reachable, locked, roles_of
from natter.adapters.postgres.relations import direct_key, lock_pair
from natter.domain.conversations.records import ConversationRecord, MemberRecord, MemberSettings, NewConversation
from natter.domain.conversations.roster import NO_ROSTER, Roster, StaleRoster, Standing
from natter.domain.errors import Conflict
from natter.domain.ids import ClientId, ConversationId, UserId, new_id
from natter.domain.messages.commands import Change, Command, CreateConversation
from natter.ports.conversations import Conversations
from natter.records.messages import COMMAND_SCHEMA, dump_command, load_command

_CREATE = """
    INSERT INTO conversations (conversation_id, kind, title, history, created_by, created_at, direct_key, version)
    VALUES (%(conversation_id)s, %(kind)s, %(title)s, %(history)s, %(created_by)s, %(created_at)s, %(direct_key)s, 1)
    ON CONFLICT DO NOTHING
"""
_EXISTING = """
    SELECT conversation_id, kind, created_by FROM conversations WHERE conversation_id = %(conversation_id)s
    UNION SELECT conversation_id, kind, created_by FROM conversations WHERE direct_key = %(direct_key)s
"""
_ADD_OUTBOX = """
    INSERT INTO outbox (conversation_id, version, id, payload, created_at) VALUES (%s, %s, %s, %s::jsonb, %s)
"""
_NEXT_VERSION = "UPDATE conversations SET version = version + 1 WHERE conversation_id = %s"
_LOCK = "SELECT version FROM conversations WHERE conversation_id = %s FOR UPDATE"
_PENDING = """
    SELECT version, payload::text AS payload FROM outbox
    WHERE conversation_id = %s AND appended_at IS NULL ORDER BY version
"""
_APPENDED = """
    UPDATE outbox SET appended_at = extract(epoch FROM now()) * 1000 WHERE conversation_id = %s AND version = %s
"""
_UNPUBLISHED = """
    SELECT conversation_id FROM outbox WHERE appended_at IS NULL AND created_at < %s
    GROUP BY conversation_id ORDER BY min(created_at) LIMIT %s
"""
_STALE_BETWEEN = """
    SELECT s.conversation_id, s.version FROM conversations c JOIN stale_rosters s USING (conversation_id)
    WHERE c.direct_key = %s
"""
_STALE = "SELECT conversation_id, version FROM stale_rosters WHERE since < %s ORDER BY since LIMIT %s"
_REPLACED = "DELETE FROM stale_rosters WHERE conversation_id = %s AND version <= %s"
# Both counts only grow: of two rosters, the one with the greater sum is the later one. A role is told when all that
# was decided up to it is in the log: rows of the outbox are appended in the order of their versions.
ROLES = """
    SELECT c.conversation_id, c.version + c.block_changes AS version, c.kind, m.user_id, m.role,
           c.kind = 'direct' AND EXISTS (
               SELECT FROM members a JOIN members b USING (conversation_id)
               JOIN blocks ON blocks.user_id = a.user_id AND blocks.blocked_id = b.user_id
               WHERE a.conversation_id = c.conversation_id
           ) AS blocked,
           m.version >= waiting.version AS untold
    FROM conversations c JOIN members m USING (conversation_id)
    LEFT JOIN LATERAL (
        SELECT min(o.version) AS version FROM outbox o
        WHERE o.conversation_id = c.conversation_id AND o.appended_at IS NULL
    ) waiting ON true
    WHERE c.conversation_id = ANY(%s)
"""
_MEMBERS = """
    SELECT m.user_id, u.display_name, m.role, m.joined_at FROM members m JOIN users u USING (user_id)
    WHERE m.conversation_id = %s
"""
_SETTINGS = "SELECT muted_until, archived, notify FROM members WHERE conversation_id = %s AND user_id = %s FOR UPDATE"
_CHANGE_SETTINGS = """
    UPDATE members SET muted_until = %(muted_until)s, archived = %(archived)s, notify = %(notify)s
    WHERE conversation_id = %(conversation)s AND user_id = %(user)s
"""
_SEEN = """
    SELECT c.conversation_id, c.kind, c.title, c.avatar, c.history, c.created_by, c.created_at,
           m.role, m.muted_until, m.archived, m.notify, peer.user_id AS peer, u.display_name AS peer_name,
           u.erased_at IS NOT NULL AS peer_deleted,
           (SELECT coalesce(jsonb_object_agg(e.user_id, r.requested_at), '{}')
            FROM erasing e JOIN erasures r USING (user_id)
            WHERE e.conversation_id = c.conversation_id AND NOT e.emptied) AS erasing,
           c.member_count
    FROM members m
    JOIN conversations c USING (conversation_id)
    LEFT JOIN members peer
           ON c.kind = 'direct' AND peer.conversation_id = c.conversation_id AND peer.user_id <> m.user_id
    LEFT JOIN users u ON u.user_id = peer.user_id
    WHERE m.user_id = %s
"""
_BEGUN = """
    SELECT m.conversation_id, c.created_at FROM members m JOIN conversations c USING (conversation_id)
    WHERE m.user_id = %s
"""
_OF_EACH = "SELECT user_id, conversation_id FROM members WHERE user_id = ANY(%s::id[])"


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

    def unpublished(self, *, before: int, limit: int) -> Sequence[ConversationId]:
        return [row["conversation_id"] for row in self._postgres.query(_UNPUBLISHED, (before, limit))]

    def change(
        self, conversation: ConversationId, by: UserId, decide: Callable[[Standing], Change | None], *, at: int
    ) -> None:
        def work(cursor: Cursor) -> None:
            standing = locked(cursor, conversation)
            change = decide(standing)
            if change is None:
                return
            apply(cursor, conversation, by, standing, change, at=at)
            cursor.execute(_NEXT_VERSION, (conversation,))
            _announce(cursor, conversation, by, change, version=standing.roster.version + 1, at=at)

        self._postgres.run(work)

    def change_settings(
        self, user: UserId, conversation: ConversationId, change: Callable[[MemberSettings], MemberSettings]
    ) -> MemberSettings | None:
        def work(cursor: Cursor) -> MemberSettings | None:
            row = cursor.execute(_SETTINGS, (conversation, user)).fetchone()
            if row is None:
                return None
            changed = change(MemberSettings(**row))
            cursor.execute(_CHANGE_SETTINGS, asdict(changed) | {"conversation": conversation, "user": user})
            return changed

        return self._postgres.run(work)

    def is_there(self, new: NewConversation) -> bool:
        row = {"conversation_id": new.conversation_id, "direct_key": _direct_key(new)}
        return bool(self._postgres.query(_EXISTING, row))

    def stale_between(self, user: UserId, other: UserId) -> StaleRoster | None:
        rows = self._postgres.query(_STALE_BETWEEN, (direct_key((user, other)),))
        return StaleRoster(**rows[0]) if rows else None

    def stale(self, *, before: int, limit: int) -> Sequence[StaleRoster]:
        return [StaleRoster(**row) for row in self._postgres.query(_STALE, (before, limit))]

    def note_replaced(self, stale: StaleRoster) -> None:
        self._postgres.query(_REPLACED, (stale.conversation_id, stale.version))

    def roles(self, conversation: ConversationId) -> Roster:
        return self.rosters([conversation]).get(conversation, NO_ROSTER)

    def rosters(self, conversations: Collection[ConversationId]) -> Mapping[ConversationId, Roster]:
        rows: dict[ConversationId, list[dict[str, Any]]] = {}
        for row in self._postgres.query(ROLES, (list(conversations),)):
            rows.setdefault(row["conversation_id"], []).append(row)
        return {each: _roster(found) for each, found in rows.items()}

    def members(self, conversation: ConversationId, *, after: UserId | None, limit: int) -> Sequence[MemberRecord]:
        rows = self._postgres.query(
            f"{_MEMBERS} AND m.user_id > %s ORDER BY m.user_id LIMIT %s", (conversation, after or "", limit)
        )
        return [MemberRecord(**row) for row in rows]

    def members_among(self, conversation: ConversationId, users: Collection[UserId]) -> Sequence[MemberRecord]:
        rows = self._postgres.query(
            f"{_MEMBERS} AND m.user_id = ANY(%s) ORDER BY m.user_id", (conversation, list(users))
        )
        return [MemberRecord(**row) for row in rows]

    def seen_by(self, user: UserId, conversation: ConversationId) -> ConversationRecord | None:
        row = self._postgres.run(lambda cursor: _seen(cursor, user, conversation))
        return None if row is None else _record(row)

    def seen_among(
        self, user: UserId, conversations: Collection[ConversationId]
    ) -> Mapping[ConversationId, ConversationRecord]:
        rows = self._postgres.query(f"{_SEEN} AND c.conversation_id = ANY(%s)", (user, list(conversations)))
        return {row["conversation_id"]: _record(row) for row in rows}

    def begun_of(self, user: UserId) -> Mapping[ConversationId, int]:
        return {row["conversation_id"]: row["created_at"] for row in self._postgres.query(_BEGUN, (user,))}

    def of_each(self, users: Collection[UserId]) -> Mapping[UserId, Collection[ConversationId]]:
        found: dict[UserId, list[ConversationId]] = {}
        for row in self._postgres.query(_OF_EACH, (list(users),)):
            found.setdefault(row["user_id"], []).append(row["conversation_id"])
        return found

    def of_user(self, user: UserId) -> Sequence[ConversationRecord]:
        rows = self._postgres.run(lambda cursor: cursor.execute(_SEEN, (user,)).fetchall())
        return [_record(row) for row in rows]

    def probe(self) -> None:
        self._postgres.run(lambda cursor: cursor.execute("SELECT 1").fetchone())


def _create(cursor: Cursor, new: NewConversation) -> tuple[ConversationRecord, bool]:
    pair = _direct_key(new)
    if pair is not None:
        lock_pair(cursor, pair)
    row = {
        "conversation_id": new.conversation_id,
        "kind": new.kind,
        "title": new.title,
        "history": new.history,
        "created_by": new.created_by,
        "created_at": new.created_at,
        "direct_key": pair,
    }
    created = cursor.execute(_CREATE, row).rowcount == 1
    conversation_id = new.conversation_id
    if created:
        check_reachable(cursor, new.created_by, new.members)
        add(cursor, new.conversation_id, new.members, version=1, at=new.created_at)
        item = CreateConversation(
            client_id=ClientId(new_id()), kind=new.kind, members=new.members, title=new.title, history=new.history
        )
        _announce(cursor, new.conversation_id, new.created_by, item, version=1, at=new.created_at)
    else:
        conversation_id = _existing(cursor, new, row)
        if pair is not None:
            check_known(cursor, new.created_by, new.members)
    seen = _seen(cursor, new.created_by, conversation_id)
    if seen is None:  # its creator has left it since
        raise Conflict("conversation_id: already used")
    return _record(seen), created


def _direct_key(new: NewConversation) -> str | None:
    return direct_key(member.user_id for member in new.members) if new.kind == "direct" else None


def _roster(rows: Sequence[dict[str, Any]]) -> Roster:
    return Roster(
        version=rows[0]["version"],
        kind=rows[0]["kind"],
        roles=roles_of(rows),
        blocked=rows[0]["blocked"],
        untold=frozenset(UserId(row["user_id"]) for row in rows if row["untold"]),
    )


def _announce(
    cursor: Cursor,
    conversation: ConversationId,
    sender: UserId,
    item: CreateConversation | Change,
    *,
    version: int,
    at: int,
) -> None:
    command = Command(conversation_id=conversation, sender_id=sender, items=(item,), decided=True)
    cursor.execute(_ADD_OUTBOX, (conversation, version, item.client_id, dump_command(command).decode(), at))


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
