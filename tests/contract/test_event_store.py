"""What every `EventStore` promises, and the `Timeline` over the same tables."""

import time
from dataclasses import replace
from typing import Any, Protocol

import pytest
from cassandra import InvalidRequest

from natter.adapters.cassandra.client import CassandraSession
from natter.adapters.cassandra.event_store import CassandraEventStore
from natter.adapters.cassandra.timeline import CassandraTimeline
from natter.domain.conversations.members import MembershipChange, Role
from natter.domain.conversations.rosters import Roster
from natter.domain.errors import Unavailable
from natter.domain.fold.known import Wanted
from natter.domain.fold.targets import Target
from natter.domain.fold.writes import (
    AmendedRow,
    ClientIdKey,
    ClientIdRow,
    EmptiedRow,
    EventRow,
    FileRow,
    ForgottenCursorRow,
    ForgottenFileRow,
    MarkRow,
    Outcome,
    RosterRow,
    Row,
    SentRow,
    StateRow,
    UnspentRow,
)
from natter.domain.ids import AttachmentId, ClientId, ConversationId, UserId, new_id
from natter.domain.messages.events import Event, Head, JsonObject
from natter.domain.messages.states import MAX_EDITS, MAX_REACTIONS, NAMED_USERS, MarkKey, MessageState, Reaction
from natter.domain.receipts import Cursor
from natter.domain.write_times import REACH_US
from natter.names import EPOCH
from natter.ports.messages import EventStore
from natter.ports.reading import Timeline
from tests import messages
from tests.memory.tables import MemoryTables
from tests.messages import ANN, BOB, NOON, an_event, text

NOW_US = time.time_ns() // 1000
MINUTE_US = 60_000_000
"""Keyspaces takes write timestamps only from two days ago to five minutes ahead."""


class Tables(EventStore, Timeline, Protocol): ...


class Cassandra(CassandraEventStore, CassandraTimeline):
    """What writes the tables and what reads them, over one session."""


@pytest.fixture(params=["memory", pytest.param("cassandra", marks=pytest.mark.engines)])
def tables(request: pytest.FixtureRequest) -> Tables:
    return MemoryTables() if request.param == "memory" else Cassandra(request.getfixturevalue("cassandra"))


@pytest.fixture
def lobby() -> ConversationId:
    return ConversationId(new_id())


def a_head(seq: int, **fields: Any) -> Head:
    """Written now."""
    return messages.a_head(seq, **{"written_at": NOW_US + seq, **fields})


def spent(lobby: ConversationId, *, seq: int | None, refusal: str | None = None, later_us: int = 0) -> ClientIdRow:
    key = ClientIdKey(conversation_id=lobby, sender_id=ANN, client_id=ClientId("m1"))
    outcome = Outcome(epoch=EPOCH, offset=4 + later_us, item=2, at=NOON, seq=seq, refusal=refusal)
    return ClientIdRow(key=key, outcome=outcome, written_at=NOW_US + later_us)


def stored(event: Event, *, later_us: int = 0) -> EventRow:
    return EventRow(event=event, written_at=NOW_US + later_us)


def changed(lobby: ConversationId, seq: int, role: Role | None) -> RosterRow:
    change = MembershipChange(user_id=ANN, seq=seq, role=role, messages=seq - 1)
    return RosterRow(conversation_id=lobby, seq=seq, changes=(change,), members=None, written_at=NOW_US + seq)


def sent(lobby: ConversationId, seq: int, *, later_us: int = 0) -> SentRow:
    return SentRow(conversation_id=lobby, user_id=ANN, seq=seq, messages=seq - 1, written_at=NOW_US + later_us)


GONE = {"deleted_at": NOON}


def emptied(lobby: ConversationId, seq: int, *, later_us: int, left: JsonObject = GONE) -> EmptiedRow:
    return EmptiedRow(conversation_id=lobby, seq=seq, left=left, written_at=NOW_US + later_us)


def state(lobby: ConversationId, target_seq: int, *, seq: int) -> StateRow:
    said = MessageState(seq=seq, edits=(seq,), edited_at=NOON)
    return StateRow(conversation_id=lobby, target_seq=target_seq, state=said, written_at=NOW_US + seq)


