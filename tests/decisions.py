"""Conversations in memory whose members tests change at will."""

from natter.domain.conversations.members import Member, Role
from natter.domain.conversations.roster import Standing
from natter.domain.ids import ClientId, ConversationId, UserId, new_id
from natter.domain.messages.commands import AddMembers, Change, ChangeRole, RemoveMember
from tests.identity import NOON
from tests.memory.conversations import MemoryConversations


class Decisions(MemoryConversations):
    def decide(self, conversation: ConversationId, user: UserId, role: Role | None, *, at: int = NOON) -> None:
        """Whatever they may do, `user` has `role` from now on, or is gone; the log is not told before `publish`."""

        def change(standing: Standing) -> Change:
            client_id = ClientId(new_id())
            if role is None:
                return RemoveMember(client_id=client_id, user_id=user)
            if user in standing.roster.roles:
                return ChangeRole(client_id=client_id, user_id=user, role=role)
            return AddMembers(client_id=client_id, members=(Member(user_id=user, role=role),))

        self.change(conversation, user, change, at=at)
