"""`Profiles`, `Contacts` and `Blocks` in memory, for tests of what uses them."""

from collections.abc import Callable, Collection, Sequence

from natter.domain.accounts.users import User
from natter.domain.ids import UserId
from natter.ports.accounts import Blocks, Contacts, Profiles, Users


class MemoryBlocks:
    def __init__(self, users: Users) -> None:
        self._users = users
        self._blocks: set[tuple[UserId, UserId]] = set()
        self.changed: Callable[[frozenset[UserId], int], None] = lambda _pair, _at: None
        """Told of every change of the blocks between two, and when, as part of it."""

    def add(self, user: UserId, blocked: UserId, *, at: int) -> bool:
        if not is_there(self._users, blocked):
            return False
        if (user, blocked) not in self._blocks:
            self._blocks.add((user, blocked))
            self.changed(frozenset((user, blocked)), at)
        return True

    def remove(self, user: UserId, blocked: UserId, *, at: int) -> None:
        if (user, blocked) in self._blocks:
            self._blocks.discard((user, blocked))
            self.changed(frozenset((user, blocked)), at)

    def between(self, user: UserId, other: UserId) -> bool:
        return not self._blocks.isdisjoint({(user, other), (other, user)})

    def across(self, pairs: Collection[tuple[UserId, UserId]]) -> frozenset[tuple[UserId, UserId]]:
        return frozenset(pair for pair in pairs if self.between(*pair))

    def of(self, user: UserId, *, after: UserId | None, limit: int) -> Sequence[User]:
        return _page(self._users, [blocked for by, blocked in self._blocks if by == user], after, limit)

    def forget(self, user: UserId) -> None:
        self._blocks = {pair for pair in self._blocks if user not in pair}


class MemoryProfiles:
    def __init__(self, users: Users, blocks: MemoryBlocks) -> None:
        self._users = users
        self._blocks = blocks

    def by_id(self, user: UserId, *, seen_by: UserId) -> User | None:
        return self._seen(self._users.by_id(user), seen_by)

    def by_name(self, username: str, *, seen_by: UserId) -> User | None:
        return self._seen(self._users.by_name(username), seen_by)

    def _seen(self, user: User | None, by: UserId) -> User | None:
        return None if user is None or user.erased or self._blocks.between(user.user_id, by) else user


class MemoryContacts:
    def __init__(self, users: Users, blocks: MemoryBlocks) -> None:
        self._users = users
        self._blocks = blocks
        self._contacts: set[tuple[UserId, UserId]] = set()

    def add(self, user: UserId, contact: UserId, *, at: int) -> bool:  # noqa: ARG002 - nobody asks when
        if not is_there(self._users, contact) or self._blocks.between(user, contact):
            return False
        self._contacts.add((user, contact))
        return True

    def remove(self, user: UserId, contact: UserId) -> None:
        self._contacts.discard((user, contact))

    def of(self, user: UserId, *, after: UserId | None, limit: int) -> Sequence[User]:
        shown = [other for by, other in self._contacts if by == user and not self._blocks.between(user, other)]
        return _page(self._users, [other for other in shown if is_there(self._users, other)], after, limit)

    def keeps(self, user: UserId, other: UserId) -> bool:
        return (user, other) in self._contacts

    def mutual(self, user: UserId, other: UserId) -> bool:
        return {(user, other), (other, user)} <= self._contacts

    def forget(self, user: UserId) -> None:
        self._contacts = {pair for pair in self._contacts if user not in pair}


def is_there(users: Users, user: UserId) -> bool:
    found = users.by_id(user)
    return found is not None and not found.erased


def _page(users: Users, ids: list[UserId], after: UserId | None, limit: int) -> list[User]:
    found = [users.by_id(each) for each in sorted(ids) if after is None or each > after]
    return [user for user in found if user is not None][:limit]


_profiles: type[Profiles] = MemoryProfiles
_contacts: type[Contacts] = MemoryContacts
_blocks: type[Blocks] = MemoryBlocks
