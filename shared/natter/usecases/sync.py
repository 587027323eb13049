"""Tell a client what it missed: exactly the gap, or the newest where the gap is too wide."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from natter.domain.conversations import Event
from natter.domain.errors import BadRequest
from natter.domain.ids import ConversationId, UserId
from natter.names import PAGE_LIMIT_BYTES
from natter.ports.conversations import Conversations
from natter.usecases.read_events import EventSize, ReadPage
from natter.usecases.view_conversations import ConversationView, ViewConversations

MAX_CONVERSATIONS = 200
"""Conversations in one answer; the rest follows with the cursor."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Position:
    """How far a client has a conversation: everything up to `seq`, read up to `read_seq`."""

    seq: int
    read_seq: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Missed:
    view: ConversationView
    events: tuple[Event, ...]
    limited: bool
    """The gap is wider than `events`; the rest is history to page."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Synced:
    missed: tuple[Missed, ...]
    removed: tuple[ConversationId, ...]
    next_cursor: str | None
    at: int


@dataclass(frozen=True, kw_only=True)
class Sync:
    """
    Compare a client's positions with the conversations that it may read.

    An event is either in the answer or delivered live: whoever is registered before asking sees every head that
    was advanced before connections were looked up.

    Raises:
        BadRequest: the cursor is not one of ours.
        Unavailable: a store did not answer in time.
    """

    conversations: Conversations
    view: ViewConversations
    pages: ReadPage
    size: EventSize
    now_ms: Callable[[], int]

    def __call__(
        self, user: UserId, positions: Mapping[ConversationId, Position], *, limit: int, cursor: str | None
    ) -> Synced:
        after = _decode(cursor)
        now = self.now_ms()
        records = {record.conversation_id: record for record in self.conversations.of_user(user)}
        ids = sorted(each for each in {*records, *positions} if after is None or each > after)
        views = {
            view.record.conversation_id: view
            for view in self.view(user, [records[each] for each in ids if each in records])
        }
        missed: list[Missed] = []
        removed: list[ConversationId] = []
        size = 0
        for index, each in enumerate(ids):
            found = self._missed(views[each], positions.get(each), limit) if each in views else None
            size += sum(map(self.size, found.events)) if found else 0
            full = size > PAGE_LIMIT_BYTES and missed
            if full or len(missed) + len(removed) >= MAX_CONVERSATIONS:
                return Synced(missed=tuple(missed), removed=tuple(removed), next_cursor=_encode(ids[index - 1]), at=now)
            if found is not None:
                missed.append(found)
            elif each not in views:
                removed.append(each)
        return Synced(missed=tuple(missed), removed=tuple(removed), next_cursor=None, at=now)

    def _missed(self, view: ConversationView, position: Position | None, limit: int) -> Missed | None:
        """What is behind, or None: also while the fold has not reached the conversation."""
        head, start = view.head.seq, view.first_seq - 1
        seq = start if position is None else max(position.seq, start)
        if seq == head or head < view.first_seq == seq + 1:
            known_read = position is not None and position.read_seq >= view.read_seq
            return None if known_read or head < view.first_seq else Missed(view=view, events=(), limited=False)
        if 0 < head - seq <= limit:
            page = self.pages.after(view, after=seq, limit=limit)
            if not page.has_more:
                return Missed(view=view, events=page.events, limited=False)
        return Missed(view=view, events=self.pages.newest(view, before=None, limit=limit).events, limited=True)


def _encode(conversation: ConversationId) -> str:
    return base64.urlsafe_b64encode(json.dumps([conversation]).encode()).decode()


def _decode(cursor: str | None) -> ConversationId | None:
    if cursor is None:
        return None
    try:
        (conversation,) = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (ValueError, TypeError) as error:
        raise BadRequest("cursor: not one of ours") from error
    if not isinstance(conversation, str):
        raise BadRequest("cursor: not one of ours")
    return ConversationId(conversation)
