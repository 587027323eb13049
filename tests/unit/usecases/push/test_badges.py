"""The number on an icon: derived, and brought up to date on devices that show another one."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from natter.domain.conversations.members import MembershipChange
from natter.domain.errors import Unavailable
from natter.domain.fold.writes import MembershipRow
from natter.domain.ids import ConversationId, DeviceId, UserId
from natter.domain.messages.events import Head
from natter.domain.push.registrations import Handed, Outcome
from natter.domain.push.waves import Wave
from natter.domain.push.wording import BADGE_PACE_MS, MAX_BADGE, Badge
from natter.domain.receipts import Cursor
from natter.ports.conversations import Conversations
from natter.usecases.push.ask_for_badges import AskForBadges
from natter.usecases.push.count_unread import AT_ONCE, MOST, CountUnread
from natter.usecases.push.tell_badges import TellBadges
from natter.usecases.reading.view_conversations import ReadHeads
from tests.memory.connections import MemoryConnections
from tests.memory.head_cache import MemoryHeadCache
from tests.memory.push import MemoryPushRegistrations, MemoryPushService, MemoryShownBadges, MemoryWaveQueue
from tests.memory.tables import MemoryTables
from tests.messages import ANN, BOB, NOON, a_connection
from tests.pushing import a_registration

PHONE, TABLET = DeviceId("bob-phone"), DeviceId("bob-tablet")


class Inbox:
    """Bob's: conversations in each of which five messages were said, after each other."""

    def __init__(self, count: int) -> None:
        self.ids = [ConversationId(f"c{number}") for number in range(count)]
        self.tables = MemoryTables()
        joined = MembershipChange(user_id=BOB, seq=1, role="member", messages=0)
        self.tables.write([MembershipRow(conversation_id=each, change=joined, written_at=1) for each in self.ids])
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
        joined = MembershipChange(user_id=BOB, seq=6, role="member", messages=5)
        inbox.tables.write([MembershipRow(conversation_id=inbox.ids[0], change=joined, written_at=2)])
        gone = MembershipChange(user_id=BOB, seq=5, role=None, messages=4)
        inbox.tables.write([MembershipRow(conversation_id=inbox.ids[0], change=gone, written_at=2)])

        assert inbox.count(BOB) == 0

    def test_ninety_nine_are_enough(self) -> None:
        assert Inbox(3 * AT_ONCE).count(BOB) == MAX_BADGE

    def test_no_more_than_the_latest_are_looked_at(self) -> None:
        inbox = Inbox(MOST + 1)
        inbox.read(*inbox.ids[1:])

        assert inbox.count(BOB) == 0


class DownQueue(MemoryWaveQueue):
    def add(self, waves: Sequence[Wave], *, delay_s: int = 0) -> None:
        raise Unavailable(f"the queue, for {len(waves)} in {delay_s} s")


class TestAskForBadges:
    def test_those_are_asked_for_whose_devices_show_something_at_most_once_a_minute(self) -> None:
        shown, queue = MemoryShownBadges(), MemoryWaveQueue()
        ask = AskForBadges(shown=shown, queue=queue)
        shown.note({(BOB, PHONE): 3})
        for _ in range(5):
            ask({ANN, BOB})

        bobs = Wave(badges=(BOB,))
        assert queue.waiting == [(0, bobs), (BADGE_PACE_MS // 1000, bobs)]

    def test_nothing_waits_for_it(self) -> None:
        shown = MemoryShownBadges()
        shown.note({(BOB, PHONE): 3})
        AskForBadges(shown=shown, queue=DownQueue())({BOB})


class Devices:
    """Bob's phone and tablet, which show three; one conversation has something unread."""

    def __init__(self) -> None:
        self.shown, self.registry, self.service = MemoryShownBadges(), MemoryConnections(), MemoryPushService()
        self.registrations = MemoryPushRegistrations(a_registration(BOB), a_registration(BOB, "tablet"))
        self.shown.note({(BOB, PHONE): 3, (BOB, TABLET): 3})
        self.unread = 1
        self.tell = TellBadges(
            registrations=self.registrations,
            connections=self.registry,
            shown=self.shown,
            count_unread=lambda _user: self.unread,
            service=self.service,
            now_ms=lambda: NOON,
        )

    @property
    def told(self) -> list[tuple[DeviceId, object]]:
        return [(each.registration.device_id, each.push) for each in self.service.taken]


class TestTellBadges:
    def test_devices_that_show_another_number_are_told(self) -> None:
        devices = Devices()
        devices.tell([ANN, BOB])

        assert devices.told == [(PHONE, Badge(badge=1)), (TABLET, Badge(badge=1))]
        assert devices.shown.of([BOB]) == {BOB: {PHONE: 1, TABLET: 1}}

    def test_what_is_true_is_not_told_again(self) -> None:
        devices = Devices()
        devices.unread = 3
        devices.tell([BOB])
        assert devices.told == []

    def test_who_is_connected_counts_for_themselves(self) -> None:
        devices = Devices()
        devices.registry.register(replace(a_connection(BOB), device_id=TABLET))
        devices.tell([BOB])
        assert [device for device, _ in devices.told] == [PHONE]

    def test_what_was_not_taken_is_not_shown_and_a_dead_token_forgotten(self) -> None:
        devices = Devices()
        devices.service.answers = {
            PHONE: Handed(outcome=Outcome.REFUSED),
            TABLET: Handed(outcome=Outcome.DEAD),
        }
        devices.tell([BOB])

        assert devices.shown.of([BOB]) == {BOB: {PHONE: 3, TABLET: 3}}
        assert devices.registrations.all == [a_registration(BOB)]
