import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import override

import pytest

from natter.domain.conversations.roster import NO_ROSTER, Roster
from natter.domain.errors import Unavailable
from natter.domain.ids import ConversationId, UserId
from natter.domain.push.badges import Readers
from natter.domain.receipts import MAX_READERS_SHOWN, Cursor, CursorKey
from natter.usecases.receipts.fold_receipts import ROSTERS_AT_ONCE
from tests.memory.admission import MemoryAdmission
from tests.memory.tables import MemoryTables
from tests.messages import NOON, a_post
from tests.support.receipts import Stage


class CountingTables(MemoryTables):
    written = 0

    def write_cursors(self, cursors: Mapping[CursorKey, Cursor]) -> None:
        self.written += len(cursors)
        super().write_cursors(cursors)


class FullTables(MemoryTables):
    def write_cursors(self, cursors: Mapping[CursorKey, Cursor]) -> None:
        raise Unavailable(f"the store, given {len(cursors)}")


class DownAdmission:
    def role(self, conversation: ConversationId, user: UserId) -> None:
        raise Unavailable(f"admission of {user} to {conversation}")

    def roster(self, conversation: ConversationId) -> Roster:
        raise AssertionError(f"nobody asks for {conversation} alone")

    def rosters(self, conversations: Collection[ConversationId]) -> Mapping[ConversationId, Roster]:
        raise Unavailable(f"the members of {conversations}")

    def replace(self, conversation: ConversationId) -> None:
        raise Unavailable(f"the members of {conversation}")


class EmptyAdmission:
    def role(self, conversation: ConversationId, user: UserId) -> None:
        raise AssertionError(f"nobody asks for {user} in {conversation}")

    def roster(self, conversation: ConversationId) -> Roster:
        raise AssertionError(f"nobody asks for {conversation} alone")

    def rosters(self, conversations: Collection[ConversationId]) -> Mapping[ConversationId, Roster]:
        return dict.fromkeys(conversations, NO_ROSTER)

    def replace(self, conversation: ConversationId) -> None:
        raise AssertionError(f"nothing changes in {conversation}")


@pytest.fixture
def stage() -> Stage:
    return Stage()


class TestCursors:
    def test_reading_counts_the_messages_up_to_there(self, stage: Stage) -> None:
        """P6: unread is what is left."""
        assert stage.chat.seen(stage.bob, stage.lobby).unread == 4
        stage.fold([stage.record(stage.bob, read=3)])
        cursor = stage.cursor(stage.bob)
        assert (cursor.read_seq, cursor.read_messages) == (3, 2)
        seen = stage.chat.seen(stage.bob, stage.lobby)
        assert (seen.read_seq, seen.unread) == (3, 2)

    def test_delivery_leaves_unread_what_was_not_read(self, stage: Stage) -> None:
        stage.fold([stage.record(stage.bob, read=3), stage.record(stage.bob, delivered=5)])
        cursor = stage.cursor(stage.bob)
        assert (cursor.read_seq, cursor.read_messages, cursor.delivered_seq) == (3, 2, 5)
        stage.fold([stage.record(stage.bob, delivered=5)])
        assert stage.chat.seen(stage.bob, stage.lobby).unread == 2

    def test_what_was_sent_meanwhile_stays(self, stage: Stage) -> None:
        stage.chat.say(stage.lobby, stage.bob, a_post("b1"))
        stage.fold([stage.record(stage.bob, read=3)])
        assert stage.cursor(stage.bob).sent_seq == 6
        assert stage.chat.seen(stage.bob, stage.lobby).unread == 0
        stage.chat.say(stage.lobby, stage.bob, a_post("b2"))
        assert (stage.cursor(stage.bob).read_seq, stage.cursor(stage.bob).sent_seq) == (3, 7)

    def test_a_batch_is_one_write_for_each_member_of_each_conversation(self, stage: Stage) -> None:
        kitchen = stage.direct()
        tables = CountingTables()
        tables.__dict__.update(stage.chat.tables.__dict__)
        batch = [stage.record(user, read=seq) for seq in (2, 4, 3) for user in (stage.bob, stage.cid)]
        batch += [stage.record(stage.bob, read=2, conversation=kitchen)]
        replace(stage.fold, store=tables)(batch)
        assert tables.written == 3
        assert [stage.cursor(user).read_seq for user in (stage.bob, stage.cid)] == [4, 4]
        assert stage.cursor(stage.bob, kitchen).read_seq == 2

    def test_a_batch_that_comes_again_changes_nothing(self, stage: Stage) -> None:
        batch = [stage.record(stage.bob, read=3), stage.record(stage.bob, read=5)]
        stage.fold(batch)
        stored = stage.cursor(stage.bob)
        stage.fold(batch)
        stage.fold(batch[:1])
        assert stage.cursor(stage.bob) == stored

    @pytest.mark.parametrize(("read", "delivered"), [(6, 0), (0, 6), (2**53 - 1, 0)])
    def test_beyond_the_head_nothing_moves_and_nothing_waits(
        self, stage: Stage, caplog: pytest.LogCaptureFixture, read: int, delivered: int
    ) -> None:
        """P9."""
        kitchen = ConversationId("kitchen")
        batch = [
            stage.record(stage.bob, read=read, delivered=delivered),
            stage.record(stage.cid, read=1, conversation=kitchen),
        ]
        stage.fold([*batch, stage.record(stage.bob, read=2), stage.record(stage.cid, read=3)])
        assert [stage.cursor(user).read_seq for user in (stage.bob, stage.cid)] == [2, 3]
        assert (stage.cursor(stage.bob).delivered_seq, stage.cursor(stage.cid, kitchen)) == (0, Cursor())
        assert caplog.text.count("beyond its head") == 2

    def test_an_outage_of_the_store_gives_the_batch_back_and_tells_nobody(self, stage: Stage) -> None:
        """P5."""
        bobs = stage.connect(stage.bob)
        full = FullTables()
        full.__dict__.update(stage.chat.tables.__dict__)
        with pytest.raises(Unavailable):
            replace(stage.fold, store=full)([stage.record(stage.bob, read=3)])
        assert stage.told(bobs) == []