def mark(lobby: ConversationId, target_seq: int, *, seq: int, is_set: bool) -> MarkRow:
    key = MarkKey(conversation_id=lobby, target_seq=target_seq, reaction="👍", user_id=ANN)
    return MarkRow(key=key, seq=seq, is_set=is_set, written_at=NOW_US + seq)


def an_edit_of(lobby: ConversationId, target_seq: int, *, seq: int) -> Event:
    payload = {"target_seq": target_seq, "content": text("said better")}
    return an_event(seq, conversation=lobby, type="edit", payload=payload)


class TestReading:
    def test_what_is_not_there_is_missing(self, tables: Tables, lobby: ConversationId) -> None:
        key = spent(lobby, seq=1).key
        known = tables.read(Wanted(conversations=[lobby], keys=[key], targets=[(lobby, 1)]))
        assert (known.heads, known.targets) == ({}, {})
        assert not known.outcomes.get(key)
        assert tables.outcomes([key]) == {key: []}
        assert known.rosters == {}
        assert tables.events_at([(lobby, 1)]) == {}

    def test_nothing_is_wanted(self, tables: Tables) -> None:
        known = tables.read(Wanted())
        assert (known.heads, known.rosters, known.outcomes) == ({}, {}, {})
        assert (known.targets, known.marks, tables.events_at([])) == ({}, {}, {})

    def test_all_that_is_wanted_is_read_at_once(self, tables: Tables, lobby: ConversationId) -> None:
        other = ConversationId(new_id())
        event, row = an_event(1, conversation=lobby), spent(lobby, seq=1)
        was, reaction = state(lobby, 1, seq=2), mark(lobby, 1, seq=2, is_set=True)
        joined, left = changed(lobby, 1, "owner"), changed(lobby, 3, None)
        head = a_head(2, conversation=lobby)
        tables.write([stored(event), row, was, reaction, joined, left])
        tables.write_heads([head])
        wanted = Wanted(
            conversations=[lobby, other], keys=[row.key], targets=[(lobby, 1), (other, 1)], marks=[reaction.key]
        )
        known = tables.read(wanted)
        assert tables.outcomes([row.key]) == {row.key: [row.outcome]}
        assert known.heads == {lobby: head}
        assert known.rosters == {lobby: Roster(changes=list(joined.changes))}
        assert known.outcomes == {row.key: [row.outcome]}
        assert known.targets == {(lobby, 1): Target(type="message", sender_id=event.sender_id, state=was.state)}
        assert known.marks == {reaction.key: True}

    def test_what_is_pointed_at_is_read_as_of_the_head(self, tables: Tables, lobby: ConversationId) -> None:
        """Rows above it are leftovers of a fold that did not finish, and places above it may be any number."""
        first, second = state(lobby, 1, seq=3), state(lobby, 1, seq=4)
        set_, removed = mark(lobby, 1, seq=3, is_set=True), mark(lobby, 1, seq=4, is_set=False)
        tables.write([stored(an_event(1, conversation=lobby)), stored(an_event(4, conversation=lobby))])
        tables.write([second, first, removed, set_])
        tables.write_heads([a_head(3, conversation=lobby)])
        targets = [(lobby, 1), (lobby, 4), (lobby, 2147483648001), (lobby, 2**53 - 1)]
        for wanted in (
            Wanted(conversations=[lobby], targets=targets, marks=[set_.key]),
            Wanted(folded={lobby: 3}, targets=targets, marks=[set_.key]),
        ):
            known = tables.read(wanted)
            assert {place: target.state for place, target in known.targets.items()} == {(lobby, 1): first.state}
            assert known.marks == {set_.key: True}
        now = tables.read(Wanted(folded={lobby: 4}, targets=[(lobby, 1)], marks=[set_.key]))
        assert ([each.state for each in now.targets.values()], now.marks) == ([second.state], {set_.key: False})


