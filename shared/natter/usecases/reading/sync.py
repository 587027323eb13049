"""Tell a client what it missed: exactly the gap, or the newest where the gap is too wide."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from natter.domain.clock import NowMs
from natter.domain.ids import ConversationId, UserId
from natter.domain.messages.events import HeadPlace
from natter.domain.paging import decode_cursor, encode_cursor
from natter.domain.reading.views import ConversationView, Missed, Position, Synced
from natter.names import PAGE_LIMIT_BYTES
from natter.ports.conversations import Conversations
from natter.usecases.reading.concurrently import concurrently
from natter.usecases.reading.read_events import EventSize, ReadPage
from natter.usecases.reading.view_conversations import ViewConversations

MAX_CONVERSATIONS = 200
"""Conversations looked at for one answer; the rest follows with the cursor."""


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
    now_ms: NowMs

    def __call__(
        self, user: UserId, positions: Mapping[ConversationId, Position], *, limit: int, cursor: str | None
    ) -> Synced:
        after = None if cursor is None else decode_cursor(cursor, str)[0]
        now = self.now_ms()
        mine = self.conversations.begun_of(user)
        ids = sorted(each for each in {*mine, *positions} if after is None or each > after)
        heads = self.view.heads.places([each for each in ids if each in mine])
        behind = [each for each in ids if not _is_complete(positions.get(each), heads.get(each))]
        listed = behind[:MAX_CONVERSATIONS]
        records = self.conversations.seen_among(user, [each for each in listed if each in mine])
        views = {view.record.conversation_id: view for view in self.view(user, list(records.values()))}
        readable = [each for each in listed if each in views]
        tasks = (partial(self._missed, user, views[each], positions.get(each), limit) for each in readable)
        missed: list[Missed] = []
        removed: list[ConversationId] = []
        size = 0
        more = encode_cursor(listed[-1]) if len(behind) > len(listed) else None
        with closing(concurrently(tasks)) as results:
            for index, each in enumerate(listed):
                found = next(results) if each in views else None
                size += sum(map(self.size, found.events)) if found else 0
                if size > PAGE_LIMIT_BYTES and missed:
                    more = encode_cursor(listed[index - 1])
                    break
                if found is not None:
                    missed.append(found)
                elif each in positions and each not in views:
                    removed.append(each)
        return Synced(missed=tuple(missed), removed=tuple(removed), next_cursor=more, at=now)

    def _missed(self, user: UserId, view: ConversationView, position: Position | None, limit: int) -> Missed | None:
        """What is behind, or None: also while the fold has not reached the conversation."""
        head, start = view.head.seq, view.first_seq - 1
        seq = start if position is None else max(position.seq, start)
        if seq == head or head < view.first_seq == seq + 1:
            known_read = position is not None and position.read_seq >= view.read_seq
            return None if known_read or head < view.first_seq else Missed(view=view, events=(), limited=False)
        if 0 < head - seq <= limit:
            page = self.pages.after(user, view, after=seq, limit=limit)
            if not page.has_more:
                return Missed(view=view, events=page.events, limited=False)
        newest = self.pages.newest(user, view, before=None, limit=limit)
        return Missed(view=view, events=newest.events, limited=True)


def _is_complete(position: Position | None, head: HeadPlace | None) -> bool:
    """Where everything is there and read, the head alone tells; of a conversation without one, its being removed."""
    return position is not None and head is not None and position.seq == head.seq <= position.read_seq
