import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count
from random import Random
from typing import Any
from unittest.mock import patch

import pytest

from natter.domain.attachments import UnsettledFiles
from natter.domain.connections import Connection
from natter.domain.delivery import Undelivered
from natter.domain.errors import Unavailable
from natter.domain.fold.conversation import MisplacedRecordError, Turn
from natter.domain.ids import AttachmentId, ConversationId, UserId
from natter.domain.messages.commands import Item, Record
from natter.domain.messages.events import Emission, Event, Head
from natter.usecases.delivery.deliver import MAX_POSTS, STALE_MS
from natter.usecases.messages.persist import Persist
from natter.wire.json_frames import JsonFrames
from tests.deliveries import a_deliver
from tests.memory.attachments import MemoryFileQueue
from tests.memory.deliveries import MemoryFanoutLog
from tests.memory.gateway import MemoryGateway
from tests.messages import (
    ANN,
    BOB,
    CID,
    LOBBY,
    MALLORY,
    NOON,
    a_command,
    a_connection,
    a_delete,
    a_log,
    a_post,
    a_reaction,
    added,
    an_edit,
    attached,
    created,
    removed,
    text,
)
from tests.reliability.ports import SteppedConnections, SteppedEventLog, SteppedHeadCache, SteppedTables
from tests.reliability.trace import Emitted, Trace

CAT, DOG = map(AttachmentId, ("cat", "dog"))


class WatchedFileQueue(MemoryFileQueue):
    def __init__(self, access: Callable[[], None]) -> None:
        super().__init__()
        self._access = access

    def add(self, unsettled: Sequence[UnsettledFiles], *, delay_s: int = 0) -> None:
        self._access()
        super().add(unsettled, delay_s=delay_s)


class Stage:
    """`Persist` over ports of memory; `before_access` may fail any access to any of them."""

    def __init__(self, *connections: Connection) -> None:
        self.now = NOON
        self.accesses = 0
        self.before_access: Callable[[], None] = lambda: None
        self.trace: Trace = []
        self.tables = SteppedTables(self._access, Random(0), self.trace)
        self.heads = SteppedHeadCache(self._access)
        self.registry = SteppedConnections(self._access)
        self.gateway = MemoryGateway()
        self.fanout, self.files = MemoryFanoutLog(), WatchedFileQueue(self._access)
        for connection in connections:
            self.registry.register(connection)
        self.persist = self.environment()

    def environment(self) -> Persist:
        """A new execution environment: it knows nothing."""
        frames = JsonFrames()
        deliver = a_deliver(self.registry, self.gateway, lambda: self.now, fanout=self.fanout)
        return Persist(
            timeline=self.tables,
            store=self.tables,
            heads=self.heads,
            files=self.files,
            deliver=deliver,
            frames=frames,
            events=SteppedEventLog(self._access, self.trace),
            now_ms=lambda: self.now,
        )

    def stored(self) -> list[Event]:
        return list(self.tables.events(LOBBY, 1, 100, newest_first=False))

    def emitted(self) -> list[Emission]:
        return [seen.emission for seen in self.trace if isinstance(seen, Emitted)]

    def received(self, connection: Connection) -> list[dict[str, Any]]:
        return [json.loads(frame) for frame in self.gateway.frames.get(connection.connection_id, [])]

    def seen(self, connection: Connection) -> list[int]:
        """The places of the events that a connection received, in order."""
        return [event["seq"] for frame in self.received(connection) for event in frame.get("events", [])]

    def told(self) -> list[tuple[UserId, set[AttachmentId], int]]:
        """The files that the queue was told of: who has uploaded them, and up to where the fold has to come."""
        return [(each.uploader, set(each.attachments), each.seq) for each in self.files.unsettled]

    def _access(self) -> None:
        self.accesses += 1
        self.before_access()


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
        assert [effect.payload for effect in stage.tables.effects(LOBBY, [range(2, 3)])] == [{}, {}, {"target_seq": 2}]

    def test_a_large_audience_is_left_to_fanout_and_emitted_all_the_same(self) -> None:
        many = [UserId(f"u{index}") for index in range(MAX_POSTS + 1)]
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