class TestEvents:
    @pytest.mark.parametrize("seq", [1, 999, 1000, 1001, 123_456_789_012])
    def test_an_event_is_read_at_its_place_as_it_was_written(
        self, tables: Tables, lobby: ConversationId, seq: int
    ) -> None:
        payload = {"content": {"type": "text", "text": "grüße 🦊 \u2028\n"}, "reply_to": 3, "mentions": ["bob"]}
        event = an_event(seq, conversation=lobby, payload=payload)
        tables.write([stored(event)])
        assert tables.events_at([(lobby, seq)]) == {(lobby, seq): event}

    def test_an_event_of_the_outbox_has_no_client_id(self, tables: Tables, lobby: ConversationId) -> None:
        event = an_event(1, conversation=lobby, client_id=None)
        tables.write([stored(event)])
        assert tables.events_at([(lobby, 1)])[lobby, 1].client_id is None

    def test_hundreds_of_rows_are_written_and_read_at_once(self, tables: Tables, lobby: ConversationId) -> None:
        events = [an_event(seq, conversation=lobby) for seq in range(900, 1300)]
        tables.write([stored(event) for event in events])
        places = [(lobby, event.seq) for event in events]
        assert tables.events_at(places) == dict(zip(places, events, strict=True))


class TestLastWriteWins:
    def test_an_older_writer_does_not_overwrite(self, tables: Tables, lobby: ConversationId) -> None:
        head = a_head(3, conversation=lobby, written_at=NOW_US + 10)
        tables.write([sent(lobby, 3, later_us=10)])
        tables.write_heads([head])
        tables.write([sent(lobby, 2)])
        tables.write_heads([a_head(2, conversation=lobby, written_at=NOW_US)])
        known = tables.read(Wanted(conversations=[lobby]))
        assert known.heads == {lobby: head}
        assert tables.cursors([(lobby, ANN)]) == {(lobby, ANN): Cursor(sent_seq=3, sent_messages=2)}

    def test_writing_again_changes_nothing(self, tables: Tables, lobby: ConversationId) -> None:
        event, row = an_event(1, conversation=lobby), spent(lobby, seq=1)
        rows: list[Row] = [stored(event), row, changed(lobby, 1, "owner"), sent(lobby, 1)]
        tables.write(rows)
        tables.write(list(reversed(rows)))
        tables.write_heads([a_head(1, conversation=lobby)])
        known = tables.read(Wanted(conversations=[lobby], keys=[row.key]))
        assert tables.events_at([(lobby, 1)]) == {(lobby, 1): event}
        assert len(known.rosters[lobby].changes) == 1
        assert known.outcomes == {row.key: [row.outcome]}

    def test_each_time_that_a_client_id_was_spent_is_kept(self, tables: Tables, lobby: ConversationId) -> None:
        """P3: more than a week later it is another message, but the fold may have to go back to the first."""
        rows = [
            spent(lobby, seq=2),
            spent(lobby, seq=None, refusal="gone", later_us=10),
            spent(lobby, seq=9, later_us=20),
        ]
        tables.write(rows)
        tables.write(rows[:1])
        key = rows[0].key
        found = tables.read(Wanted(keys=[key])).outcomes[key]
        assert sorted(found, key=lambda outcome: outcome.place) == [row.outcome for row in rows]

    def test_what_a_client_id_became_takes_the_place_of_what_was_tried(
        self, tables: Tables, lobby: ConversationId
    ) -> None:
        """Which was accepted while a record before it, which is set aside by now, was there."""
        tried, now = spent(lobby, seq=5), replace(spent(lobby, seq=None, refusal="gone"), written_at=NOW_US + 20)
        cleared = UnspentRow(key=tried.key, place=tried.outcome.place, written_at=NOW_US + 19)
        rows: list[Row] = [now, cleared, tried]
        tables.write(rows)
        assert tables.outcomes([tried.key]) == {tried.key: [now.outcome]}
        tables.write([replace(cleared, written_at=NOW_US + 21), tried])
        assert tables.outcomes([tried.key]) == {tried.key: []}


