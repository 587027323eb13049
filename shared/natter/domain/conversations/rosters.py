"""Who belongs to a conversation at each of some places, from the whole at one of them and what has changed since."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from natter.domain.conversations.members import Membership, MembershipChange, apply_membership
from natter.domain.ids import UserId

ROSTER_EVERY = 256
"""
So many events that change who belongs to a conversation, and the last of them is stored with the whole roster: so
many are read at most to know who belongs to it, however often that has changed.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Roster:
    """
    Who belongs to a conversation at any place from `seq` on, as far as `changes` go.

    It knows nothing of earlier places, and says so with a `ValueError`: somebody may have left before `seq` to whom
    an earlier event is to be shown.
    """

    seq: int = 0
    members: Mapping[UserId, Membership] = field(default_factory=dict)
    """After the event at `seq`."""
    changes: Sequence[MembershipChange] = ()
    """By the event at `seq` and those above, in any order."""

    @property
    def since(self) -> int:
        """How many events have changed it since `seq`."""
        return len({change.seq for change in self.changes if change.seq > self.seq})

    def as_of(self, seq: int) -> dict[UserId, Membership]:
        """The members after the event at `seq`; what lies above is not yet true."""
        self.check(seq)
        members = dict(self.members)
        for change in sorted(self.changes, key=lambda change: change.seq):
            if self.seq < change.seq <= seq:
                apply_membership(members, change)
        return members

    def changes_at(self, seq: int) -> list[MembershipChange]:
        """What the event at `seq` has changed."""
        self.check(seq)
        return [change for change in self.changes if change.seq == seq]

    def changed_at(self, seq: int) -> int:
        """Place of the last event up to `seq` that changed who belongs to the conversation."""
        self.check(seq)
        return max((change.seq for change in self.changes if change.seq <= seq), default=self.seq)

    def check(self, seq: int) -> None:
        """
        Raises:
            ValueError: nothing is known of `seq`.
        """
        if seq < self.seq:
            raise ValueError(f"who belonged to it at {seq} does not follow from who did at {self.seq}")
