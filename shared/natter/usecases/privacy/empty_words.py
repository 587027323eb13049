"""Take out of the tables what somebody who is erased has said in a conversation, and their files out of the store."""

from dataclasses import dataclass

from natter.domain.clock import NowMs
from natter.domain.fold.writes import ForgottenCursorRow
from natter.domain.ids import UserId
from natter.domain.privacy.erased import emptied
from natter.domain.privacy.requests import Emptying
from natter.ports.attachments import Attachments
from natter.ports.messages import EventStore
from natter.ports.privacy import Erasures
from natter.ports.reading import Timeline

STRIDE = 1000
"""Places between two notes of how far it has come."""


@dataclass(frozen=True, kw_only=True)
class EmptyWords:
    """
    Page by page, from where an earlier run has come to, when the fold has come to their `member_erased`: from there on
    nothing of theirs follows, and all that is written of theirs, now or by a replay, is older than what is written
    here.

    No file of theirs is kept any more from that event on (`SettleFiles`), so they can go all at once.

    Raises:
        Unavailable: a store did not answer in time; doing it again goes on.
    """

    erasures: Erasures
    timeline: Timeline
    store: EventStore
    attachments: Attachments
    now_ms: NowMs

    def __call__(self, user: UserId, emptying: Emptying, *, deadline: int) -> None:
        conversation = emptying.conversation_id
        head = self.timeline.heads([conversation]).get(conversation)
        key = conversation, user
        standing = None if head is None else self.timeline.standings({key: head.seq}).get(key)
        if head is None or standing is None or not standing.erased:
            return
        end = standing.seq
        (erased,) = self.timeline.events(conversation, end, end, newest_first=False)
        first = max(emptying.emptied_to + 1, self.timeline.first_place(conversation, user) or 1)
        written_at = max(head.written_at, self.now_ms() * 1000)
        for low in range(first, end, STRIDE):
            if self.now_ms() >= deadline:
                return
            high = min(low + STRIDE, end) - 1
            found = self.timeline.events(conversation, low, high, newest_first=False)
            own = [event for event in found if event.sender_id == user]
            self.store.write([row for event in own for row in emptied(event, at=erased.at, written_at=written_at)])
            self.erasures.note_emptied(user, conversation, to=high, done=False)
        self.attachments.erase(conversation, user)
        self.store.write([ForgottenCursorRow(conversation_id=conversation, user_id=user, written_at=written_at)])
        self.erasures.note_emptied(user, conversation, to=end, done=True)
