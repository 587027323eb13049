"""
Add members to a conversation, remove them, change their roles: decided by PostgreSQL, true everywhere and in the
log before the answer. All of it may be asked again: what is so already is announced, in case it was not.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from natter.domain.clock import NowMs
from natter.domain.conversations.members import Member, Role
from natter.domain.conversations.records import MemberRecord
from natter.domain.conversations.roster import Standing
from natter.domain.conversations.rules import check_removal, check_role, newcomers
from natter.domain.errors import NotMember
from natter.domain.ids import ClientId, ConversationId, UserId
from natter.domain.messages import commands
from natter.ports.conversations import Conversations
from natter.usecases.conversations.announce import Announce


@dataclass(frozen=True, kw_only=True)
class AddMembers:
    """
    Add users as members, all or none. Who belongs to it already is left as they are.

    Raises:
        NotMember, Forbidden, Conflict: as `newcomers` says.
        NotFound: one of them is not a user.
        Unavailable: it may have been decided; asking again completes it.
    """

    conversations: Conversations
    announce: Announce
    new_id: Callable[[], str]
    now_ms: NowMs

    def __call__(self, by: UserId, conversation: ConversationId, users: Sequence[UserId]) -> Sequence[MemberRecord]:
        """Those of `users` who belong to it now."""

        def decide(standing: Standing) -> commands.AddMembers | None:
            new = newcomers(standing.roster.kind, standing.roster.roles, by, users)
            return commands.AddMembers(client_id=ClientId(self.new_id()), members=new) if new else None

        self.conversations.change(conversation, by, decide, at=self.now_ms())
        self.announce(conversation)
        return self.conversations.members_among(conversation, users)


@dataclass(frozen=True, kw_only=True)
class ChangeRole:
    """
    Give somebody a role; who does not belong to the conversation is added in it.

    Raises:
        NotMember, Forbidden, LastOwner, Conflict: as `check_role` says.
        NotFound: there is no such user.
        Unavailable: it may have been decided; asking again completes it.
    """

    conversations: Conversations
    announce: Announce
    new_id: Callable[[], str]
    now_ms: NowMs

    def __call__(self, by: UserId, conversation: ConversationId, user: UserId, role: Role) -> None:
        def decide(standing: Standing) -> commands.AddMembers | commands.ChangeRole | None:
            roles = standing.roster.roles
            check_role(standing.roster.kind, roles, by, user, role)
            client_id = ClientId(self.new_id())
            if user not in roles:
                return commands.AddMembers(client_id=client_id, members=(Member(user_id=user, role=role),))
            return None if roles[user] == role else commands.ChangeRole(client_id=client_id, user_id=user, role=role)

        self.conversations.change(conversation, by, decide, at=self.now_ms())
        self.announce(conversation)


@dataclass(frozen=True, kw_only=True)
class RemoveMember:
    """
    Remove somebody, or leave: from then on they send, read and sync nothing of it any more (P8).

    Raises:
        NotMember, Forbidden, LastOwner: as `check_removal` says; who has left is not a member, too.
        Unavailable: it may have been decided; asking again completes it.
    """

    conversations: Conversations
    announce: Announce
    new_id: Callable[[], str]
    now_ms: NowMs

    def __call__(self, by: UserId, conversation: ConversationId, user: UserId) -> None:
        def decide(standing: Standing) -> commands.RemoveMember | None:
            check_removal(standing.roster.kind, standing.roster.roles, by, user)
            if user not in standing.roster.roles:
                return None
            return commands.RemoveMember(client_id=ClientId(self.new_id()), user_id=user)

        try:
            self.conversations.change(conversation, by, decide, at=self.now_ms())
        except NotMember:
            if by == user:  # they may have left just now, and nobody was told
                self.announce(conversation)
            raise
        self.announce(conversation)