class TestUndo:
    def test_above_the_head_no_event_is_that_is_older_however_late_it_comes(
        self, tables: Tables, lobby: ConversationId
    ) -> None:
        places = [1, 999, 1000, 1001, 1990]
        tried = [stored(an_event(seq, conversation=lobby), later_us=seq) for seq in places]
        tables.write(tried)
        tables.undo([], a_head(999, conversation=lobby, written_at=NOW_US + 5000))
        tables.write(tried)
        assert [seq for _, seq in tables.events_at([(lobby, seq) for seq in places])] == [1, 999]

    def test_what_takes_their_place_has_nothing_of_them(self, tables: Tables, lobby: ConversationId) -> None:
        tried, now = (
            an_event(2, conversation=lobby),
            an_event(2, conversation=lobby, client_id=None, type="member_left"),
        )
        tables.write([stored(tried), stored(now, later_us=11)])
        tables.undo([], a_head(1, conversation=lobby, written_at=NOW_US + 10))
        assert tables.events_at([(lobby, 2)]) == {(lobby, 2): now}


class TestDeletion:
    def test_an_emptied_event_stays_at_its_place_and_says_when_it_was_deleted(
        self, tables: Tables, lobby: ConversationId
    ) -> None:
        tables.write([stored(an_event(1, conversation=lobby))])
        tables.write([emptied(lobby, 1, later_us=10)])
        assert tables.events_at([(lobby, 1)]) == {(lobby, 1): an_event(1, conversation=lobby, payload=GONE)}

    def test_an_edit_that_is_written_after_its_deletion_says_nothing(
        self, tables: Tables, lobby: ConversationId
    ) -> None:
        """A replay, or a zombie. Its target is left."""
        edit = an_edit_of(lobby, 1, seq=2)
        tables.write([emptied(lobby, 2, left={"target_seq": 1}, later_us=10)])
        tables.write([stored(edit)])
        assert tables.events_at([(lobby, 2)]) == {(lobby, 2): replace(edit, payload={"target_seq": 1})}

    def test_writing_the_event_again_does_not_bring_it_back(self, tables: Tables, lobby: ConversationId) -> None:
        """A replay, or a zombie; also if it comes to write the event only after its deletion."""
        event = an_event(1, conversation=lobby)
        tables.write([emptied(lobby, 1, later_us=10)])
        tables.write([stored(event)])
        assert tables.events_at([(lobby, 1)])[lobby, 1].payload == GONE


class TestErasure:
    def test_a_cursor_is_forgotten_whoever_comes_late(self, tables: Tables, lobby: ConversationId) -> None:
        tables.write([sent(lobby, 3)])
        tables.write([ForgottenCursorRow(conversation_id=lobby, user_id=ANN, written_at=NOW_US + 10)])
        tables.write([sent(lobby, 4, later_us=5)])
        assert tables.cursors([(lobby, ANN)]) == {}


class TestHeads:
    def test_a_head_is_read_with_its_preview(self, tables: Tables, lobby: ConversationId) -> None:
        preview = an_event(7, conversation=lobby, payload={"content": {"text": "grüße 🦊"}})
        head = a_head(7, conversation=lobby, members_seq=3, preview=preview)
        tables.write_heads([head])
        assert tables.heads([lobby]) == {lobby: head}

    def test_a_preview_can_be_emptied(self, tables: Tables, lobby: ConversationId) -> None:
        tables.write_heads([a_head(7, conversation=lobby, preview=an_event(7, conversation=lobby))])
        head = a_head(8, conversation=lobby, preview=an_event(7, conversation=lobby, payload={}))
        tables.write_heads([head])
        assert tables.heads([lobby]) == {lobby: head}

    def test_many_heads_at_once(self, tables: Tables) -> None:
        heads = {each: a_head(3, conversation=each) for each in (ConversationId(new_id()) for _ in range(200))}
        tables.write_heads(list(heads.values()))
        assert tables.heads([*heads, ConversationId(new_id())]) == heads


