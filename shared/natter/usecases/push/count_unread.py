"""How many of a user's conversations have something unread: the number on an app's icon."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import batched

from natter.domain.ids import ConversationId, UserId
from natter.domain.push.wording import MAX_BADGE
from natter.domain.reading.views import unread
from natter.domain.receipts import Cursor
from natter.ports.conversations import Conversations
from natter.ports.reading import Timeline
from natter.usecases.reading.view_conversations import ReadHeads

AT_ONCE = 100
"""Conversations that are looked at together; the largest number on an icon is found in the first of these, mostly."""

MOST = 300
"""Conversations that are looked at, those first in which something happened last."""


@dataclass(frozen=True, kw_only=True)
class CountUnread:
    """
    Derived from where heads and cursors are, never counted up and down, so it cannot drift (P6).

    Raises:
        Unavailable: a store did not answer in time.
    """

    conversations: Conversations
    heads: ReadHeads
    timeline: Timeline

    def __call__(self, user: UserId) -> int:
        """At most `MAX_BADGE`; and of who is in more than `MOST` conversations, of the `MOST` latest."""
        begun = self.conversations.begun_of(user)
        places = self.heads.places(list(begun))
        latest = sorted(places, key=lambda each: places[each].at, reverse=True)[:MOST]
        count = 0
        for some in batched(latest, AT_ONCE, strict=False):
            count += self._of(user, some)
            if count >= MAX_BADGE:
                return MAX_BADGE
        return count

    def _of(self, user: UserId, conversations: Sequence[ConversationId]) -> int:
        heads = self.heads(conversations)
        standings = self.timeline.standings({(each, user): head.seq for each, head in heads.items()})
        cursors = self.timeline.cursors((each, user) for each in conversations)
        count = 0
        for each, head in heads.items():
            standing = standings.get((each, user))
            if standing is not None and standing.membership is not None:
                count += unread(head, cursors.get((each, user), Cursor()), standing.membership) > 0
        return count