class TestFiles:
    """Who settles them is told of all that a message comes to show, or ceases to show."""

    def test_what_a_deletion_takes_away_is_told_whichever_batch_it_was_in(self) -> None:
        """As first sent and as edited."""
        edit = a_command(an_edit("e", 2, content=attached(DOG)))
        commands = [created(), a_command(a_post("x", content=attached(CAT))), edit, a_command(a_delete("d", 2))]
        records = a_log(commands)
        for cuts in ([4], [3, 4], [2, 4], [1, 2, 3, 4]):
            stage, begin = Stage(), 0
            for end in cuts:
                stage.environment()(records[begin:end])
                begin = end
            assert stage.told()[-1] == (ANN, {CAT, DOG}, 4), cuts

    def test_what_is_shown_is_told_with_the_place_that_shows_it(self) -> None:
        stage = Stage()
        stage.persist(a_log([created(), a_command(a_post("x"), a_post("y", content=attached(CAT)))]))
        assert stage.told() == [(ANN, {CAT}, 3)]

    @pytest.mark.parametrize("cuts", [[5], [2, 5], [3, 5], [4, 5]], ids=str)
    def test_an_edit_takes_away_what_was_shown_before_it(self, cuts: list[int]) -> None:
        edits = [a_command(an_edit(f"e{file}", 2, content=attached(file))) for file in (DOG, CAT)]
        commands = [created(), a_command(a_post("x", content=attached(CAT))), *edits, a_command(an_edit("words", 2))]
        records = a_log(commands)
        stage, begin = Stage(), 0
        for end in cuts:
            stage.environment()(records[begin:end])
            begin = end
        assert set().union(*(files for _, files, _ in stage.told())) == {CAT, DOG}
        assert CAT in stage.told()[-1][1]
        assert stage.told()[-1][2] == 5

    def test_they_are_their_senders_whoever_deletes(self) -> None:
        stage = Stage()
        posted = a_command(a_post("x", content=attached(CAT)), sender=BOB)
        stage.persist(a_log([created(), posted]))
        stage.persist(a_log([created(), posted, a_command(a_delete("d", 2))])[2:])
        assert stage.told() == [(BOB, {CAT}, 2), (BOB, {CAT}, 3)]

    def test_those_of_one_message_may_be_very_many(self) -> None:
        stage = Stage()
        edits = [a_command(an_edit(f"e{n}", 2, content=attached(AttachmentId(f"f{n}")))) for n in range(50)]
        stage.persist(a_log([created(), a_command(a_post("x")), *edits, a_command(a_delete("d", 2))]))
        assert [len(files) for _, files, _ in stage.told()] == [20, 20, 10]

    def test_nothing_else_touches_the_queue(self) -> None:
        """A refused edit or deletion, mere words, a retry, a replay."""
        stage = Stage()
        shown = a_command(a_post("x", content=attached(CAT)), a_post("y"))
        records = a_log(
            [
                created(),
                shown,
                a_command(an_edit("no", 2, content=attached(DOG)), sender=BOB),
                a_command(a_delete("no", 2), sender=BOB),
                a_command(an_edit("e", 3)),
                a_command(a_delete("d", 3)),
                a_command(a_delete("d", 3)),
                shown,
            ]
        )
        stage.persist(records)
        stage.environment()(records)
        assert stage.told() == [(ANN, {CAT}, 5)]

    def test_a_queue_that_does_not_answer_gives_the_batch_back_before_anything_is_written(self) -> None:
        """P9. Else what named the files could be gone before they are told of."""
        stage = Stage()
        records = a_log([created(), a_command(a_post("x", content=attached(CAT))), a_command(a_delete("d", 2))])
        stage.persist(records[:2])
        unchanged = stage.stored()
        down = Unavailable("the queue of files")
        with patch.object(stage.files, "add", side_effect=down), pytest.raises(Unavailable):
            stage.persist(records[2:])
        assert stage.stored() == unchanged
        stage.persist(records[2:])
        assert stage.told() == [(ANN, {CAT}, 2), (ANN, {CAT}, 3)]

    def test_no_reader_finds_the_ids_of_a_deleted_message(self) -> None:
        stage = Stage()
        commands = [created(), a_command(a_post("x", content=attached(CAT))), a_command(a_delete("d", 2))]
        stage.persist(a_log(commands))
        assert CAT not in str([*stage.stored(), stage.tables.heads([LOBBY])])