class TestTimeline:
    @pytest.mark.parametrize(
        ("first", "last", "found"),
        [
            (998, 1003, [998, 999, 1000, 1001, 1002]),
            (1, 998, [998]),
            (1001, 1001, [1001]),
            (5, 4, []),
            (2000, 3000, []),
        ],
    )
    def test_places_are_read_in_either_direction(
        self, tables: Tables, lobby: ConversationId, first: int, last: int, found: list[int]
    ) -> None:
        """1000 is where a partition of the table ends."""
        events = {seq: an_event(seq, conversation=lobby) for seq in range(998, 1003)}
        tables.write([stored(event) for event in events.values()])
        upwards = list(tables.events(lobby, first, last, newest_first=False))
        downwards = list(tables.events(lobby, first, last, newest_first=True))
        assert upwards == [events[seq] for seq in found]
        assert downwards == upwards[::-1]

    def test_many_places_are_read_without_a_hole(self, tables: Tables, lobby: ConversationId) -> None:
        events = {seq: an_event(seq, conversation=lobby) for seq in range(650, 1251)}
        tables.write([stored(event) for event in events.values()])
        for first, last in ((650, 1250), (1, 1300), (699, 1001), (700, 799)):
            upwards = [event.seq for event in tables.events(lobby, first, last, newest_first=False)]
            downwards = [event.seq for event in tables.events(lobby, first, last, newest_first=True)]
            assert upwards == downwards[::-1] == list(range(max(first, 650), min(last, 1250) + 1))

    def test_cursors_never_written_are_missing(self, tables: Tables, lobby: ConversationId) -> None:
        tables.write([sent(lobby, 4)])
        assert tables.cursors([(lobby, ANN), (ConversationId(new_id()), ANN)]) == {
            (lobby, ANN): Cursor(sent_seq=4, sent_messages=3)
        }
        assert tables.cursors([(lobby, BOB)]) == {}


class TestStates:
    def test_are_read_at_the_places_asked_for_up_to_a_place(self, tables: Tables, lobby: ConversationId) -> None:
        """1000 is where a partition of the table ends."""
        rows = {(target, seq): state(lobby, target, seq=seq) for target in (999, 1000, 1001) for seq in (2000, 2001)}
        tables.write(list(rows.values()))
        places = [(lobby, seq) for seq in (998, 1000, 1001)]
        assert tables.states(places, up_to=1999) == {}
        assert tables.states(places, up_to=2000) == {(lobby, seq): rows[seq, 2000].state for seq in (1000, 1001)}
        assert tables.states(places, up_to=9000) == {(lobby, seq): rows[seq, 2001].state for seq in (1000, 1001)}
        assert tables.states([], up_to=9000) == {}

    def test_the_largest_is_read_as_it_was_written(self, tables: Tables, lobby: ConversationId) -> None:
        """As many edits and reactions as a message takes, the longest ids and widest characters."""
        users = tuple(UserId(f"{number:064}") for number in range(NAMED_USERS))
        reactions = tuple(
            Reaction(reaction=chr(0x1F600 + number) * 32, count=1000, users=users) for number in range(MAX_REACTIONS)
        )
        largest = MessageState(
            seq=2**40, edits=tuple(range(2**40 - MAX_EDITS, 2**40)), edited_at=NOON, reactions=reactions
        )
        tables.write([StateRow(conversation_id=lobby, target_seq=1, state=largest, written_at=NOW_US)])
        assert tables.states([(lobby, 1)], up_to=2**40) == {(lobby, 1): largest}

    def test_of_thousands_only_the_latest_is_read(self, tables: Tables, lobby: ConversationId) -> None:
        rows: list[Row] = [
            row
            for seq in range(2, 3002)
            for row in (state(lobby, 1, seq=seq), mark(lobby, 1, seq=seq, is_set=seq % 2 == 0))
        ]
        tables.write(rows)
        (found,) = tables.states([(lobby, 1)], up_to=3000).values()
        key = mark(lobby, 1, seq=1, is_set=True).key
        assert (found.seq, tables.marks([key], up_to=3000)) == (3000, {key: True})

    def test_an_event_says_that_there_is_one(self, tables: Tables, lobby: ConversationId) -> None:
        message = an_event(1, conversation=lobby)
        amended = AmendedRow(conversation_id=lobby, seq=1, by=7, written_at=NOW_US + 7)
        tables.write([amended])
        tables.write([stored(message), AmendedRow(conversation_id=lobby, seq=1, by=6, written_at=NOW_US + 6)])
        assert tables.events_at([(lobby, 1)]) == {(lobby, 1): replace(message, amended_by=7)}
        assert list(tables.events(lobby, 1, 1, newest_first=True)) == [replace(message, amended_by=7)]


