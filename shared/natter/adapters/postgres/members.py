"""Members of conversations on PostgreSQL: the statements of one change, run under the conversation's lock."""

from collections.abc import Sequence
from typing import Any, assert_never, cast

from natter.adapters.postgres.client import Cursor
from natter.adapters.postgres.relations import VISIBLE
from natter.domain.conversations.members import Member, Role
from natter.domain.conversations.roster import NO_ROSTER, Roster, Standing
from natter.domain.errors import NotFound
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
_KNOWN = f"SELECT count(*) AS known FROM users u WHERE u.user_id = ANY(%(users)s) AND {VISIBLE}"  # noqa: S608 - constants
_ADD = """
    INSERT INTO members (conversation_id, user_id, role, joined_at)
    SELECT %s, added.user_id, added.role, %s FROM unnest(%s::text[], %s::text[]) AS added (user_id, role)
"""
_CHANGE_ROLE = "UPDATE members SET role = %s WHERE conversation_id = %s AND user_id = %s"
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
    """Raises NotFound: who is to be added is not a user, or across a block from `by`."""
    match change:
        case AddMembers(members=members):
            check_known(cursor, by, members)
            add(cursor, conversation, members, at=at)
        case RemoveMember(user_id=user):
            cursor.execute(_REMOVE, (conversation, user))
        case ChangeRole(user_id=user, role=role):
            cursor.execute(_CHANGE_ROLE, (role, conversation, user))
        case ChangeConversation(changes=changes):
            title, avatar = changes.get("title", standing.title), changes.get("avatar", standing.avatar)
            cursor.execute(_CHANGE_CONVERSATION, (title, avatar, conversation))
        case EraseMember(user_id=user):
            cursor.execute(_ERASE, (conversation, user))
        case _:
            assert_never(change)


def check_known(cursor: Cursor, by: UserId, members: Sequence[Member]) -> None:
    """Raises NotFound: one of them is not a user, or across a block from `by`; nobody can tell which."""
    users = [member.user_id for member in members]
    found = cursor.execute(_KNOWN, {"users": users, "seen_by": by}).fetchone()
    if found is None or found["known"] < len(users):
        raise NotFound("there is no such user")


def add(cursor: Cursor, conversation: ConversationId, members: Sequence[Member], *, at: int) -> None:
    """Add `members`, who are known."""
    users, roles = [member.user_id for member in members], [member.role for member in members]
    cursor.execute(_ADD, (conversation, at, users, roles))
