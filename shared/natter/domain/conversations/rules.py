"""
Who may change a conversation, and who belongs to it in which role.

Pure: each function is given the conversation's kind and members as they stand, and says what becomes of them.
All raise `NotMember` for strangers, and `Forbidden` where the role does not reach.
"""

from collections.abc import Iterable, Mapping

from natter.domain.conversations.members import Kind, Member, Role
from natter.domain.errors import Conflict, Forbidden, LastOwner, NotMember
from natter.domain.ids import UserId

MAX_MEMBERS = 1000
MAX_CONVERSATIONS = 5000
"""Of one user. Who has as many is added to none; leaving is always possible."""

type Roles = Mapping[UserId, Role]


def check_manager(kind: Kind | None, roles: Roles, by: UserId) -> Role:
    """Admins and owners manage a group; nobody manages a direct conversation. Returns the role of `by`."""
    role = roles.get(by)
    if role is None:
        raise NotMember
    if kind == "direct":
        raise Forbidden("a direct conversation stays as it is")
    if role == "member":
        raise Forbidden("only admins and owners may do this")
    return role


def newcomers(kind: Kind | None, roles: Roles, by: UserId, users: Iterable[UserId]) -> tuple[Member, ...]:
    """
    Those of `users` who are to be added; who belongs to it already is left as they are.

    Raises:
        Conflict: there would be too many.
    """
    check_manager(kind, roles, by)
    new = tuple(Member(user_id=user, role="member") for user in dict.fromkeys(users) if user not in roles)
    _check_room(roles, len(new))
    return new


def check_role(kind: Kind | None, roles: Roles, by: UserId, user: UserId, role: Role) -> None:
    """
    Whether `by` may give `user` this role, adding them if they do not belong to it.

    Owners give any; admins add members and leave them so; everybody may step down, and stay as they are.

    Raises:
        LastOwner: the group would have no owner.
        Conflict: there would be too many.
    """
    if by == user and roles.get(by) == role and kind == "group":
        return
    own = check_manager(kind, roles, by)
    present = roles.get(user)
    if own == "admin" and (role != "member" or (present not in {None, "member"} and by != user)):
        raise Forbidden("only owners make admins and owners, or unmake them")
    if present == "owner" and role != "owner":
        _check_other_owner(roles, user)
    if present is None:
        _check_room(roles, 1)


def check_removal(kind: Kind | None, roles: Roles, by: UserId, user: UserId) -> None:
    """
    Whether `by` may remove `user`, who need not belong to it; oneself one removes by leaving.

    Raises:
        LastOwner: the group would have no owner.
    """
    if by == user and by in roles and kind == "group":
        if roles[by] == "owner":
            _check_other_owner(roles, by)
        return
    if check_manager(kind, roles, by) == "admin" and roles.get(user, "member") != "member":
        raise Forbidden("admins remove members only")


def heir(roles: Roles, leaving: UserId) -> UserId | None:
    """
    Who has to become the owner before `leaving` goes: the longest-standing admin, else member.

    `roles` stand in the order of joining. None: there is another owner, or nobody.
    """
    others = {user: role for user, role in roles.items() if user != leaving}
    if roles.get(leaving) != "owner" or "owner" in others.values():
        return None
    admins = (user for user, role in others.items() if role == "admin")
    return next(admins, next(iter(others), None))


def _check_room(roles: Roles, more: int) -> None:
    if len(roles) + more > MAX_MEMBERS:
        raise Conflict(f"a group has at most {MAX_MEMBERS} members")


def _check_other_owner(roles: Roles, user: UserId) -> None:
    if not any(role == "owner" for other, role in roles.items() if other != user):
        raise LastOwner
