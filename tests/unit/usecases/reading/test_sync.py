import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from threading import Barrier
from typing import Any, override

import pytest

from natter.domain.conversations.records import ConversationRecord
from natter.domain.errors import BadRequest, Unavailable
from natter.domain.ids import ConversationId, UserId
from natter.domain.messages.events import Event, Head, HeadPlace
from natter.domain.reading.views import ConversationView, Position, Synced
from natter.domain.receipts import Cursor
from natter.names import PAGE_LIMIT_BYTES
from natter.usecases.reading.sync import MAX_CONVERSATIONS, Sync
from natter.usecases.reading.view_conversations import WHOLE_AT_ONCE, ViewConversations
from natter.wire.events import event_size
from tests.chat import LARGE, Chat, places
from tests.identity import NOON
from tests.memory.head_cache import MemoryHeadCache
from tests.memory.tables import MemoryTables
from tests.messages import a_post, a_reaction, an_edit, text


class Room:
    """A group of Ann and Bob in which Ann has said nine things: its events are at 1 to 10."""

    def __init__(self) -> None:
        self.chat = Chat()
        self.ann, self.bob = self.chat.person("ann"), self.chat.person("bob")
        self.lobby = self.chat.group(self.ann, self.bob, conversation_id=ConversationId("lobby"))
        self.chat.say(self.lobby, self.ann, *(a_post(f"m{seq}") for seq in range(2, 11)))

    def sync(
        self, *, user: UserId | None = None, limit: int = 50, cursor: str | None = None, **positions: tuple[int, int]
    ) -> Synced:
        known = {
            ConversationId(each): Position(seq=seq, read_seq=read_seq) for each, (seq, read_seq) in positions.items()
        }
        return self.chat.sync(user or self.ann, known, limit=limit, cursor=cursor)


@pytest.fixture
def room() -> Room:
    return Room()


def brief(synced: Synced) -> list[tuple[str, list[int], bool]]:
    return [(each.view.record.conversation_id, places(each.events), each.limited) for each in synced.missed]


class TestPositions:
    def test_who_has_everything_missed_nothing(self, room: Room) -> None:
        synced = room.sync(lobby=(10, 10))
        assert synced == Synced(missed=(), removed=(), next_cursor=None, at=NOON)

    @pytest.mark.parametrize(
        ("seq", "limit", "found", "is_limited"),
        [
            (9, 50, [10], False),
            (4, 50, range(5, 11), False),
            (4, 6, range(5, 11), False),
            (4, 5, range(6, 11), True),
            (0, 10, range(1, 11), False),
            (0, 1, [10], True),
        ],
    )
    def test_a_gap_up_to_the_limit_is_filled_exactly(
        self, room: Room, seq: int, limit: int, found: list[int], *, is_limited: bool
    ) -> None:
        """Of a wider one, the newest."""
        synced = room.sync(limit=limit, lobby=(seq, 10))
        assert brief(synced) == [("lobby", list(found), is_limited)]

    def test_what_is_new_is_as_if_nothing_of_it_were_known(self, room: Room) -> None:
        assert brief(room.sync(user=room.bob)) == [("lobby", list(range(1, 11)), False)]
        (missed,) = room.sync(user=room.bob).missed
        assert (missed.view.read_seq, missed.view.unread) == (1, 9)

    def test_who_joined_misses_nothing_from_before(self, room: Room) -> None:
        """P8. Not even with a position from an earlier membership."""
        cid = room.chat.person("cid")
        room.chat.join(room.lobby, cid)
        assert brief(room.sync(user=cid)) == [("lobby", [11], False)]
        assert brief(room.sync(user=cid, lobby=(3, 3))) == [("lobby", [11], False)]

    @pytest.mark.parametrize("seq", [11, 1000])
    def test_a_position_beyond_the_head_is_answered_as_limited(self, room: Room, seq: int) -> None:
        assert brief(room.sync(limit=3, lobby=(seq, 10))) == [("lobby", [8, 9, 10], True)]

    @pytest.mark.parametrize(("read_seq", "is_behind"), [(9, True), (10, False), (11, False)])
    def test_a_cursor_that_is_behind_is_told_without_events(
        self, room: Room, read_seq: int, *, is_behind: bool
    ) -> None:
        """Another device of the same user has read further."""
        synced = room.sync(lobby=(10, read_seq))
        assert brief(synced) == ([("lobby", [], False)] if is_behind else [])
        assert [missed.view.read_seq for missed in synced.missed] == [10] * is_behind

    def test_who_has_read_on_another_device_is_told_how_far(self, room: Room) -> None:
        room.chat.say(room.lobby, room.bob, a_post("b11"))
        cursor = Cursor(read_seq=11, read_messages=10, written_at=1)
        room.chat.tables.write_cursors({(room.lobby, room.ann): cursor})
        (missed,) = room.sync(lobby=(11, 10)).missed
        assert (missed.events, missed.view.read_seq, missed.view.unread) == ((), 11, 0)

    def test_where_everything_is_there_and_read_nothing_more_is_looked_up(self, room: Room) -> None:
        """Of a thousand conversations, most are like that."""
        room.chat.group(room.ann, conversation_id=ConversationId("kitchen"))
        sync, asked = watched(room)
        known = {ConversationId("lobby"): Position(seq=10, read_seq=10)}
        assert brief(sync(room.ann, known, limit=50, cursor=None)) == [("kitchen", [1], False)]
        assert asked == ["kitchen"]

    def test_messages_are_shown_as_they_are_now(self, room: Room) -> None:
        room.chat.say(room.lobby, room.bob, a_reaction("r11", 10))
        room.chat.say(room.lobby, room.ann, an_edit("e12", 10, "better"))
        (missed,) = room.sync(lobby=(9, 10)).missed
        assert (missed.events[0].payload["content"], missed.view.head.seq) == (text("better"), 12)
        assert missed.events[0].payload["reactions"][0]["user_ids"] == [room.bob]

    def test_what_is_not_readable_is_removed(self, room: Room) -> None:
        """P8. Whether one was removed, or there never was such a conversation."""
        room.chat.leave(room.lobby, room.bob)
        synced = room.sync(user=room.bob, lobby=(3, 3), nowhere=(1, 1))
        assert (synced.missed, synced.removed) == ((), ("lobby", "nowhere"))

    def test_until_the_fold_has_reached_it_a_conversation_is_not_listed(self, room: Room) -> None:
        cid = room.chat.person("cid")
        room.chat.conversations.decide(room.lobby, cid, "member")
        for synced in (room.sync(user=cid), room.sync(user=cid, lobby=(0, 0))):
            assert synced == Synced(missed=(), removed=(), next_cursor=None, at=NOON)


