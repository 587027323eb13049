"""`Erasures` in memory, over the other stores in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from natter.domain.ids import ConversationId, UserId
from natter.domain.privacy.requests import Emptying, Erasure
from natter.ports.privacy import Erasures
from tests.memory.conversations import MemoryConversations
from tests.memory.exports import MemoryExports
from tests.memory.identities import MemoryIdentities
from tests.memory.notifications import MemoryNotificationSettings
from tests.memory.relations import MemoryBlocks, MemoryContacts
from tests.memory.reports import MemoryReports
from tests.memory.sessions import MemorySessions
from tests.memory.users import MemoryUsers


@dataclass(kw_only=True)
class MemoryErasures:
    users: MemoryUsers
    identities: MemoryIdentities
    sessions: MemorySessions
    contacts: MemoryContacts
    blocks: MemoryBlocks
    reports: MemoryReports
    notifications: MemoryNotificationSettings
    conversations: MemoryConversations
    exports: MemoryExports
    _requested: dict[UserId, int] = field(default_factory=dict)
    _done: dict[UserId, int] = field(default_factory=dict)

    def request(self, user: UserId, *, at: int) -> None:
        self._requested.setdefault(user, at)
        self.users.erase(user)
        self.identities.forget(user)
        self.sessions.refuse(user)
        if user not in self._done:
            self.conversations.erase(user, at=self._requested[user])

    def requested(self, user: UserId) -> bool:
        return user in self._requested

    def unfinished(self, *, limit: int) -> Sequence[Erasure]:
        waiting = sorted((at, user) for user, at in self._requested.items() if user not in self._done)
        return [Erasure(user_id=user, requested_at=at) for at, user in waiting[:limit]]

    def emptyings(self, user: UserId) -> Sequence[Emptying]:
        if user not in self._done:
            self.conversations.erase(user, at=self._requested[user])
        return [
            Emptying(conversation_id=each, told=erasing.told, emptied_to=erasing.emptied_to)
            for each, erasing in sorted(self.conversations.erasing(user).items())
            if not erasing.emptied
        ]

    def note_emptied(self, user: UserId, conversation: ConversationId, *, to: int, done: bool) -> None:
        erasing = self.conversations.erasing(user)[conversation]
        erasing.emptied_to = max(erasing.emptied_to, to)
        erasing.emptied = erasing.emptied or done

    def forget(self, user: UserId) -> None:
        self.contacts.forget(user)
        self.blocks.forget(user)
        self.sessions.forget(user)
        self.reports.forget(user)
        self.notifications.forget(user)
        self.conversations.forget_settings(user)
        self.exports.forget(user)

    def finish(self, user: UserId, *, at: int) -> bool:
        if user in self._done:
            return True
        if self.emptyings(user):
            return False
        self.forget(user)
        self.conversations.forget_former(user)
        self._done[user] = at
        return True


_: type[Erasures] = MemoryErasures
