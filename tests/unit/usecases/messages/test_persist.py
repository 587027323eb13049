from dataclasses import replace

import pytest

from natter.domain.budgets import DELIVERY_POSTS
from natter.domain.delivery import Undelivered
from natter.domain.fold.conversation import MisplacedRecordError
from natter.domain.ids import ConversationId, UserId
from natter.domain.messages.commands import Record
from tests.messages import (
    ANN,
    BOB,
    CID,
    LOBBY,
    a_command,
    a_connection,
    a_delete,
    a_log,
    a_post,
    added,
    an_edit,
    created,
    removed,
)
from tests.persisting import Stage


def in_partition_1(record: Record, conversation: ConversationId) -> Record:
    command = replace(record.command, conversation_id=conversation)
    return replace(record, partition=1, offset=record.offset + 7, command=command)


class TestPersist:
    def test_what_is_accepted_is_stored_shown_and_emitted(self) -> None:
        """P1, P2."""
        anns, bobs = a_connection(ANN), a_connection(BOB)
        stage = Stage(anns, bobs)
        persisted = stage.persist(a_log([created(), a_command(a_post("x"), a_post("y")), a_command(a_post("z"))]))
        assert [event.seq for event in stage.stored()] == [1, 2, 3, 4]
        assert stage.seen(anns) == stage.seen(bobs) == [1, 2, 3, 4]
        assert [[event.seq for event in emission.events] for emission in stage.emitted()] == [[1], [2, 3], [4]]
        assert stage.tables.heads([LOBBY])[LOBBY].seq == 4
        assert (persisted.report.delivered, len(persisted.decisions)) == (2, 4)

    def test_contiguous_events_for_the_same_people_are_one_frame(self) -> None:
        anns = a_connection(ANN)
        stage = Stage(anns)
        stage.persist(a_log([created(), a_command(a_post("x")), a_command(a_post("y"))]))
        assert len(stage.received(anns)) == 1

    def test_who_joins_sees_what_happens_from_then_on_and_who_leaves_sees_the_leaving(self) -> None:
        """P8."""
        bobs, cids = a_connection(BOB), a_connection(CID)
        stage = Stage(bobs, cids)
        commands = [
            created(),
            a_command(a_post("x")),
            added(CID, client_id="row-1"),
            a_command(a_post("y")),
            removed(BOB, client_id="row-2"),
            a_command(a_post("z")),
        ]
        stage.persist(a_log(commands))
        assert (sorted(stage.seen(bobs)), sorted(stage.seen(cids))) == ([1, 2, 3, 4, 5], [3, 4, 5, 6])
        assert [emission.members_seq for emission in stage.emitted()] == [1, 1, 3, 3, 5, 5]

    def test_a_deletion_in_a_later_batch_empties_what_is_stored(self) -> None:
        stage = Stage()
        records = a_log([created(), a_command(a_post("x")), a_command(a_delete("y", 2))])
        stage.persist(records[:2])
        stage.environment()(records[2:])
        assert stage.stored()[1].payload == {"deleted_at": records[2].at}

    def test_a_deletion_in_a_later_batch_empties_the_edits_of_earlier_ones(self) -> None:
        stage = Stage()
        commands = [
            created(),
            a_command(a_post("x")),
            a_command(an_edit("e1", 2)),
            a_command(an_edit("e2", 2)),
            a_command(a_delete("y", 2)),
        ]
        records = a_log(commands)
        stage.persist(records[:3])
        stage.environment()(records[3:4])
        stage.environment()(records[4:])
        assert [event.payload for event in stage.stored()][1:] == [
            {"deleted_at": records[4].at},
            *[{"target_seq": 2}] * 3,
        ]
        (state,) = stage.tables.states([(LOBBY, 2)], up_to=5).values()
        assert (state.edits, state.deleted_at) == ((3, 4), records[4].at)

    def test_a_large_audience_is_left_to_fanout_and_emitted_all_the_same(self) -> None:
        many = [UserId(f"u{index}") for index in range(DELIVERY_POSTS + 1)]
        stage = Stage(*map(a_connection, many))
        persisted = stage.persist(
            a_log([created(dict.fromkeys(many, "member")), a_command(a_post("x"), sender=many[0])])
        )
        assert stage.fanout.records == [Undelivered(conversation_id=LOBBY, first=1, last=2)]
        assert (persisted.report.delivered, persisted.report.handed_over) == (0, 2)
        assert [event.seq for emission in stage.emitted() for event in emission.events] == [1, 2]

    def test_the_records_of_several_partitions_are_folded_together_and_each_stays_warm(self) -> None:
        warm, cold, kitchen = Stage(), Stage(), ConversationId("kitchen")
        lobby = a_log([created(), a_command(a_post("x")), a_command(a_post("y"))])
        others = [in_partition_1(record, kitchen) for record in lobby]
        for stage in (warm, cold):
            stage.persist([*lobby[:2], *others[:2]])
        warm.persist([others[2], lobby[2]])
        cold.environment()([others[2], lobby[2]])
        assert cold.accesses - warm.accesses == 4, "head and memberships of two conversations"
        assert [event.client_id for event in warm.stored()] == [None, "x", "y"]
        assert {each: head.seq for each, head in warm.tables.heads([LOBBY, kitchen]).items()} == {LOBBY: 3, kitchen: 3}

    def test_two_writers_for_one_conversation_are_refused_before_anything_is_written(self) -> None:
        stage = Stage()
        first, second, third = a_log([created(), a_command(a_post("x")), a_command(a_post("y"))])
        stage.persist([first])
        with pytest.raises(MisplacedRecordError):
            stage.persist([replace(second, partition=1), replace(third, partition=1)])
        assert [event.seq for event in stage.stored()] == [1]


class TestWarmEnvironment:
    def test_without_a_hole_it_reads_neither_head_nor_members(self) -> None:
        warm, cold = Stage(), Stage()
        records = a_log([created(), a_command(a_post("x"))])
        warm.persist(records[:1])
        cold.persist(records[:1])
        before = warm.accesses
        warm.persist(records[1:])
        cold.environment()(records[1:])
        assert cold.accesses - warm.accesses == 2
        assert warm.accesses > before

    def test_after_a_hole_it_reads_what_others_have_folded(self) -> None:
        stage = Stage()
        records = a_log([created(), a_command(a_post("x")), a_command(a_post("y")), a_command(a_post("z"))])
        stage.persist(records[:2])
        stage.environment()(records[2:3])
        stage.persist(records[3:])
        assert [event.client_id for event in stage.stored()] == [None, "x", "y", "z"]