CAT = AttachmentId("cat")


def file_row(lobby: ConversationId, seq: int, *, later_us: int = 0, file: AttachmentId = CAT) -> FileRow:
    return FileRow(conversation_id=lobby, attachment_id=file, seq=seq, written_at=NOW_US + later_us)


def forgotten(lobby: ConversationId, seq: int, *, later_us: int = 0) -> ForgottenFileRow:
    return ForgottenFileRow(conversation_id=lobby, attachment_id=CAT, seq=seq, written_at=NOW_US + later_us)


class TestFiles:
    def test_who_has_shown_one_is_found_the_last_first(self, tables: Tables, lobby: ConversationId) -> None:
        tables.write([file_row(lobby, seq) for seq in (2, 3, 3, 1001, 1002)])
        tables.write([file_row(lobby, 4, file=AttachmentId("dog")), file_row(ConversationId(new_id()), 5)])
        assert list(tables.places_of_file(lobby, CAT, 1, 2000, limit=20)) == [1002, 1001, 3, 2]
        assert list(tables.places_of_file(lobby, CAT, 3, 1001, limit=20)) == [1001, 3]
        assert list(tables.places_of_file(lobby, CAT, 1, 2000, limit=2)) == [1002, 1001]
        assert list(tables.places_of_file(lobby, AttachmentId("none"), 1, 2000, limit=20)) == []

    def test_one_is_forgotten_whoever_comes_late(self, tables: Tables, lobby: ConversationId) -> None:
        tables.write([file_row(lobby, 2), file_row(lobby, 3)])
        for row in (forgotten(lobby, 2, later_us=10), file_row(lobby, 2, later_us=9)):
            tables.write([row])
        assert list(tables.places_of_file(lobby, CAT, 1, 9, limit=20)) == [3]

    def test_what_is_shown_again_is_not_forgotten_by_who_comes_late(
        self, tables: Tables, lobby: ConversationId
    ) -> None:
        for row in (file_row(lobby, 2, later_us=10), forgotten(lobby, 2, later_us=9)):
            tables.write([row])
        assert list(tables.places_of_file(lobby, CAT, 1, 9, limit=20)) == [2]

    def test_undoing_what_a_record_has_left_leaves_it(self, tables: Tables, lobby: ConversationId) -> None:
        """It may have been there before; the message says what it shows."""
        tables.write([file_row(lobby, 2), file_row(lobby, 2, later_us=10)])
        tables.undo([file_row(lobby, 2, later_us=10)], a_head(1, conversation=lobby))
        assert list(tables.places_of_file(lobby, CAT, 1, 9, limit=20)) == [2]


class TestAge:
    def test_a_write_of_now_is_taken_and_seen_by_nobody(self, tables: Tables, lobby: ConversationId) -> None:
        head = a_head(3, conversation=lobby)
        tables.write_heads([head])
        assert tables.takes(lobby, written_at=NOW_US)
        assert tables.heads([lobby]) == {lobby: head}

    @pytest.mark.engines
    def test_of_what_is_older_than_two_days_nothing_is_taken(self, cassandra: Any, lobby: ConversationId) -> None:
        """As Amazon Keyspaces does not: the guard of the local cloud says so in its place."""
        store, oldest = Cassandra(cassandra), time.time_ns() // 1000 - REACH_US
        assert store.takes(lobby, written_at=oldest + MINUTE_US)
        assert not store.takes(lobby, written_at=oldest - MINUTE_US)
        with pytest.raises(InvalidRequest, match="at most 2 days old"):
            store.write_heads([a_head(3, conversation=lobby, written_at=oldest - MINUTE_US)])


@pytest.mark.engines
@pytest.mark.parametrize("absent", ["a_table", "a_keyspace.a_table"])
def test_a_table_that_is_not_there_is_an_outage(cassandra: CassandraSession, absent: str) -> None:
    """It is being restored: taken for a refusal, what was said meanwhile would be set aside."""
    with pytest.raises(Unavailable):
        cassandra.run([(f"SELECT seq FROM {absent} WHERE id = ?", (1,))])  # noqa: S608
