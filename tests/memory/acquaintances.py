"""`Acquaintances` in memory, for tests of what uses them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from natter.domain.ids import UserId
from natter.ports.accounts import Users
from natter.ports.presence import Acquaintances
from tests.memory.conversations import MemoryConversations
from tests.memory.relations import MemoryBlocks, MemoryContacts, is_there


@dataclass
class MemoryAcquaintances:
    users: Users
    conversations: MemoryConversations
    contacts: MemoryContacts
    blocks: MemoryBlocks

    def among(self, user: UserId, others: Collection[UserId]) -> frozenset[UserId]:
        return frozenset(other for other in others if self._may_see(user, other))

    def among_each(self, wanted: Mapping[UserId, Collection[UserId]]) -> Mapping[UserId, frozenset[UserId]]:
        return {user: self.among(user, others) for user, others in wanted.items()}

    def _may_see(self, user: UserId, other: UserId) -> bool:
        if not (is_there(self.users, user) and is_there(self.users, other)) or self.blocks.between(user, other):
            return False
        return user == other or self.conversations.share(user, other) or self.contacts.mutual(user, other)


_: type[Acquaintances] = MemoryAcquaintances
