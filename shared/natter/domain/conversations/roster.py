"""Who belongs to a conversation, for deciding what somebody may do in it."""

from collections.abc import Mapping
from dataclasses import dataclass

from natter.domain.conversations.members import Kind, Role
from natter.domain.ids import UserId


@dataclass(frozen=True, kw_only=True, slots=True)
class Roster:
    """Who belongs to a conversation, as of a version of it; of one that does not exist: nobody, and no kind."""

    version: int
    """Grows with every change of what is here."""
    kind: Kind | None
    roles: Mapping[UserId, Role]
    blocked: bool = False
    """Of a direct conversation: one of the two has blocked the other."""

    def admit(self, user: UserId) -> "Admitted | None":
        """What of it concerns one member; None of who is none."""
        role = self.roles.get(user)
        return None if role is None else Admitted(role=role, blocked=self.blocked)


NO_ROSTER = Roster(version=0, kind=None, roles={})
"""Of a conversation that does not exist."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Admitted:
    """A member who asks for something."""

    role: Role
    blocked: bool
    """It is a direct conversation, across a block."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What a change of a conversation is decided on. The members of its roster stand in the order of their joining."""

    roster: Roster
    title: str | None
    avatar: str | None
    erasing: frozenset[UserId] = frozenset()
    """Who are or were members, are to be erased, and of whom the log is not told yet."""


ACROSS_A_BLOCK = "this conversation takes no messages"
"""Who is told does not learn who has blocked whom."""
