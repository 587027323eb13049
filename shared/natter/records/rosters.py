"""
Who belongs to a conversation, as it lies in the tables: lists instead of objects, since a thousand members are one
value, which is written whole.
"""

from collections.abc import Mapping, Sequence

from pydantic import TypeAdapter
from pydantic_core import to_json

from natter.domain.conversations.members import Membership, MembershipChange, Role
from natter.domain.ids import UserId

_members = TypeAdapter(dict[UserId, tuple[Role, int, int]])
_changes = TypeAdapter(list[tuple[UserId, Role | None, int, bool]])


def dump_members(members: Mapping[UserId, Membership]) -> str:
    """By user: role, place of joining, messages before it."""
    return to_json(
        {user: (each.role, each.joined_seq, each.joined_messages) for user, each in members.items()}
    ).decode()


def load_members(value: str) -> Mapping[UserId, Membership]:
    return {
        user: Membership(role=role, joined_seq=seq, joined_messages=messages)
        for user, (role, seq, messages) in _members.validate_json(value).items()
    }


def dump_changes(changes: Sequence[MembershipChange]) -> str:
    """User, role, messages before it, whether they are erased. The place is known from elsewhere."""
    return to_json([(each.user_id, each.role, each.messages, each.erased) for each in changes]).decode()


def load_changes(value: str, *, seq: int) -> Sequence[MembershipChange]:
    """Those by the event at `seq`."""
    return [
        MembershipChange(user_id=user, seq=seq, role=role, messages=messages, erased=erased)
        for user, role, messages, erased in _changes.validate_json(value)
    ]
