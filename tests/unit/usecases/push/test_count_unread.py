"""The number on an icon: derived, and bounded."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import cast

from natter.domain.conversations.members import MemberKey, Membership, Standing
from natter.domain.fold.writes import StandingRow
from natter.domain.ids import ConversationId, UserId
from natter.domain.messages.events import Head
from natter.domain.push.wording import MAX_BADGE
from natter.domain.receipts import Cursor, CursorKey
from natter.ports.conversations import Conversations
from natter.ports.reading import Timeline
from natter.usecases.push.count_unread import AT_ONCE, MOST, CountUnread
from natter.usecases.reading.view_conversations import ReadHeads
from tests.memory.head_cache import MemoryHeadCache
from tests.memory.tables import MemoryTables
from tests.messages import BOB, NOON


class Inbox:
    """Bob's: conversations in each of which five messages were said, after each other."""

    def __init__(self, count: int) -> None:
        self.ids = [ConversationId(f"c{number}") for number in range(count)]
        self.tables = MemoryTables()
        for each in self.ids:
            self.stand(each, Membership(role="member", joined_seq=1, joined_messages=0), seq=1)
        self.tables.write_heads(
            [
                Head(conversation_id=each, seq=6, messages=5, at=NOON + number, written_at=1)
                for number, each in enumerate(self.ids)
            ]
        )
        self.count = CountUnread(
            conversations=cast(Conversations, self),
            heads=ReadHeads(cache=MemoryHeadCache(), timeline=self.tables),
            timeline=self.tables,
        )

    def stand(self, conversation: ConversationId, membership: Membership | None, *, seq: int) -> None:
        standing = Standing(seq=seq, membership=membership)
        self.tables.write([StandingRow(conversation_id=conversation, user_id=BOB, standing=standing, written_at=seq)])

    def of_each(self, users: Collection[UserId]) -> dict[UserId, list[ConversationId]]:
        return dict.fromkeys(users, self.ids) if self.ids else {}

    def bobs(self) -> int:
        return self.count([BOB])[BOB]

    def read(self, *conversations: ConversationId, messages: int = 5) -> None:
        cursor = Cursor(read_seq=messages + 1, read_messages=messages, written_at=1)
        self.tables.write_cursors({(each, BOB): cursor for each in conversations})


class Counted:
    """Tables of which it is counted how often they are asked."""

    def __init__(self, tables: MemoryTables, asked: Counter[str], standings: list[object] | None = None) -> None:
        self._tables, self._asked, self._standings = tables, asked, standings

    def cursors(self, keys: Iterable[CursorKey]) -> Mapping[CursorKey, Cursor]:
        self._asked["cursors"] += 1
        return self._tables.cursors(keys)

    def standings(self, up_to: Mapping[MemberKey, int]) -> Mapping[MemberKey, Standing]:
        self._asked["standings"] += 1
        if self._standings is not None:
            self._standings += up_to
        return self._tables.standings(up_to)


class TestCountUnread:
    def test_conversations_with_something_unread_are_counted(self) -> None:
        inbox = Inbox(5)
        inbox.read(*inbox.ids[:2])
        inbox.read(inbox.ids[2], messages=4)

        assert inbox.bobs() == 3

    def test_who_belongs_to_nothing_has_read_everything(self) -> None:
        assert Inbox(0).bobs() == 0

    def test_what_was_said_before_one_joined_is_not_unread(self) -> None:
        inbox = Inbox(1)
        inbox.stand(inbox.ids[0], Membership(role="member", joined_seq=6, joined_messages=5), seq=6)

        assert inbox.bobs() == 0

    def test_who_has_left_has_nothing_to_read(self) -> None:
        inbox = Inbox(1)
        inbox.stand(inbox.ids[0], None, seq=3)

        assert inbox.bobs() == 0

    def test_ninety_nine_are_enough(self) -> None:
        assert Inbox(3 * AT_ONCE).bobs() == MAX_BADGE

    def test_of_many_each_store_is_asked_a_few_times(self) -> None:
        """Who is all in the same conversations, or has read everything, costs no more of them."""
        inbox = Inbox(3 * AT_ONCE)
        asked = Counter[str]()
        counted = replace(inbox.count, timeline=cast(Timeline, Counted(inbox.tables, asked)))
        inbox.read(*inbox.ids)
        people = [BOB, *(UserId(f"u{number}") for number in range(30))]

        assert counted(people) == dict.fromkeys(people, 0)
        assert asked == {"cursors": 3, "standings": 3}

    def test_since_when_somebody_belongs_is_asked_only_of_what_they_may_not_have_read(self) -> None:
        inbox = Inbox(3)
        inbox.read(*inbox.ids[:2])
        looked_up: list[object] = []
        tables = Counted(inbox.tables, Counter(), looked_up)

        assert replace(inbox.count, timeline=cast(Timeline, tables))([BOB]) == {BOB: 1}
        assert looked_up == [(inbox.ids[2], BOB)]

    def test_no_more_than_the_latest_are_looked_at(self) -> None:
        inbox = Inbox(MOST + 1)
        inbox.read(*inbox.ids[1:])

        assert inbox.bobs() == 0
