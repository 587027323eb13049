"""`Admission` that remembers, as snapshots in a cache do: for tests of what may be remembered wrongly."""

from collections.abc import Collection, Mapping
from typing import override

from natter.domain.conversations.roster import NO_ROSTER, Roster
from natter.domain.ids import ConversationId
from natter.ports.conversations import Admission, Conversations
from tests.memory.admission import MemoryAdmission


class RememberingAdmission(MemoryAdmission):
    """A roster takes the place of one of the same version, or an earlier one."""

    def __init__(self, conversations: Conversations) -> None:
        super().__init__(conversations)
        self._decided = conversations
        self._remembered: dict[ConversationId, Roster] = {}

    @override
    def roster(self, conversation: ConversationId) -> Roster:
        if conversation not in self._remembered:
            self.replace(conversation)
        return self._remembered.get(conversation, NO_ROSTER)

    @override
    def rosters(self, conversations: Collection[ConversationId]) -> Mapping[ConversationId, Roster]:
        return {each: self.roster(each) for each in conversations}

    @override
    def replace(self, conversation: ConversationId) -> None:
        now = self._decided.roles(conversation)
        known = self._remembered.get(conversation)
        if now.kind is not None and (known is None or known.version <= now.version):
            self._remembered[conversation] = now


_: type[Admission] = RememberingAdmission
