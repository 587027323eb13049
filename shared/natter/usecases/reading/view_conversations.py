"""A conversation as one of its members sees it: how far it goes, how far they have read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import batched

from natter.domain.conversations.members import Membership
from natter.domain.conversations.records import ConversationRecord
from natter.domain.errors import NotMember
from natter.domain.ids import ConversationId, UserId
from natter.domain.messages.events import Head, HeadPlace
from natter.domain.privacy.erased import preview_without
from natter.domain.reading.views import ConversationView, unread
from natter.domain.receipts import Cursor
from natter.ports.conversations import Conversations
from natter.ports.reading import HeadCache, Timeline

WHOLE_AT_ONCE = 100
"""Heads that are read with their last messages, which may be of 24 KB each."""


@dataclass(frozen=True, kw_only=True)
class ReadHeads:
    """Heads from the cache; what is missing there from the table, and put back."""

    cache: HeadCache
    timeline: Timeline

    def __call__(self, conversations: Sequence[ConversationId]) -> Mapping[ConversationId, Head]:
        cached = self.cache.get(conversations)
        missing = [each for each in conversations if each not in cached]
        return {**self.cache.fill(missing, self.timeline.heads), **cached} if missing else cached

    def places(self, conversations: Sequence[ConversationId]) -> Mapping[ConversationId, HeadPlace]:
        """Where they are, of any number, in bounded memory."""
        places = dict(self.cache.places(conversations))
        missing = [each for each in conversations if each not in places]
        for some in batched(missing, WHOLE_AT_ONCE, strict=False):
            places |= {each: HeadPlace.of(head) for each, head in self(some).items()}
        return places


@dataclass(frozen=True, kw_only=True)
class ViewConversations:
    """Join what PostgreSQL says of conversations with what the log has made of them."""

    heads: ReadHeads
    timeline: Timeline

    def __call__(self, user: UserId, records: Sequence[ConversationRecord]) -> list[ConversationView]:
        return self.at(self.heads([record.conversation_id for record in records]), user, records)

    def at(
        self, heads: Mapping[ConversationId, Head], user: UserId, records: Sequence[ConversationRecord]
    ) -> list[ConversationView]:
        """As of `heads`, which were read before."""
        ids = [record.conversation_id for record in records]
        as_of = {each: heads.get(each, Head(conversation_id=each)) for each in ids}
        standings = self.timeline.standings({(each, user): head.seq for each, head in as_of.items()})
        cursors = self.timeline.cursors((each, user) for each in ids)
        views = []
        for record in records:
            key = record.conversation_id, user
            membership = standings[key].membership if key in standings else None
            views.append(_view(record, as_of[record.conversation_id], membership, cursors.get(key, Cursor())))
        return views


@dataclass(frozen=True, kw_only=True)
class ViewConversation:
    """
    One conversation as one of its members sees it.

    Raises:
        NotMember: the user does not belong to it (any more), or there is none.
        Unavailable: a store did not answer in time.
    """

    conversations: Conversations
    view: ViewConversations

    def __call__(self, user: UserId, conversation: ConversationId) -> ConversationView:
        record = self.conversations.seen_by(user, conversation)
        if record is None:
            raise NotMember
        return self.view(user, [record])[0]


def _view(record: ConversationRecord, head: Head, membership: Membership | None, cursor: Cursor) -> ConversationView:
    if membership is None:
        return ConversationView.of_new(record)
    head = preview_without(record.erasing, head)
    return ConversationView(
        record=record,
        head=head,
        first_seq=1 if record.history == "all" else membership.joined_seq,
        read_seq=min(max(cursor.read_seq, cursor.sent_seq, membership.joined_seq), max(head.seq, 1)),
        unread=unread(head, cursor, membership),
    )
