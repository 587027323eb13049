"""Who belongs to a conversation, page by page."""

from dataclasses import dataclass

from natter.domain.conversations.records import MemberPage
from natter.domain.errors import NotMember
from natter.domain.ids import ConversationId, UserId
from natter.domain.paging import page_by_id
from natter.ports.conversations import Admission, Conversations


@dataclass(frozen=True, kw_only=True)
class ListMembers:
    """
    In the order of their ids, so that nobody is missed or listed twice while others come and go.

    Raises:
        NotMember: one does not belong to it, or there is no such conversation.
        BadRequest: the cursor is not one of ours.
        Unavailable: a store did not answer in time.
    """

    conversations: Conversations
    admission: Admission

    def __call__(self, reader: UserId, conversation: ConversationId, *, limit: int, cursor: str | None) -> MemberPage:
        if self.admission.role(conversation, reader) is None:
            raise NotMember
        return page_by_id(
            lambda after, most: self.conversations.members(conversation, after=after, limit=most),
            lambda member: member.user_id,
            UserId,
            limit=limit,
            cursor=cursor,
        )