class TestTold:
    def test_a_refusal_is_told_to_the_connection_that_asked_alone(self) -> None:
        phone, desk = a_connection(MALLORY, "phone"), a_connection(MALLORY, "desk")
        stage = Stage(phone, desk)
        stage.persist(a_log([created(), a_command(a_post("x"), sender=MALLORY, origin=phone)]))
        (error,) = stage.received(phone)
        assert (error["type"], error["code"], error["conversation_id"], error["client_ids"]) == (
            "error",
            "not_member",
            LOBBY,
            ["x"],
        )
        assert stage.received(desk) == []
        assert [event.seq for event in stage.stored()] == [1]

    def test_a_retry_is_shown_what_came_of_it_first_and_nobody_else_is(self) -> None:
        """P3."""
        phone, desk, bobs = a_connection(ANN, "phone"), a_connection(ANN, "desk"), a_connection(BOB)
        stage = Stage(phone, desk, bobs)
        post = a_command(a_post("x"), origin=phone)
        records = a_log([created(), post, post, a_command(a_post("x", "other words"), origin=phone)])
        stage.persist(records[:2])
        stage.persist(records[2:])
        assert (stage.seen(phone), stage.seen(desk), stage.seen(bobs)) == ([1, 2, 2, 2], [1, 2], [1, 2])
        words = [event["content"]["text"] for frame in stage.received(phone) for event in frame["events"][-1:]]
        assert words == ["hello"] * 3
        assert len(stage.stored()) == 2

    def test_a_retry_of_a_deleted_message_is_shown_as_it_is_now(self) -> None:
        phone = a_connection(ANN)
        stage = Stage(phone)
        post = a_command(a_post("x"), origin=phone)
        records = a_log([created(), post, a_command(a_delete("y", 2)), post], at=[NOON, NOON, NOON + 7, NOON + 9])
        stage.persist(records[:3])
        stage.persist(records[3:])
        (again,) = stage.received(phone)[-1]["events"]
        assert "content" not in again
        assert (again["seq"], again["at"], again["deleted_at"]) == (2, NOON, NOON + 7)

    @pytest.mark.parametrize("cut", [4, 5])
    def test_a_retry_of_an_edited_message_is_shown_as_it_is_now(self, cut: int) -> None:
        """Whether the edit is of an earlier batch or of the same."""
        phone = a_connection(ANN)
        stage = Stage(phone)
        post = a_command(a_post("x", "first"), origin=phone)
        edit, reaction = a_command(an_edit("y", 2, "better")), a_command(a_reaction("z", 2), sender=BOB)
        records = a_log([created(), post, edit, reaction, edit, post], at=[NOON, NOON, NOON + 7, NOON + 8, NOON, NOON])
        stage.persist(records[:cut])
        stage.persist(records[cut:])
        (again,) = next(each["events"] for each in reversed(stage.received(phone)) if len(each["events"]) == 1)
        assert again == {
            "seq": 2,
            "type": "message",
            "at": NOON,
            "sender_id": ANN,
            "client_id": "x",
            "content": text("better"),
            "edited_at": NOON + 7,
            "reactions": [{"reaction": "👍", "count": 1, "mine": False, "user_ids": [BOB]}],
        }

    @pytest.mark.parametrize("item", [an_edit("x", 2), a_delete("x", 2), a_reaction("x", 2)])
    def test_a_retry_of_an_amendment_is_shown_its_event(self, item: Item) -> None:
        phone = a_connection(ANN)
        stage = Stage(phone)
        amendment = a_command(item, origin=phone)
        records = a_log([created(), a_command(a_post("m")), amendment, amendment])
        stage.persist(records[:3])
        stage.persist(records[3:])
        assert stage.seen(phone) == [1, 2, 3, 3]
        assert stage.received(phone)[-1]["events"] == stage.received(phone)[0]["events"][2:]

    def test_the_outbox_is_told_nothing(self) -> None:
        stage = Stage(a_connection(ANN))
        records = a_log([created(), created()])
        stage.persist(records[:1])
        shown = len(stage.received(a_connection(ANN)))
        stage.persist(records[1:])
        assert len(stage.received(a_connection(ANN))) == shown


