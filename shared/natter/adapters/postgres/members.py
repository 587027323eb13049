"""Members of conversations on PostgreSQL: the statements of one change, run under the conversation's lock."""

from collections.abc import Sequence
from typing import Any, LiteralString, assert_never, cast

from natter.adapters.postgres.client import Cursor
from natter.adapters.postgres.relations import VISIBLE
from natter.domain.conversations.members import Member, Role
from natter.domain.conversations.roster import NO_ROSTER, Roster, Standing
from natter.domain.conversations.rules import MAX_CONVERSATIONS
from natter.domain.errors import Conflict, NotFound
from natter.domain.ids import ConversationId, UserId
from natter.domain.messages.commands import (
    AddMembers,
    Change,
    ChangeConversation,
    ChangeRole,
    EraseMember,
    RemoveMember,
)

_LOCK = "SELECT version, kind, title, avatar FROM conversations WHERE conversation_id = %s FOR UPDATE"
_ROLES = "SELECT user_id, role FROM members WHERE conversation_id = %s ORDER BY joined_at, user_id"
_ERASING = "SELECT user_id FROM erasing WHERE conversation_id = %s AND NOT told"
_ERASE = "UPDATE erasing SET told = true WHERE conversation_id = %s AND user_id = %s"
_KNOWN = f"SELECT count(*) AS found FROM users u WHERE u.user_id = ANY(%(users)s) AND {VISIBLE}"  # noqa: S608 - constants
# In one statement: nobody can tell, by the time it takes either, why somebody cannot be added.
REACHABLE = f"""
    SELECT count(*) AS found FROM users u WHERE u.user_id = ANY(%(users)s) AND {VISIBLE} AND (
        u.contactable = 'everybody' OR u.user_id = %(seen_by)s
        OR EXISTS (SELECT FROM contacts c WHERE c.user_id = u.user_id AND c.contact_id = %(seen_by)s)
    )
"""  # noqa: S608 - constants
_ADD = """
    INSERT INTO members (conversation_id, user_id, role, joined_at, version)
    SELECT %(conversation)s, added.user_id, added.role, %(at)s, %(version)s
    FROM unnest(%(users)s::text[], %(roles)s::text[]) AS added (user_id, role)
"""
_FULL = "SELECT FROM membership_counts WHERE user_id = ANY(%s) AND conversations > %s LIMIT 1"
_CHANGE_ROLE = "UPDATE members SET role = %s, version = %s WHERE conversation_id = %s AND user_id = %s"
_REMOVE = "DELETE FROM members WHERE conversation_id = %s AND user_id = %s"
_CHANGE_CONVERSATION = "UPDATE conversations SET title = %s, avatar = %s WHERE conversation_id = %s"


def locked(cursor: Cursor, conversation: ConversationId) -> Standing:
    """
    The conversation as it stands, held so until the transaction ends.

    The members are read by a statement of their own: one that had to wait for the lock would not see what was
    changed meanwhile.
    """
    found = cursor.execute(_LOCK, (conversation,)).fetchone()
    if found is None:
        return Standing(roster=NO_ROSTER, title=None, avatar=None)
    rows = cursor.execute(_ROLES, (conversation,)).fetchall()
    erasing = cursor.execute(_ERASING, (conversation,)).fetchall()
    return Standing(
        roster=Roster(version=found["version"], kind=found["kind"], roles=roles_of(rows)),
        title=found["title"],
        avatar=found["avatar"],
        erasing=frozenset(UserId(row["user_id"]) for row in erasing),
    )


def roles_of(rows: Sequence[dict[str, Any]]) -> dict[UserId, Role]:
    return {UserId(row["user_id"]): cast("Role", row["role"]) for row in rows}


def apply(
    cursor: Cursor, conversation: ConversationId, by: UserId, standing: Standing, change: Change, *, at: int
) -> None:
    """Raises NotFound and Conflict as `check_reachable` and `add` do."""
    version = standing.roster.version + 1
    match change:
        case AddMembers(members=members):
            check_reachable(cursor, by, members)
            add(cursor, conversation, members, version=version, at=at)
        case RemoveMember(user_id=user):
            cursor.execute(_REMOVE, (conversation, user))
        case ChangeRole(user_id=user, role=role):
            cursor.execute(_CHANGE_ROLE, (role, version, conversation, user))
        case ChangeConversation(changes=changes):
            title, avatar = changes.get("title", standing.title), changes.get("avatar", standing.avatar)
            cursor.execute(_CHANGE_CONVERSATION, (title, avatar, conversation))
        case EraseMember(user_id=user):
            cursor.execute(_ERASE, (conversation, user))
        case _:
            assert_never(change)


def check_known(cursor: Cursor, by: UserId, members: Sequence[Member]) -> None:
    """Raises NotFound: one of them is not a user, or across a block from `by`; nobody can tell which."""
    _check_all(cursor, _KNOWN, by, members)


def check_reachable(cursor: Cursor, by: UserId, members: Sequence[Member]) -> None:
    """
    Raises NotFound: as `check_known`, or one of them is contactable for contacts only, of whom `by` is none; nobody
    can tell which.
    """
    _check_all(cursor, REACHABLE, by, members)


def add(cursor: Cursor, conversation: ConversationId, members: Sequence[Member], *, version: int, at: int) -> None:
    """
    Add `members`, who can be reached, by the change that makes it `version`.

    Raises:
        Conflict: one of them is in as many conversations as anybody may be. Their counts, which go with the members,
            are held until the transaction ends.
    """
    users, roles = [member.user_id for member in members], [member.role for member in members]
    row = {"conversation": conversation, "at": at, "version": version, "users": users, "roles": roles}
    cursor.execute(_ADD, row)
    if cursor.execute(_FULL, (users, MAX_CONVERSATIONS)).fetchone() is not None:
        raise Conflict(f"nobody is in more than {MAX_CONVERSATIONS} conversations")


def _check_all(cursor: Cursor, statement: LiteralString, by: UserId, members: Sequence[Member]) -> None:
    users = [member.user_id for member in members]
    row = cursor.execute(statement, {"users": users, "seen_by": by}).fetchone()
    if row is None or row["found"] < len(users):
        raise NotFound("there is no such user")
