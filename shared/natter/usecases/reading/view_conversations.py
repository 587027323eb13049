"""A conversation as one of its members sees it: how far it goes, how far they have read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from natter.domain.conversations import Cursor, Head, Membership, memberships_as_of
from natter.domain.erased import preview_without
from natter.domain.errors import NotMember
from natter.domain.ids import ConversationId, UserId
from natter.ports.conversations import ConversationRecord, Conversations
from natter.ports.tables import HeadCache, Timeline


@dataclass(frozen=True, kw_only=True, slots=True)
class ConversationView:
    record: ConversationRecord
    head: Head
    first_seq: int
    """The lowest place that this member may read."""
    read_seq: int
    unread: int

    @classmethod
    def of_new(cls, record: ConversationRecord) -> "ConversationView":
        """Before the fold has reached the joining: there is nothing to read yet, whatever others have said (P8)."""
        head = Head(conversation_id=record.conversation_id, at=record.created_at)
        return cls(record=record, head=head, first_seq=1, read_seq=1, unread=0)


@dataclass(frozen=True, kw_only=True)
class ReadHeads:
    """Heads from the cache; what is missing there from the table, and put back."""

    cache: HeadCache
    timeline: Timeline

    def __call__(self, conversations: Sequence[ConversationId]) -> Mapping[ConversationId, Head]:
        cached = self.cache.get(conversations)
        missing = [each for each in conversations if each not in cached]
        return {**self.cache.fill(missing, self.timeline.heads), **cached} if missing else cached


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
        changes = self.timeline.membership_changes_of(user, ids)
        cursors = self.timeline.cursors(user, ids)
        views = []
        for record in records:
            each = record.conversation_id
            head = heads.get(each, Head(conversation_id=each))
            membership = memberships_as_of(changes.get(each, ()), head.seq).get(user)
            views.append(_view(record, head, membership, cursors.get(each, Cursor())))
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


def unread(head: Head, cursor: Cursor, membership: Membership) -> int:
    """Messages after everything that was read, sent, or there before joining (P6); own ones are before `sent`."""
    return max(0, head.messages - max(cursor.read_messages, cursor.sent_messages, membership.joined_messages))
