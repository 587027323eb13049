"""Change what a group is called, and how it looks."""

from collections.abc import Callable
from dataclasses import dataclass

from natter.domain.clock import NowMs
from natter.domain.conversations.roster import Standing
from natter.domain.conversations.rules import check_manager
from natter.domain.ids import ClientId, ConversationId, UserId
from natter.domain.messages import commands
from natter.domain.messages.events import JsonObject
from natter.ports.conversations import Conversations
from natter.usecases.conversations.announce import Announce


@dataclass(frozen=True, kw_only=True)
class ChangeConversation:
    """
    Decided by PostgreSQL, in the log before the answer. What is so already is no change, and no event.

    Raises:
        NotMember: one does not belong to it, or there is no such conversation.
        Forbidden: one is neither admin nor owner, or it is a direct conversation.
        Unavailable: it may have been decided; asking again completes it.
    """

    conversations: Conversations
    announce: Announce
    new_id: Callable[[], str]
    now_ms: NowMs

    def __call__(self, by: UserId, conversation: ConversationId, wanted: JsonObject) -> None:
        """`wanted` may have `title` and `avatar`; None clears."""

        def decide(standing: Standing) -> commands.ChangeConversation | None:
            check_manager(standing.roster.kind, standing.roster.roles, by)
            now = {"title": standing.title, "avatar": standing.avatar}
            changes = {name: value for name, value in wanted.items() if value != now[name]}
            return commands.ChangeConversation(client_id=ClientId(self.new_id()), changes=changes) if changes else None

        self.conversations.change(conversation, by, decide, at=self.now_ms())
        self.announce(conversation)