def watched(room: Room) -> tuple[Sync, list[ConversationId]]:
    """A sync, and the conversations whose memberships and cursors it has looked up."""
    asked: list[ConversationId] = []

    class Watched(ViewConversations):
        def at(
            self, heads: Mapping[ConversationId, Head], user: UserId, records: Sequence[ConversationRecord]
        ) -> list[ConversationView]:
            asked.extend(record.conversation_id for record in records)
            return super().at(heads, user, records)

    return replace(room.chat.sync, view=Watched(heads=room.chat.view.heads, timeline=room.chat.tables)), asked


class TestManyConversations:
    def test_their_events_are_read_concurrently_and_answered_in_order(self, room: Room) -> None:
        """Each read waits for another one to be under way."""
        together = Barrier(2, timeout=10)

        class Waiting(MemoryTables):
            @override
            def events(
                self, conversation: ConversationId, first: int, last: int, *, newest_first: bool
            ) -> Iterable[Event]:
                together.wait()
                return super().events(conversation, first, last, newest_first=newest_first)

        groups = [room.chat.group(room.ann, conversation_id=ConversationId(f"group-{number}")) for number in range(5)]
        waiting = Waiting()
        waiting.__dict__.update(room.chat.tables.__dict__)
        sync = replace(room.chat.sync, pages=replace(room.chat.engines.read_page, timeline=waiting))
        synced = sync(room.ann, {}, limit=50, cursor=None)
        assert [each.view.record.conversation_id for each in synced.missed] == [*groups, room.lobby]
        assert [len(each.events) for each in synced.missed] == [1, 1, 1, 1, 1, 10]

    def test_a_store_that_fails_for_one_fails_the_answer(self, room: Room) -> None:
        class Failing(MemoryTables):
            @override
            def events(
                self, conversation: ConversationId, first: int, last: int, *, newest_first: bool
            ) -> Iterable[Event]:
                if conversation == room.lobby:
                    raise Unavailable("the message store")
                return super().events(conversation, first, last, newest_first=newest_first)

        room.chat.group(room.ann)
        failing = Failing()
        failing.__dict__.update(room.chat.tables.__dict__)
        with pytest.raises(Unavailable):
            replace(room.chat.sync, pages=replace(room.chat.engines.read_page, timeline=failing))(
                room.ann, {}, limit=50, cursor=None
            )

    def test_of_those_that_one_is_in_no_more_is_read_whole_than_an_answer_lists(self, room: Room) -> None:
        """Neither of the heads, with their last messages, nor of what PostgreSQL knows."""
        for number in range(250):
            room.chat.group(room.ann, conversation_id=ConversationId(f"group-{number:03}"))
        whole: list[int] = []

        class Counting(MemoryHeadCache):
            @override
            def get(self, conversations: Sequence[ConversationId]) -> Mapping[ConversationId, Head]:
                whole.append(len(conversations))
                return super().get(conversations)

            @override
            def places(self, conversations: Sequence[ConversationId]) -> Mapping[ConversationId, HeadPlace]:
                return {each: HeadPlace.of(head) for each, head in super().get(conversations).items()}

        cache = Counting()
        cache.__dict__.update(room.chat.heads.__dict__)
        view = replace(room.chat.view, heads=replace(room.chat.view.heads, cache=cache))
        replace(room.chat.sync, view=view)(room.ann, {}, limit=50, cursor=None)
        replace(room.chat.read_inbox, view=view)(room.ann, limit=20, cursor=None)
        assert sum(whole) <= WHOLE_AT_ONCE * 3 + MAX_CONVERSATIONS + 20
        cold, whole[:] = Counting(), []
        heads = replace(room.chat.view.heads, cache=cold)
        assert len(heads.places([ConversationId(f"group-{number:03}") for number in range(250)])) == 250
        assert max(whole) == WHOLE_AT_ONCE


