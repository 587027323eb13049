from typing import Any

import pytest

from natter.domain.errors import NotMember
from natter.domain.ids import ConversationId, UserId
from natter.domain.reading.views import Page
from natter.names import PAGE_LIMIT_BYTES
from natter.usecases.reading.read_events import ReadPage
from natter.wire.events import event_size
from tests.chat import LARGE, Chat, places
from tests.messages import MALLORY, a_delete, a_post, a_reaction, an_edit, text


class Room:
    """A group of Ann and Bob in which Ann has said nine things: its events are at 1 to 10."""

    def __init__(self) -> None:
        self.chat = Chat()
        self.ann, self.bob = self.chat.person("ann"), self.chat.person("bob")
        self.people = (self.ann, self.bob)
        self.lobby = self.chat.group(self.ann, self.bob)
        self.chat.say(self.lobby, self.ann, *(a_post(f"m{seq}") for seq in range(2, 11)))

    def read(
        self, *, reader: UserId | None = None, limit: int = 50, after: int | None = None, before: int | None = None
    ) -> Page:
        return self.chat.read_events(reader or self.ann, self.lobby, after=after, before=before, limit=limit)


@pytest.fixture
def room() -> Room:
    return Room()


class TestReadEvents:
    @pytest.mark.parametrize(
        ("asked", "found", "has_more"),
        [
            ({}, range(1, 11), False),
            ({"limit": 10}, range(1, 11), False),
            ({"limit": 9}, range(2, 11), True),
            ({"limit": 1}, [10], True),
            ({"before": 5}, range(1, 5), False),
            ({"before": 5, "limit": 2}, [3, 4], True),
            ({"before": 3, "limit": 2}, [1, 2], False),
            ({"before": 2}, [1], False),
            ({"before": 1}, [], False),
            ({"before": 0}, [], False),
            ({"before": 1000}, range(1, 11), False),
            ({"before": 1000, "limit": 3}, [8, 9, 10], True),
            ({"after": 0}, range(1, 11), False),
            ({"after": 0, "limit": 4}, [1, 2, 3, 4], True),
            ({"after": 6, "limit": 4}, [7, 8, 9, 10], False),
            ({"after": 6, "limit": 3}, [7, 8, 9], True),
            ({"after": 10}, [], False),
            ({"after": 1000}, [], False),
        ],
    )
    def test_a_page_ascends_and_says_whether_there_is_more_that_way(
        self, room: Room, asked: dict[str, Any], found: list[int], *, has_more: bool
    ) -> None:
        page = room.read(**asked)
        assert (places(page.events), page.has_more) == (list(found), has_more)
        assert (page.first_seq, page.head.seq) == (1, 10)

    @pytest.mark.parametrize(
        ("asked", "found", "has_more"),
        [
            ({}, [11, 12, 13], False),
            ({"limit": 2}, [12, 13], True),
            ({"before": 13}, [11, 12], False),
            ({"before": 11}, [], False),
            ({"before": 5}, [], False),
            ({"after": 0}, [11, 12, 13], False),
            ({"after": 0, "limit": 1}, [11], True),
        ],
    )
    def test_what_was_there_before_joining_is_not_shown(
        self, room: Room, asked: dict[str, Any], found: list[int], *, has_more: bool
    ) -> None:
        """P8."""
        cid = room.chat.person("cid")
        room.chat.join(room.lobby, cid)
        room.chat.say(room.lobby, room.ann, a_post("m12"), a_post("m13"))
        page = room.read(reader=cid, **asked)
        assert (places(page.events), page.has_more, page.first_seq) == (found, has_more, 11)

    def test_with_all_history_everything_is(self, room: Room) -> None:
        cid = room.chat.person("cid")
        room.lobby = room.chat.group(room.ann, history="all")
        room.chat.say(room.lobby, room.ann, a_post("m1"))
        room.chat.join(room.lobby, cid)
        assert places(room.read(reader=cid).events) == [1, 2, 3]

    def test_before_the_fold_has_reached_it_the_page_is_empty(self, room: Room) -> None:
        cid = room.chat.person("cid")
        room.chat.conversations.decide(room.lobby, cid, "member")
        for asked in ({}, {"before": 5}, {"after": 0}):
            page = room.read(reader=cid, **asked)
            assert (page.events, page.has_more, page.first_seq, page.head.seq) == ((), False, 1, 0)

    def test_strangers_and_those_who_left_read_nothing(self, room: Room) -> None:
        """P8."""
        room.chat.leave(room.lobby, room.bob)
        for reader in (MALLORY, room.bob):
            with pytest.raises(NotMember):
                room.read(reader=reader)
        room.lobby = ConversationId("nowhere")
        with pytest.raises(NotMember):
            room.read()