class TestShowing:
    def test_ones_own_is_shown_on_ones_other_devices(self, stage: Stage) -> None:
        phone, desk = stage.connect(stage.bob, "phone"), stage.connect(stage.bob, "desk")
        stage.fold([stage.record(stage.bob, read=3, by=phone)])
        assert stage.told(phone) == []
        assert stage.told(desk) == [{"in": stage.lobby, "user_id": stage.bob, "read_seq": 3, "delivered_seq": 3}]

    def test_what_two_devices_said_is_shown_on_both(self, stage: Stage) -> None:
        phone, desk = stage.connect(stage.bob, "phone"), stage.connect(stage.bob, "desk")
        stage.fold([stage.record(stage.bob, read=3, by=phone), stage.record(stage.bob, read=4, by=desk)])
        assert [item["read_seq"] for item in (*stage.told(phone), *stage.told(desk))] == [4, 4]

    def test_in_a_group_the_others_see_who_has_read_and_not_what_was_delivered(self, stage: Stage) -> None:
        anns, cids = stage.connect(stage.ann), stage.connect(stage.cid)
        stage.fold([stage.record(stage.bob, read=3, delivered=5), stage.record(stage.cid, delivered=4, by=cids)])
        shown = {"in": stage.lobby, "user_id": stage.bob, "read_seq": 3}
        assert stage.told(anns) == stage.told(cids) == [shown]

    def test_in_a_direct_conversation_they_see_both(self, stage: Stage) -> None:
        direct = stage.direct()
        anns = stage.connect(stage.ann)
        stage.fold([stage.record(stage.bob, delivered=4, conversation=direct)])
        stage.fold([stage.record(stage.bob, read=3, conversation=direct)])
        assert stage.told(anns) == [
            {"in": direct, "user_id": stage.bob, "delivered_seq": 4},
            {"in": direct, "user_id": stage.bob, "read_seq": 3},
        ]

    @pytest.mark.parametrize("mine", [True, False])
    def test_across_a_block_neither_sees_anything_of_the_other(self, stage: Stage, mine: bool) -> None:
        """In the direct conversation of the two, and in a group, where all others go on to see it."""
        direct = stage.direct()
        anns, bobs, cids = stage.connect(stage.ann), stage.connect(stage.bob), stage.connect(stage.cid)
        stage.chat.world.blocks.add(*((stage.ann, stage.bob) if mine else (stage.bob, stage.ann)), at=NOON)
        stage.fold([stage.record(stage.bob, read=3, delivered=4, by=bobs, conversation=direct)])
        stage.fold([stage.record(stage.bob, read=3, by=bobs), stage.record(stage.cid, read=4, by=cids)])
        stage.fold([stage.record(stage.ann, read=6, by=anns)])
        shown = {
            name: [item["user_id"] for item in stage.told(each)]
            for name, each in (("ann", anns), ("bob", bobs), ("cid", cids))
        }
        assert shown == {"ann": [stage.cid], "bob": [stage.cid], "cid": [stage.bob]}

    def test_the_members_of_all_conversations_are_looked_up_together(self, stage: Stage) -> None:
        asked: list[int] = []

        class Counting(MemoryAdmission):
            @override
            def rosters(self, conversations: Collection[ConversationId]) -> Mapping[ConversationId, Roster]:
                asked.append(len(conversations))
                return super().rosters(conversations)

        groups = [stage.chat.group(stage.ann, stage.bob) for _ in range(ROSTERS_AT_ONCE + 2)]
        anns = stage.connect(stage.ann)
        for group in groups:
            stage.speak(group)
        stage.told(anns)
        batch = [stage.record(stage.bob, read=2, conversation=each) for each in groups]
        replace(stage.fold, admission=Counting(stage.chat.conversations))(batch)
        assert asked == [ROSTERS_AT_ONCE, 2]
        assert {item["in"] for item in stage.told(anns)} == set(groups)

    def test_those_who_read_at_once_see_each_other_in_one_frame(self, stage: Stage) -> None:
        anns, bobs = stage.connect(stage.ann), stage.connect(stage.bob)
        stage.fold([stage.record(stage.bob, read=3, by=bobs), stage.record(stage.cid, read=4)])
        (frame,) = stage.chat.gateway.frames[anns.connection_id]
        assert {item["user_id"]: item["read_seq"] for item in json.loads(frame)["receipts"]} == {
            stage.bob: 3,
            stage.cid: 4,
        }
        assert stage.told(bobs) == [{"in": stage.lobby, "user_id": stage.cid, "read_seq": 4}]

    def test_in_large_conversations_only_oneself_is_told(self, stage: Stage) -> None:
        others = [stage.chat.person(f"user{number}") for number in range(MAX_READERS_SHOWN)]
        large, fitting = stage.chat.group(stage.ann, *others), stage.chat.group(stage.ann, *others[1:])
        anns, lasts = stage.connect(stage.ann), stage.connect(others[-1])
        for conversation in (large, fitting):
            stage.speak(conversation)
            stage.told(anns)
            stage.fold([stage.record(others[-1], read=2, conversation=conversation)])
        assert [item["in"] for item in stage.told(anns)] == [fitting]
        assert [item["in"] for item in stage.told(lasts)] == [large, fitting]

    def test_what_does_not_move_is_not_shown(self, stage: Stage) -> None:
        anns = stage.connect(stage.ann)
        stage.fold([stage.record(stage.bob, read=4)])
        stage.fold([stage.record(stage.bob, read=3), stage.record(stage.bob, read=4)])
        assert [item["read_seq"] for item in stage.told(anns)] == [4]

    def test_who_has_left_is_neither_shown_nor_told(self, stage: Stage) -> None:
        """P8."""
        anns, bobs = stage.connect(stage.ann), stage.connect(stage.bob)
        stage.chat.leave(stage.lobby, stage.bob)
        stage.fold([stage.record(stage.bob, read=3), stage.record(stage.cid, read=2)])
        assert [item["user_id"] for item in stage.told(anns)] == [stage.cid]
        assert stage.told(bobs) == []

    def test_without_admission_the_cursors_move_all_the_same(
        self, stage: Stage, caplog: pytest.LogCaptureFixture
    ) -> None:
        anns = stage.connect(stage.ann)
        replace(stage.fold, admission=DownAdmission())([stage.record(stage.bob, read=3)])
        assert (stage.cursor(stage.bob).read_seq, stage.told(anns)) == (3, [])
        assert "receipts are not shown" in caplog.text

    def test_a_conversation_that_is_gone_has_nobody_to_tell(self, stage: Stage) -> None:
        anns = stage.connect(stage.ann)
        replace(stage.fold, admission=EmptyAdmission())([stage.record(stage.bob, read=3)])
        assert stage.told(anns) == []


class TestWhoHasRead:
    """Is told with the device on which it was: the number on its icon is its own affair."""

    @pytest.fixture
    def told(self, stage: Stage) -> list[Readers]:
        told: list[Readers] = []
        stage.fold = replace(stage.fold, has_read=told.append)
        return told

    def test_once_for_all_that_was_read_there(self, stage: Stage, told: list[Readers]) -> None:
        direct = stage.direct()
        stage.fold(
            [
                stage.record(stage.bob, read=3, on="phone"),
                stage.record(stage.bob, read=4, conversation=direct, on="phone"),
                stage.record(stage.cid, delivered=5, on="desk"),
            ]
        )
        assert told == [{stage.bob: "phone"}]

    def test_on_several_devices_none_has_read_all_of_it(self, stage: Stage, told: list[Readers]) -> None:
        stage.fold([stage.record(stage.bob, read=3, on="phone"), stage.record(stage.bob, read=4, on="desk")])
        stage.fold([stage.record(stage.bob, read=2, on="phone"), stage.record(stage.bob, read=5, on="desk")])
        assert told == [{stage.bob: None}, {stage.bob: "desk"}]