class TestReplay:
    def test_a_replay_is_delivered_and_emitted_again(self) -> None:
        """It may not have been: the invocation may have died in between (P1)."""
        anns = a_connection(ANN)
        stage = Stage(anns)
        records = a_log([created(), a_command(a_post("x"))])
        stage.persist(records)
        replayed = stage.environment()(records)
        assert {decision.turn for decision in replayed.decisions} == {Turn.REPLAY}
        assert stage.seen(anns) == [1, 2, 1, 2]
        assert len(stage.emitted()) == 4
        assert len(stage.stored()) == 2

    @pytest.mark.parametrize(("age_ms", "seen"), [(STALE_MS - 1, [1, 1]), (STALE_MS, [1])])
    def test_a_stale_replay_is_not_delivered_again(self, age_ms: int, seen: list[int]) -> None:
        anns = a_connection(ANN)
        stage = Stage(anns)
        records = a_log([created()])
        stage.persist(records)
        stage.now += age_ms
        stage.environment()(records)
        assert stage.seen(anns) == seen

    def test_what_is_decided_now_is_delivered_however_long_it_had_to_wait(self) -> None:
        """P9: after an outage."""
        anns = a_connection(ANN)
        stage = Stage(anns)
        stage.now += 10 * STALE_MS
        stage.persist(a_log([created()]))
        assert stage.seen(anns) == [1]

    def test_a_replay_is_shown_to_the_members_of_its_own_place(self) -> None:
        """P8. Who joined in the same batch was shown what had been said before."""
        bobs, cids = a_connection(BOB), a_connection(CID)
        stage = Stage(bobs, cids)
        records = a_log(
            [created(), a_command(a_post("x")), added(CID, client_id="row-1"), removed(BOB, client_id="row-2")]
        )
        stage.persist(records)
        stage.environment()(records)
        assert (sorted(stage.seen(bobs)), sorted(stage.seen(cids))) == ([1, 1, 2, 2, 3, 3, 4, 4], [3, 3, 4, 4])

    def test_a_replay_in_two_batches_by_one_environment_reaches_the_same_people(self) -> None:
        """The first batch loads a conversation that is ahead of it; what the second needs must not be forgotten."""
        bobs = a_connection(BOB)
        stage = Stage(bobs)
        records = a_log([created(), a_command(a_post("x")), a_command(a_post("y"))])
        stage.persist(records)
        warm = stage.environment()
        warm(records[:1])
        warm(records[1:])
        assert stage.seen(bobs) == [1, 2, 3, 1, 2, 3]


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


class TestUnavailable:
    def test_wherever_it_strikes_a_replay_completes_everything(self) -> None:
        """P1, P9: fail the first access, then the second, and so on, until nothing fails any more."""
        undisturbed = Stage()
        undisturbed.persist(self.batch())
        for failing in count(1):
            anns, bobs = a_connection(ANN), a_connection(BOB)
            stage = Stage(anns, bobs)
            stage.heads.fill([LOBBY], lambda _: {LOBBY: Head(conversation_id=LOBBY)})
            stage.before_access = failing_at(failing)
            has_failed = False
            try:
                stage.persist(self.batch())
            except Unavailable:
                has_failed = True
            stage.before_access = lambda: None
            if not has_failed:
                break
            stage.persist(self.batch())
            assert stage.stored() == undisturbed.stored()
            assert stage.tables.heads([LOBBY]) == undisturbed.tables.heads([LOBBY]) == stage.heads.get([LOBBY])
            assert set(stage.seen(anns)) == set(stage.seen(bobs)) == {1, 2, 3, 4, 5}
            assert {event.seq for emission in stage.emitted() for event in emission.events} == {1, 2, 3, 4, 5}
            assert stage.told()[0] == (ANN, {CAT, DOG}, 5)
            assert {"forbidden"} == {frame["code"] for frame in stage.received(bobs) if frame["type"] == "error"}
        assert failing > 20

    @staticmethod
    def batch() -> list[Record]:
        refused = a_command(a_delete("no", 2), sender=BOB, origin=a_connection(BOB))
        return a_log(
            [
                created(),
                a_command(a_post("x"), a_post("y", content=attached(CAT))),
                refused,
                a_command(an_edit("e", 3, content=attached(DOG))),
                a_command(a_delete("z", 3)),
                a_command(a_post("x")),
            ]
        )


def failing_at(access: int) -> Callable[[], None]:
    """Fails the access with this number, counted from 1."""
    numbers = count(1)

    def before_access() -> None:
        if next(numbers) == access:
            raise Unavailable("a simulated dependency")

    return before_access