class TestState:
    def test_messages_are_shown_as_they_are_now(self, room: Room) -> None:
        room.chat.say(room.lobby, room.ann, an_edit("e11", 9, "first"), an_edit("e12", 9, "second"))
        room.chat.say(room.lobby, room.bob, a_reaction("r13", 10))
        room.chat.say(room.lobby, room.ann, a_delete("d14", 8))
        page = room.read(after=7)
        shown = {event.seq: event.payload for event in page.events}
        assert shown[8].keys() == {"deleted_at"}
        assert shown[9]["content"] == text("second")
        assert shown[10]["reactions"] == [{"reaction": "👍", "count": 1, "mine": False, "user_ids": [room.bob]}]
        assert shown[11] == {"target_seq": 9}
        assert shown[12]["content"] == text("second")
        assert page.head.seq == 14

    def test_an_effect_above_the_head_has_not_happened(self, room: Room) -> None:
        """It was written by a fold that did not finish, or has not yet."""
        head = room.chat.tables.heads([room.lobby])[room.lobby]
        room.chat.say(room.lobby, room.ann, an_edit("e11", 10, "better"))
        room.chat.say(room.lobby, room.bob, a_reaction("r12", 9))
        room.chat.heads._heads[room.lobby] = head
        page = room.read(after=8)
        assert [event.payload["content"] for event in page.events] == [text("hello"), text("hello")]
        assert all("reactions" not in event.payload for event in page.events)

    def test_reactions_of_the_reader_are_theirs(self, room: Room) -> None:
        room.chat.say(room.lobby, room.bob, a_reaction("r11", 10))
        mine = [room.read(reader=reader, after=9).events[0].payload["reactions"][0]["mine"] for reader in room.people]
        assert mine == [False, True]

    def test_a_long_page_is_shown_as_short_ones_are(self, room: Room) -> None:
        """Its effects are read in parts."""
        room.chat.say(room.lobby, room.ann, *(a_post(f"m{seq}") for seq in range(11, 161)))
        room.chat.say(room.lobby, room.ann, *(an_edit(f"e{seq}", seq, f"edit of {seq}") for seq in range(2, 161, 3)))
        whole = room.read(after=0, limit=200).events
        parts = [room.read(after=after, limit=25).events for after in range(0, 200, 25)]
        assert list(whole) == [event for part in parts for event in part]
        assert [event.payload["content"]["text"] for event in whole[1:160:3]] == [
            f"edit of {seq}" for seq in range(2, 161, 3)
        ]


class TestSize:
    @pytest.fixture
    def room(self) -> Room:
        room = Room()
        room.chat.say(room.lobby, room.ann, *(a_post(f"l{seq}", LARGE) for seq in range(11, 16)))
        return room

    def test_a_page_ends_at_a_mebibyte(self, room: Room) -> None:
        newest, upwards = room.read(), room.read(after=9)
        assert (places(newest.events), newest.has_more) == ([14, 15], True)
        assert (places(upwards.events), upwards.has_more) == ([10, 11, 12], True)
        for page in (newest, upwards):
            assert sum(map(event_size, page.events)) <= PAGE_LIMIT_BYTES

    def test_it_is_what_is_sent_that_counts(self, room: Room) -> None:
        """Not what was said first."""
        room.chat.say(room.lobby, room.ann, *(an_edit(f"e{seq}", seq, "short") for seq in (11, 12)))
        room.chat.say(room.lobby, room.ann, *(an_edit(f"g{seq}", seq, LARGE) for seq in (2, 3)))
        upwards = room.read(after=3)
        assert places(upwards.events) == [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]
        assert places(room.read(after=0, limit=4).events) == [1, 2, 3, 4]
        for page in (upwards, room.read(after=1), room.read()):
            assert sum(map(event_size, page.events)) <= PAGE_LIMIT_BYTES

    def test_page_by_page_nothing_is_left_out(self, room: Room) -> None:
        upwards: list[int] = []
        page = room.read(after=0)
        upwards += places(page.events)
        while page.has_more:
            page = room.read(after=upwards[-1])
            upwards += places(page.events)
        downwards = places(room.read().events)
        while downwards[0] > 1:
            downwards = places(room.read(before=downwards[0]).events) + downwards
        assert upwards == downwards == list(range(1, 16))

    def test_an_event_larger_than_a_page_is_a_page(self) -> None:
        """Else nobody would get past it."""
        room = Room()
        room.chat.say(room.lobby, room.ann, a_post("l11"), a_post("l12"))
        enormous = ReadPage(timeline=room.chat.tables, size=lambda _: PAGE_LIMIT_BYTES + 1)
        view = room.chat.seen(room.ann, room.lobby)
        assert places(enormous.newest(room.ann, view, before=None, limit=50).events) == [12]
        assert places(enormous.after(room.ann, view, after=3, limit=50).events) == [4]
