"""`Admission` that asks the conversations each time, for tests of what uses it."""

from natter.domain.conversations import Role
from natter.domain.ids import ConversationId, UserId
from natter.ports.conversations import Admission, Conversations


class MemoryAdmission:
    def __init__(self, conversations: Conversations) -> None:
        self._conversations = conversations

    def role(self, conversation: ConversationId, user: UserId) -> Role | None:
        return self._conversations.roles(conversation).roles.get(user)


_: type[Admission] = MemoryAdmission
