"""All conversations of a user, the latest activity first."""

from collections.abc import Callable
from dataclasses import dataclass

from natter.domain.ids import ConversationId, UserId
from natter.domain.messages.events import HeadPlace
from natter.domain.paging import decode_cursor, encode_cursor
from natter.domain.reading.views import ConversationView, InboxPage
from natter.names import PAGE_LIMIT_BYTES
from natter.ports.conversations import Conversations
from natter.usecases.reading.view_conversations import ViewConversations

ViewSize = Callable[[ConversationView], int]
"""Bytes of a conversation on the wire."""


@dataclass(frozen=True, kw_only=True)
class ReadInbox:
    """
    One page: at most `limit` conversations, and about a mebibyte.

    The cursor is a place in time, not a number of items: conversations that become active or are new meanwhile move
    none of the others to another page. Of all of the user's, no more is read than where each is; whole are those of
    the page.

    Raises:
        BadRequest: the cursor is not one of ours.
        Unavailable: a store did not answer in time.
    """

    conversations: Conversations
    view: ViewConversations
    size: ViewSize

    def __call__(self, user: UserId, *, limit: int, cursor: str | None) -> InboxPage:
        end = None if cursor is None else decode_cursor(cursor, int, str)
        begun = self.conversations.begun_of(user)
        heads = self.view.heads.places(list(begun))
        places = sorted((_place(each, created_at, heads.get(each)) for each, created_at in begun.items()), reverse=True)
        ahead = [place for place in places if end is None or place < end]
        page = [each for _, each in ahead[:limit]]
        records = self.conversations.seen_among(user, page)
        items = self._fitting(self.view(user, [records[each] for each in page if each in records]))
        looked_at = page.index(items[-1].record.conversation_id) + 1 if len(items) < len(records) else len(page)
        return InboxPage(
            items=items,
            next_cursor=encode_cursor(*ahead[looked_at - 1]) if looked_at < len(ahead) else None,
        )

    def _fitting(self, views: list[ConversationView]) -> tuple[ConversationView, ...]:
        size = 0
        for index, view in enumerate(views):
            size += self.size(view)
            if index and size > PAGE_LIMIT_BYTES:
                return tuple(views[:index])
        return tuple(views)


def _place(conversation: ConversationId, created_at: int, head: HeadPlace | None) -> tuple[int, ConversationId]:
    """When something last happened in it; the id tells apart what happened at once."""
    return created_at if head is None else head.at, conversation
