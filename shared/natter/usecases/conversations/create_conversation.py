"""Begin a conversation, or find the one that is there."""

from collections.abc import Callable
from dataclasses import dataclass

from natter.domain.clock import NowMs
from natter.domain.conversations.members import Member, Role
from natter.domain.conversations.records import CreateRequest, NewConversation
from natter.domain.errors import BadRequest
from natter.domain.ids import ConversationId
from natter.domain.limits import NEW_CONVERSATIONS
from natter.domain.reading.views import ConversationView
from natter.ports.conversations import Conversations
from natter.ports.limits import RateLimits
from natter.ports.messages import CommandLog
from natter.usecases.reading.view_conversations import ViewConversations


@dataclass(frozen=True, kw_only=True)
class Create:
    """
    PostgreSQL decides; the log is told before the answer, so whoever has the answer can send.

    Raises:
        BadRequest: the members do not fit the kind.
        NotFound: one of them is not a user, or not to be reached by the creator.
        Conflict: the id is somebody else's, or one of them is in as many conversations as anybody may be.
        RateLimited: the creator has begun too many of late. Asking for one that is there is not limited.
        Unavailable: it may have been created; asking again completes it.
    """

    conversations: Conversations
    limits: RateLimits
    log: CommandLog
    view: ViewConversations
    new_id: Callable[[], str]
    now_ms: NowMs

    def __call__(self, request: CreateRequest) -> tuple[ConversationView, bool]:
        """The conversation as its creator sees it; True if it is new."""
        others = tuple(dict.fromkeys(user for user in request.members if user != request.creator))
        if request.kind == "direct" and (len(others) != 1 or len(request.members) != 1):
            raise BadRequest("members: a direct conversation has exactly one other member")
        role: Role = "owner" if request.kind == "group" else "member"
        new = NewConversation(
            conversation_id=request.conversation_id or ConversationId(self.new_id()),
            kind=request.kind,
            title=request.title,
            history=request.history,
            created_by=request.creator,
            created_at=self.now_ms(),
            members=(
                Member(user_id=request.creator, role=role),
                *(Member(user_id=user, role="member") for user in others),
            ),
        )
        if not self.conversations.is_there(new):
            self.limits.take(NEW_CONVERSATIONS, request.creator)
        record, created = self.conversations.create(new)
        self.conversations.publish(record.conversation_id, self.log.append)
        if created:
            return ConversationView.of_new(record), True
        return self.view(request.creator, [record])[0], False
