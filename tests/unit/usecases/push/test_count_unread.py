"""The number on an icon: derived, and bounded."""

from typing import cast

from natter.domain.conversations.members import Membership, Standing
from natter.domain.fold.writes import StandingRow
from natter.domain.ids import ConversationId, UserId
from natter.domain.messages.events import Head
from natter.domain.push.wording import MAX_BADGE
from natter.domain.receipts import Cursor
from natter.ports.conversations import Conversations
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

    def begun_of(self, _user: UserId) -> dict[ConversationId, int]:
        return dict.fromkeys(self.ids, NOON)

    def read(self, *conversations: ConversationId, messages: int = 5) -> None:
        cursor = Cursor(read_seq=messages + 1, read_messages=messages, written_at=1)
        self.tables.write_cursors({(each, BOB): cursor for each in conversations})


class TestCountUnread:
    def test_conversations_with_something_unread_are_counted(self) -> None:
        inbox = Inbox(5)
        inbox.read(*inbox.ids[:2])
        inbox.read(inbox.ids[2], messages=4)

        assert inbox.count(BOB) == 3

    def test_who_belongs_to_nothing_has_read_everything(self) -> None:
        assert Inbox(0).count(BOB) == 0

    def test_what_was_said_before_one_joined_is_not_unread(self) -> None:
        inbox = Inbox(1)
        inbox.stand(inbox.ids[0], Membership(role="member", joined_seq=6, joined_messages=5), seq=6)

        assert inbox.count(BOB) == 0

    def test_who_has_left_has_nothing_to_read(self) -> None:
        inbox = Inbox(1)
        inbox.stand(inbox.ids[0], None, seq=3)

        assert inbox.count(BOB) == 0

    def test_ninety_nine_are_enough(self) -> None:
        assert Inbox(3 * AT_ONCE).count(BOB) == MAX_BADGE

    def test_no_more_than_the_latest_are_looked_at(self) -> None:
        inbox = Inbox(MOST + 1)
        inbox.read(*inbox.ids[1:])

        assert inbox.count(BOB) == 0
