"""
Ports to how people stand to each other. All methods raise `Unavailable` when the store does not answer in time.

Lists are in the order of the others' ids: nobody is missed or listed twice while others are added.
"""

from collections.abc import Sequence
from typing import Protocol

from natter.domain.ids import UserId
from natter.domain.users import User


class Profiles(Protocol):
    """People as others see them: across a block, either way, nobody is there."""

    def by_id(self, user: UserId, *, seen_by: UserId) -> User | None: ...

    def by_name(self, username: str, *, seen_by: UserId) -> User | None: ...


class Contacts(Protocol):
    """Whom each user keeps as a contact. One across a block is kept, and not shown while the block lasts."""

    def add(self, user: UserId, contact: UserId, *, at: int) -> bool:
        """Keep `contact`; False, and nothing changed, if there is no such user, or across a block. May be repeated."""

    def remove(self, user: UserId, contact: UserId) -> None:
        """Not being there is fine."""

    def of(self, user: UserId, *, after: UserId | None, limit: int) -> Sequence[User]:
        """The first `limit` contacts of `user` behind `after`."""


class Blocks(Protocol):
    """
    Whom each user has blocked: a block is of one user, and works both ways.

    What is changed here is not known yet to whoever remembers who may write to whom: see `Conversations.note_blocks`.
    """

    def add(self, user: UserId, blocked: UserId, *, at: int) -> bool:
        """Block `blocked`, who may have blocked `user`; False if there is no such user. May be repeated."""

    def remove(self, user: UserId, blocked: UserId) -> None:
        """Not being there is fine. A block of the other one's stays."""

    def between(self, user: UserId, other: UserId) -> bool:
        """Whether one of the two has blocked the other."""

    def of(self, user: UserId, *, after: UserId | None, limit: int) -> Sequence[User]:
        """The first `limit` whom `user` has blocked, behind `after`."""
