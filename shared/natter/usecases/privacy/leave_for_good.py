"""Let somebody who is to be erased leave a conversation, and tell it that they are."""

from collections.abc import Callable
from dataclasses import dataclass

from natter.domain.clock import NowMs
from natter.domain.conversations.roster import Standing
from natter.domain.conversations.rules import heir
from natter.domain.ids import ClientId, ConversationId, UserId
from natter.domain.messages.commands import ChangeRole, EraseMember, RemoveMember
from natter.ports.conversations import Conversations
from natter.usecases.conversations.announce import Announce


@dataclass(frozen=True, kw_only=True)
class LeaveForGood:
    """
    A group whose last owner they are passes to its longest-standing admin, else member; the last one just leaves. Of a
    direct conversation they stay the other one.

    Each of the three changes is decided once, on what has become of the others; the last one says that all are done.

    Raises:
        Unavailable: some may have been decided; doing it again completes it.
    """

    conversations: Conversations
    announce: Announce
    new_id: Callable[[], str]
    now_ms: NowMs

    def __call__(self, user: UserId, conversation: ConversationId) -> None:
        def client_id() -> ClientId:
            return ClientId(self.new_id())

        def bequeath(standing: Standing) -> ChangeRole | None:
            next_owner = heir(standing.roster.roles, user) if standing.roster.kind == "group" else None
            if next_owner is None:
                return None
            return ChangeRole(client_id=client_id(), user_id=next_owner, role="owner")

        def leave(standing: Standing) -> RemoveMember | None:
            is_in_group = standing.roster.kind == "group" and user in standing.roster.roles
            return RemoveMember(client_id=client_id(), user_id=user) if is_in_group else None

        def erase(standing: Standing) -> EraseMember | None:
            return EraseMember(client_id=client_id(), user_id=user) if user in standing.erasing else None

        for decide in (bequeath, leave, erase):
            self.conversations.change(conversation, user, decide, at=self.now_ms())
        self.announce(conversation)
