"""How many of a user's conversations have something unread: the number on an app's icon."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from natter.domain.ids import ConversationId, UserId
from natter.domain.messages.events import HeadPlace
from natter.domain.push.wording import MAX_BADGE
from natter.domain.reading.views import unread
from natter.domain.receipts import Cursor, CursorKey
from natter.ports.conversations import Conversations
from natter.ports.reading import Timeline
from natter.usecases.reading.view_conversations import ReadHeads

AT_ONCE = 100
"""Conversations of each that are looked at together; the largest number is found in the first of these, mostly."""

MOST = 300
"""Conversations of each that are looked at, those first in which something happened last."""


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

    def __call__(self, users: Collection[UserId]) -> Mapping[UserId, int]:
        """
        Of each, at most `MAX_BADGE`; and of who is in more than `MOST` conversations, of the `MOST` latest. However
        many they are, each store is asked a few times.
        """
        mine = self.conversations.of_each(users)
        places = self.heads.places(list(dict.fromkeys(each for some in mine.values() for each in some)))
        latest = {user: _latest(some, places) for user, some in mine.items()}
        counts = dict.fromkeys(users, 0)
        for first in range(0, MOST, AT_ONCE):
            some = [
                (each, user)
                for user, several in latest.items()
                if counts[user] < MAX_BADGE
                for each in several[first : first + AT_ONCE]
            ]
            if not some:
                break
            for user in self._with_something_unread(some, places):
                counts[user] += 1
        return {user: min(count, MAX_BADGE) for user, count in counts.items()}

    def _with_something_unread(
        self, several: Sequence[CursorKey], places: Mapping[ConversationId, HeadPlace]
    ) -> Iterator[UserId]:
        """Each as often as it has such conversations. Since when they belong there counts only for who is behind."""
        cursors = self.timeline.cursors(several)
        behind = [key for key in several if unread(places[key[0]], cursors.get(key, Cursor()))]
        standings = self.timeline.standings({key: places[key[0]].seq for key in behind})
        for key in behind:
            standing = standings.get(key)
            if standing is not None and standing.membership is not None:
                conversation, user = key
                if unread(places[conversation], cursors.get(key, Cursor()), standing.membership):
                    yield user


def _latest(
    conversations: Collection[ConversationId], places: Mapping[ConversationId, HeadPlace]
) -> Sequence[ConversationId]:
    folded = [each for each in conversations if each in places]
    return sorted(folded, key=lambda each: places[each].at, reverse=True)[:MOST]
