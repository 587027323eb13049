"""A page of a conversation's history, its messages as they are now."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import batched, islice

from natter.domain.ids import ConversationId, UserId
from natter.domain.messages.events import Event
from natter.domain.privacy.erased import without
from natter.domain.reading.views import ConversationView, Page
from natter.names import PAGE_LIMIT_BYTES
from natter.ports.reading import Timeline
from natter.usecases.reading.show_events import ShowEvents
from natter.usecases.reading.view_conversations import ViewConversation

EventSize = Callable[[Event], int]
"""Bytes of an event on the wire."""

CHUNK = 100
"""Events whose effects are read together: what is read in vain for a page that ends early is bounded by it."""


@dataclass(frozen=True, kw_only=True)
class ReadPage:
    """Cut a page out of what a member may read: at most `limit` events, and about a mebibyte."""

    timeline: Timeline
    size: EventSize

    @property
    def show(self) -> ShowEvents:
        return ShowEvents(timeline=self.timeline)

    def newest(self, reader: UserId, view: ConversationView, *, before: int | None, limit: int) -> Page:
        last = view.head.seq if before is None else min(before - 1, view.head.seq)
        found = self.timeline.events(view.record.conversation_id, view.first_seq, last, newest_first=True)
        events = self._fitting(reader, view, islice(found, limit))
        lowest = events[-1].seq if events else last + 1
        return _page(view, reversed(events), has_more=lowest > view.first_seq)

    def after(self, reader: UserId, view: ConversationView, *, after: int, limit: int) -> Page:
        first = max(after + 1, view.first_seq)
        found = self.timeline.events(view.record.conversation_id, first, view.head.seq, newest_first=False)
        events = self._fitting(reader, view, islice(found, limit))
        highest = events[-1].seq if events else first - 1
        return _page(view, events, has_more=highest < view.head.seq)

    def _fitting(self, reader: UserId, view: ConversationView, events: Iterable[Event]) -> list[Event]:
        """Those that fit as they are sent, not as they are stored."""
        fitting: list[Event] = []
        size = 0
        for event in self._shown(reader, view, events):
            size += self.size(event)
            if fitting and size > PAGE_LIMIT_BYTES:
                break
            fitting.append(event)
        return fitting

    def _shown(self, reader: UserId, view: ConversationView, events: Iterable[Event]) -> Iterable[Event]:
        for chunk in batched(events, CHUNK, strict=False):
            for event in self.show(reader, view.record.conversation_id, chunk, state_seq=view.head.seq):
                yield without(view.record.erasing, event)


@dataclass(frozen=True, kw_only=True)
class ReadEvents:
    """
    History of one conversation for one of its members.

    Raises:
        NotMember: the reader does not belong to it (any more), or there is none.
        Unavailable: a store did not answer in time.
    """

    view: ViewConversation
    pages: ReadPage

    def __call__(
        self, reader: UserId, conversation: ConversationId, *, after: int | None, before: int | None, limit: int
    ) -> Page:
        view = self.view(reader, conversation)
        if after is not None:
            return self.pages.after(reader, view, after=after, limit=limit)
        return self.pages.newest(reader, view, before=before, limit=limit)


def _page(view: ConversationView, events: Iterable[Event], *, has_more: bool) -> Page:
    return Page(events=tuple(events), has_more=has_more, first_seq=view.first_seq, head=view.head)