class TestCursor:
    def test_what_one_answer_does_not_list_is_not_looked_up_for_it(self, room: Room) -> None:
        for number in range(250):
            room.chat.group(room.ann, conversation_id=ConversationId(f"group-{number:03}"))
        sync, asked = watched(room)
        first = sync(room.ann, {}, limit=50, cursor=None)
        assert len(asked) == MAX_CONVERSATIONS
        sync(room.ann, {}, limit=50, cursor=first.next_cursor)
        assert len(set(asked)) == len(asked) == 251

    def test_at_most_200_conversations_are_in_one_answer(self, room: Room) -> None:
        """Those that are gone count, too; the rest follows, and nothing twice."""
        for number in range(150):
            room.chat.group(room.ann, conversation_id=ConversationId(f"group-{number:03}"))
        unknown: dict[str, Any] = {f"unknown-{number:03}": (1, 1) for number in range(100)}
        first = room.sync(lobby=(10, 10), **unknown)
        second = room.sync(lobby=(10, 10), cursor=first.next_cursor, **unknown)
        assert len(first.missed) + len(first.removed) == MAX_CONVERSATIONS
        assert second.next_cursor is None
        listed = [each.view.record.conversation_id for page in (first, second) for each in page.missed]
        assert sorted(listed) == [f"group-{number:03}" for number in range(150)]
        assert sorted((*first.removed, *second.removed)) == sorted(unknown)

    def test_an_answer_ends_at_a_mebibyte(self, room: Room) -> None:
        for name in ("a", "b", "c", "d"):
            kitchen = room.chat.group(room.ann, conversation_id=ConversationId(name))
            room.chat.say(kitchen, room.ann, a_post("m1", LARGE))
        pages = [room.sync()]
        while pages[-1].next_cursor is not None:
            pages.append(room.sync(cursor=pages[-1].next_cursor))
        assert [[each.view.record.conversation_id for each in page.missed] for page in pages] == [
            ["a", "b"],
            ["c", "d", "lobby"],
        ]
        for page in pages:
            assert sum(event_size(event) for each in page.missed for event in each.events) <= PAGE_LIMIT_BYTES

    def test_a_gap_of_more_than_a_mebibyte_is_limited(self, room: Room) -> None:
        room.chat.say(room.lobby, room.ann, *(a_post(f"l{number}", LARGE) for number in range(5)))
        assert brief(room.sync(lobby=(10, 15))) == [("lobby", [14, 15], True)]

    @pytest.mark.parametrize(
        "cursor",
        ["", "x", "ä", "====", *(base64.urlsafe_b64encode(each).decode() for each in (b"1", b"[1]", b"[]", b"\xff"))],
    )
    def test_a_cursor_that_is_none_of_ours_is_refused(self, room: Room, cursor: str) -> None:
        with pytest.raises(BadRequest, match=r"^cursor: not one of ours$"):
            room.sync(cursor=cursor)
