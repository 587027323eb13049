"""Who belongs to a conversation, for deciding what somebody may do in it."""

from collections.abc import Mapping
from dataclasses import dataclass

from natter.domain.conversations.members import Kind, Role
from natter.domain.ids import ConversationId, UserId


@dataclass(frozen=True, kw_only=True, slots=True)
class Roster:
    """Who belongs to a conversation, as of a version of it; of one that does not exist: nobody, and no kind."""

    version: int
    """Grows with every change of what is here."""
    kind: Kind | None
    roles: Mapping[UserId, Role]
    blocked: bool = False
    """Of a direct conversation: one of the two has blocked the other."""
    untold: frozenset[UserId] = frozenset()
    """Members of whose role the log was not told yet, or not for certain: what they send now may come before it."""

    def admit(self, user: UserId) -> "Admitted | None":
        """What of it concerns one member; None of who is none."""
        role = self.roles.get(user)
        if role is None:
            return None
        return Admitted(role=role, blocked=self.blocked, told=user not in self.untold)


NO_ROSTER = Roster(version=0, kind=None, roles={})
"""Of a conversation that does not exist."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Admitted:
    """A member who asks for something."""

    role: Role
    blocked: bool
    """It is a direct conversation, across a block."""
    told: bool = True
    """The log knows that they have this role: it was told before this was read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StaleRoster:
    """A direct conversation of whose roster an older version may be remembered: blocks have changed."""

    conversation_id: ConversationId
    version: int
    """Of the change."""


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
