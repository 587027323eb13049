"""`Admission` that asks the conversations each time, for tests of what uses it."""

from collections.abc import Collection, Mapping

from natter.domain.conversations.members import Role
from natter.domain.conversations.roster import Roster
from natter.domain.ids import ConversationId, UserId
from natter.ports.conversations import Admission, Conversations


class MemoryAdmission:
    def __init__(self, conversations: Conversations) -> None:
        self._conversations = conversations

    def role(self, conversation: ConversationId, user: UserId) -> Role | None:
        return self.roster(conversation).roles.get(user)

    def roster(self, conversation: ConversationId) -> Roster:
        return self._conversations.roles(conversation)

    def rosters(self, conversations: Collection[ConversationId]) -> Mapping[ConversationId, Roster]:
        return {each: self.roster(each) for each in conversations}

    def replace(self, conversation: ConversationId) -> None:
        """Nothing is remembered: it only has to be known that the conversations answer."""
        self._conversations.roles(conversation)


_: type[Admission] = MemoryAdmission
