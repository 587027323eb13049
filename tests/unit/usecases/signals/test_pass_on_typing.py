import json
from contextlib import suppress
from dataclasses import replace
from typing import Any, override

import pytest

from natter.domain.connections import Connection
from natter.domain.conversations.records import CreateRequest
from natter.domain.conversations.roster import Roster
from natter.domain.errors import NotMember
from natter.domain.ids import ConversationId, UserId
from natter.domain.limits import TYPING_PER_USER
from natter.domain.signals import MAX_TYPING_SHOWN
from natter.usecases.signals.pass_on_typing import PassOnTyping
from natter.wire.json_frames import JsonFrames
from tests.chat import Chat
from tests.identity import NOON
from tests.memory.admission import MemoryAdmission
from tests.messages import MALLORY, a_connection


class Typing:
    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self.pass_on = PassOnTyping(
            admission=chat.admission, limits=chat.world.limits, frames=JsonFrames(), tell=chat.tell
        )

    def connect(self, user: UserId, name: str | None = None) -> Connection:
        connection = a_connection(user, name)
        self._chat.registry.register(connection)
        return connection

    def seen(self, connection: Connection) -> list[Any]:
        """Since it was asked last."""
        return [json.loads(frame) for frame in self._chat.gateway.frames.pop(connection.connection_id, [])]


@pytest.fixture
def typing(chat: Chat) -> Typing:
    return Typing(chat)


@pytest.fixture
def lobby(chat: Chat, ann: UserId, bob: UserId) -> ConversationId:
    return chat.group(ann, bob)


class TestPassOnTyping:
    def test_the_others_see_it_on_all_their_devices(
        self, typing: Typing, ann: UserId, bob: UserId, lobby: ConversationId
    ) -> None:
        anns, phone, desk = typing.connect(ann), typing.connect(bob, "phone"), typing.connect(bob, "desk")
        strangers = typing.connect(MALLORY)
        typing.pass_on(ann, lobby, "started")
        shown = {"type": "typing", "conversation_id": lobby, "user_id": ann, "state": "started"}
        assert typing.seen(phone) == typing.seen(desk) == [shown]
        assert typing.seen(anns) == typing.seen(strangers) == []

    def test_too_often_nobody_is_looked_up(self, chat: Chat, typing: Typing, ann: UserId) -> None:
        """In one conversation, or in ever others, whether they exist or not."""
        asked: list[ConversationId] = []

        class Counting(MemoryAdmission):
            @override
            def roster(self, conversation: ConversationId) -> Roster:
                asked.append(conversation)
                return super().roster(conversation)

        pass_on = replace(typing.pass_on, admission=Counting(chat.conversations))
        group = chat.group(ann)
        for _ in range(3):
            pass_on(ann, group, "started")
        assert asked == [group]
        for number in range(100):
            with suppress(NotMember):
                pass_on(ann, ConversationId(f"nowhere-{number}"), "started")
        assert len(asked) == TYPING_PER_USER.burst

    def test_too_often_in_one_conversation_leaves_the_others_their_share(
        self, typing: Typing, ann: UserId, bob: UserId, lobby: ConversationId, chat: Chat
    ) -> None:
        kitchen = chat.group(ann, bob)
        bobs = typing.connect(bob)
        for _ in range(2 * TYPING_PER_USER.burst):
            typing.pass_on(ann, lobby, "started")
        typing.pass_on(ann, kitchen, "started")
        assert [frame["conversation_id"] for frame in typing.seen(bobs)] == [lobby, kitchen]

    def test_a_stranger_may_not(self, typing: Typing, bob: UserId, lobby: ConversationId) -> None:
        """P8."""
        bobs = typing.connect(bob)
        for conversation in (lobby, ConversationId("nowhere")):
            with pytest.raises(NotMember):
                typing.pass_on(MALLORY, conversation, "started")
        assert typing.seen(bobs) == []

    def test_a_stranger_may_not_however_often(self, typing: Typing, lobby: ConversationId) -> None:
        """P8: what was tried before does not change the answer."""
        for _ in range(3):
            with pytest.raises(NotMember):
                typing.pass_on(MALLORY, lobby, "started")

    def test_more_often_than_every_two_seconds_it_is_not_passed_on(
        self, chat: Chat, typing: Typing, ann: UserId, bob: UserId, lobby: ConversationId
    ) -> None:
        bobs = typing.connect(bob)
        typing.pass_on(ann, lobby, "started")
        chat.world.clock.advance(seconds=1.9)
        typing.pass_on(ann, lobby, "stopped")
        assert [frame["state"] for frame in typing.seen(bobs)] == ["started"]
        chat.world.clock.advance(seconds=0.1)
        typing.pass_on(ann, lobby, "stopped")
        assert [frame["state"] for frame in typing.seen(bobs)] == ["stopped"]

    def test_each_has_their_own_turn_in_each_conversation(
        self, chat: Chat, typing: Typing, ann: UserId, bob: UserId, lobby: ConversationId
    ) -> None:
        kitchen = chat.group(ann, bob)
        anns, bobs = typing.connect(ann), typing.connect(bob)
        for user, conversation in ((ann, lobby), (ann, kitchen), (bob, lobby)):
            typing.pass_on(user, conversation, "started")
        assert [frame["conversation_id"] for frame in typing.seen(bobs)] == [lobby, kitchen]
        assert [frame["user_id"] for frame in typing.seen(anns)] == [bob]

    def test_in_large_conversations_it_is_not_passed_on(self, chat: Chat, typing: Typing, ann: UserId) -> None:
        others = [chat.person(f"user{number}") for number in range(MAX_TYPING_SHOWN)]
        fitting, large = chat.group(ann, *others[1:]), chat.group(ann, *others)
        last = typing.connect(others[-1])
        typing.pass_on(ann, large, "started")
        assert typing.seen(last) == []
        typing.pass_on(ann, fitting, "started")
        assert [frame["conversation_id"] for frame in typing.seen(last)] == [fitting]

    def test_across_a_block_it_is_not_passed_on_and_nobody_is_told_so(
        self, chat: Chat, typing: Typing, ann: UserId, bob: UserId, lobby: ConversationId
    ) -> None:
        """In a direct conversation; in a group that both belong to, it is."""
        direct = chat.create(CreateRequest(creator=ann, kind="direct", members=(bob,)))[0].record.conversation_id
        anns, bobs = typing.connect(ann), typing.connect(bob)
        chat.world.blocks.add(bob, ann, at=NOON)
        for user in (ann, bob):
            typing.pass_on(user, direct, "started")
        assert typing.seen(anns) == typing.seen(bobs) == []
        typing.pass_on(ann, lobby, "started")
        assert len(typing.seen(bobs)) == 1
