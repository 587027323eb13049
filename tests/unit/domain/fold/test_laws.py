"""Laws of the fold, over generated logs."""

from dataclasses import replace
from itertools import pairwise
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from natter.domain.fold.conversation import Conversation, Turn
from natter.domain.fold.targets import Target
from natter.domain.fold.writes import (
    ClientIdKey,
    ClientIdRow,
    EventRow,
    MarkRow,
    Outcome,
    Row,
    StandingRow,
    StateRow,
)
from natter.domain.messages.commands import Command
from natter.domain.messages.events import Head
from natter.domain.messages.states import NO_STATE
from tests.folds import a_conversation, a_roster
from tests.memory.tables import MemoryTables
from tests.messages import LOBBY, a_command, a_log, a_post
from tests.reliability.load import BOUNDS, Load
from tests.reliability.meaning import meaning
from tests.reliability.ports import is_poison


def loaded(head: Head, rows: list[Row]) -> Conversation:
    """The conversation as it is read when `rows` are stored and the head is `head`."""
    roster = a_roster(rows, head.seq, head.seq)
    standings = [(row.user_id, row.standing) for row in rows if isinstance(row, StandingRow)]
    events = {row.event.seq: row.event for row in rows if isinstance(row, EventRow)}
    states = {  # the last one wins
        row.target_seq: row.state for row in rows if isinstance(row, StateRow) and row.state.seq <= head.seq
    }
    marks = {row.key: row.is_set for row in rows if isinstance(row, MarkRow) and row.seq <= head.seq}
    spent: dict[ClientIdKey, list[Outcome]] = {}
    for row in rows:
        if isinstance(row, ClientIdRow):
            spent.setdefault(row.key, []).append(row.outcome)
    targets = {
        seq: Target(type=event.type, sender_id=event.sender_id, state=states.get(seq, NO_STATE))
        for seq, event in events.items()
        if seq <= head.seq
    }
    return Conversation(
        head=head,
        members=roster.as_of(head.seq),
        erased={user for user, standing in standings if standing.erased and standing.seq <= head.seq},
        spent=spent,
        targets=targets,
        marks=marks,
        past=a_roster(rows, 1, head.seq),
        since_roster=roster.since,
        bounds=BOUNDS,
    )


def in_one_conversation(random: Random) -> list[Command]:
    """What clients and the outbox ask of one conversation within an hour, and a store takes."""
    load = Load(random=random)
    load.week_before = 0
    first = load.make()[0].conversation_id
    return [
        replace(each, conversation_id=LOBBY)
        for each in load.commands
        if each.conversation_id == first and not any(is_poison(item.payload()) for item in each.items)
    ]


class TestLaws:
    @given(st.randoms(use_true_random=False))
    @settings(max_examples=60, deadline=None)
    def test_the_fold_is_the_sequential_meaning_of_the_log(self, random: Random) -> None:
        """P2, P3, P8, against a reading that shares no code with the fold."""
        records = a_log(in_one_conversation(random))
        conversation = a_conversation(BOUNDS)
        decisions = [decision for record in records for decision in conversation.fold(record).decisions]
        meant = meaning(records)
        firsts = [decision for decision in decisions if decision.event is not None]
        assert [each.event for each in meant.histories[LOBBY].events] == [each.event for each in firsts]
        assert [each.audience for each in meant.histories[LOBBY].events] == [each.audience for each in firsts]
        assert [(each.seq, each.refusal) for each in meant.answers] == [
            (each.outcome.seq, each.outcome.refusal)
            for each in decisions
            if each.turn is Turn.RETRY or each.outcome.refusal
        ]

    @given(st.randoms(use_true_random=False), st.data())
    @settings(max_examples=60, deadline=None)
    def test_a_replay_decides_and_writes_the_same_over_any_leftovers(self, random: Random, data: st.DataObject) -> None:
        """P1: some fold stored rows of more records than its head says, or of exactly those: a batch ends anywhere."""
        records = a_log(in_one_conversation(random))
        conversation = a_conversation(BOUNDS)
        heads, folds = [conversation.head], []
        for record in records:
            folds.append(conversation.fold(record))
            heads.append(conversation.head)
        finished = data.draw(st.integers(0, len(records)))
        stored = data.draw(st.integers(finished, len(records)))
        again = loaded(heads[finished], [row for fold in folds[:stored] for row in fold.rows])
        replayed = [again.fold(record) for record in records]
        assert [fold.rows for fold in folds[finished:]] == [fold.rows for fold in replayed[finished:]]
        assert [fold.decisions for fold in folds[finished:]] == [fold.decisions for fold in replayed[finished:]]
        for before, after in zip(folds[:finished], replayed[:finished], strict=True):
            assert after.rows == ()
            assert [(each.outcome, each.members_seq) for each in before.decisions if each.event] == [
                (each.outcome, each.members_seq)
                for each in after.decisions
                if each.turn is Turn.REPLAY and each.outcome.seq is not None
            ]
            assert [each.audience for each in before.decisions if each.event] == [
                each.audience for each in after.decisions if each.turn is Turn.REPLAY and each.outcome.seq is not None
            ]

    @given(st.randoms(use_true_random=False))
    @settings(max_examples=60, deadline=None)
    def test_places_have_no_hole_and_the_head_grows_with_every_record(self, random: Random) -> None:
        """P2."""
        conversation = a_conversation()
        heads, places = [conversation.head], []
        for record in a_log(in_one_conversation(random)):
            places += [each.event.seq for each in conversation.fold(record).decisions if each.event]
            heads.append(conversation.head)
            assert conversation.head.seq == len(places)
        assert places == list(range(1, len(places) + 1))
        for before, after in pairwise(heads):
            assert (before.position, before.written_at) < (after.position, after.written_at)
            assert (before.seq, before.messages, before.members_seq) <= (after.seq, after.messages, after.members_seq)

    @given(st.randoms(use_true_random=False))
    @settings(max_examples=60, deadline=None)
    def test_what_was_deleted_is_in_no_row_whatever_the_order_of_writing(self, random: Random) -> None:
        records = a_log(in_one_conversation(random))
        conversation = a_conversation(BOUNDS)
        rows = [row for record in records for row in conversation.fold(record).rows]
        tables = MemoryTables()
        tables.write(random.sample(rows, len(rows)))
        history = meaning(records).histories[LOBBY]
        last = conversation.head.seq
        events = list(tables.events(LOBBY, 1, last, newest_first=False))
        assert [replace(event, amended_by=0) for event in events] == [history.as_kept(each) for each in history.events]
        assert conversation.head.preview == history.preview()
        states = tables.states([(LOBBY, event.seq) for event in events], up_to=last)
        assert {seq for (_, seq), state in states.items() if state.deleted_at is not None} == history.deleted.keys()

    @given(st.lists(st.integers(min_value=0, max_value=2**42), min_size=1, max_size=20))
    def test_write_timestamps_grow_with_every_record_whatever_the_clock_does(self, times: list[int]) -> None:
        conversation = a_conversation()
        written = [0]
        for record in a_log([a_command(a_post(f"m{index}")) for index in range(len(times))], at=times):
            (row,) = conversation.fold(record).rows
            assert row.written_at == conversation.head.written_at
            assert row.written_at >= record.at * 1000
            written.append(row.written_at)
        assert sorted(set(written)) == written
