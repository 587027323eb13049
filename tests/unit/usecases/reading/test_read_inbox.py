import base64
from collections.abc import Callable
from dataclasses import replace

import pytest

from natter.domain.errors import BadRequest
from natter.domain.ids import ConversationId, UserId
from natter.domain.reading.views import InboxPage
from natter.names import PAGE_LIMIT_BYTES
from natter.wire.conversations import conversation_size
from tests.chat import LARGE, Chat
from tests.messages import a_delete, a_post, an_edit, text


class Room:
    """Ann's groups `a` to `e`, made in this order, a second after each other."""

    def __init__(self) -> None:
        self.chat = Chat()
        self.ann, self.bob = self.chat.person("ann"), self.chat.person("bob")
        for name in "abcde":
            self.group(name)

    def group(self, name: str) -> ConversationId:
        self.chat.world.clock.advance(seconds=1)
        return self.chat.group(self.ann, conversation_id=ConversationId(name))

    def say(self, name: str, words: str = "hello") -> None:
        self.chat.world.clock.advance(seconds=1)
        self.chat.say(ConversationId(name), self.ann, a_post(f"{name}-{self.chat.world.clock()}", words))

    def read(self, *, user: UserId | None = None, limit: int = 50, cursor: str | None = None) -> InboxPage:
        return self.chat.read_inbox(user or self.ann, limit=limit, cursor=cursor)


@pytest.fixture
def room() -> Room:
    return Room()


def names(page: InboxPage) -> str:
    return "".join(view.record.conversation_id for view in page.items)


class TestOrder:
    def test_the_latest_activity_comes_first(self, room: Room) -> None:
        assert names(room.read()) == "edcba"
        room.say("b")
        room.say("d")
        page = room.read()
        assert (names(page), page.next_cursor) == ("dbeca", None)
        activity = [view.head.at for view in page.items]
        assert activity == sorted(activity, reverse=True)

    def test_what_happened_at_once_has_an_order_all_the_same(self, room: Room) -> None:
        for name in ("y", "z", "x"):
            room.chat.group(room.bob, conversation_id=ConversationId(name))
        first = room.read(user=room.bob, limit=2)
        assert (names(first), names(room.read(user=room.bob, limit=2, cursor=first.next_cursor))) == ("zy", "x")

    def test_who_has_no_conversations_has_an_empty_inbox(self, room: Room) -> None:
        assert room.read(user=room.bob) == InboxPage(items=(), next_cursor=None)

    def test_one_that_is_not_folded_yet_is_as_old_as_it_is(self, room: Room) -> None:
        room.chat.world.clock.advance(seconds=1)
        room.chat.conversations.decide(ConversationId("c"), room.bob, "member")
        room.chat.group(room.bob, conversation_id=ConversationId("f"))
        page = room.read(user=room.bob)
        assert names(page) == "fc"
        assert (page.items[1].head.seq, page.items[1].unread) == (0, 0)


class TestPages:
    def test_go_on_where_the_one_before_ended(self, room: Room) -> None:
        first = room.read(limit=2)
        second = room.read(limit=2, cursor=first.next_cursor)
        third = room.read(limit=2, cursor=second.next_cursor)
        assert (names(first), names(second), names(third)) == ("ed", "cb", "a")
        assert third.next_cursor is None

    def test_that_are_just_full_are_the_last(self, room: Room) -> None:
        assert room.read(limit=5).next_cursor is None

    @pytest.mark.parametrize(
        "happens",
        [
            lambda room: room.group("f"),
            lambda room: room.say("e"),
            lambda room: room.say("d"),
            lambda room: room.chat.leave(ConversationId("d"), room.ann),
        ],
        ids=["a new one", "activity in the first", "activity in the last", "the last is left"],
    )
    def test_survive_what_happens_meanwhile(self, room: Room, happens: Callable[[Room], object]) -> None:
        first = room.read(limit=2)
        happens(room)
        second = room.read(limit=2, cursor=first.next_cursor)
        assert (names(first), names(second)) == ("ed", "cb")

    def test_end_at_a_mebibyte(self, room: Room) -> None:
        for name in "abcde":
            room.say(name, LARGE)
        pages = [room.read()]
        while pages[-1].next_cursor is not None:
            pages.append(room.read(cursor=pages[-1].next_cursor))
        assert [names(page) for page in pages] == ["ed", "cb", "a"]
        for page in pages:
            assert sum(map(conversation_size, page.items)) <= PAGE_LIMIT_BYTES

    def test_hold_at_least_one(self, room: Room) -> None:
        """Else nobody would get past it."""
        enormous = replace(room.chat.read_inbox, size=lambda _: PAGE_LIMIT_BYTES + 1)
        first = enormous(room.ann, limit=50, cursor=None)
        assert (names(first), names(enormous(room.ann, limit=50, cursor=first.next_cursor))) == ("e", "d")

    @pytest.mark.parametrize(
        "cursor",
        [
            "",
            "x",
            "ä",
            *(base64.urlsafe_b64encode(each).decode() for each in (b"[1]", b'["a",1]', b"7", b'[true,"a"]')),
        ],
    )
    def test_a_cursor_that_is_none_of_ours_is_refused(self, room: Room, cursor: str) -> None:
        with pytest.raises(BadRequest, match=r"^cursor: not one of ours$"):
            room.read(cursor=cursor)


class TestLastMessage:
    def test_is_as_it_is_shown_now(self, room: Room) -> None:
        lobby = room.group("f")
        room.chat.say(lobby, room.ann, a_post("m1"), an_edit("e1", 2, "better"))
        edited = room.read().items[0].head.preview
        room.chat.say(lobby, room.ann, a_delete("d1", 2))
        deleted = room.read().items[0].head.preview
        assert edited is not None
        assert deleted is not None
        assert (edited.payload["content"], "edited_at" in edited.payload) == (text("better"), True)
        assert deleted.payload.keys() == {"deleted_at"}
