"""A page of a conversation's history."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice

from natter.domain.conversations import Event, Head
from natter.domain.errors import NotMember
from natter.domain.ids import ConversationId, UserId
from natter.names import PAGE_LIMIT_BYTES
from natter.ports.conversations import Conversations
from natter.ports.tables import Timeline
from natter.usecases.view_conversations import ConversationView, ViewConversations

EventSize = Callable[[Event], int]
"""Bytes of an event on the wire."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Events as of `head`, ascending. `has_more`: there is more in the direction asked."""

    events: tuple[Event, ...]
    has_more: bool
    first_seq: int
    head: Head


@dataclass(frozen=True, kw_only=True)
class ReadPage:
    """Cut a page out of what a member may read: at most `limit` events, and about a mebibyte."""

    timeline: Timeline
    size: EventSize

    def newest(self, view: ConversationView, *, before: int | None, limit: int) -> Page:
        last = view.head.seq if before is None else min(before - 1, view.head.seq)
        found = self.timeline.events(view.record.conversation_id, view.first_seq, last, newest_first=True)
        events = self._fitting(found, limit)
        lowest = events[-1].seq if events else last + 1
        return _page(view, reversed(events), has_more=lowest > view.first_seq)

    def after(self, view: ConversationView, *, after: int, limit: int) -> Page:
        first = max(after + 1, view.first_seq)
        found = self.timeline.events(view.record.conversation_id, first, view.head.seq, newest_first=False)
        events = self._fitting(found, limit)
        highest = events[-1].seq if events else first - 1
        return _page(view, events, has_more=highest < view.head.seq)

    def _fitting(self, events: Iterable[Event], limit: int) -> list[Event]:
        fitting: list[Event] = []
        size = 0
        for event in islice(events, limit):
            size += self.size(event)
            if fitting and size > PAGE_LIMIT_BYTES:
                break
            fitting.append(event)
        return fitting


@dataclass(frozen=True, kw_only=True)
class ReadEvents:
    """
    History of one conversation for one of its members.

    Raises:
        NotMember: the reader does not belong to it (any more), or there is none.
        Unavailable: a store did not answer in time.
    """

    conversations: Conversations
    view: ViewConversations
    pages: ReadPage

    def __call__(
        self, reader: UserId, conversation: ConversationId, *, after: int | None, before: int | None, limit: int
    ) -> Page:
        record = self.conversations.seen_by(reader, conversation)
        if record is None:
            raise NotMember
        view = self.view(reader, [record])[0]
        if after is not None:
            return self.pages.after(view, after=after, limit=limit)
        return self.pages.newest(view, before=before, limit=limit)


def _page(view: ConversationView, events: Iterable[Event], *, has_more: bool) -> Page:
    return Page(events=tuple(events), has_more=has_more, first_seq=view.first_seq, head=view.head)
