"""What every `EventStore` promises, and the `Timeline` over the same tables."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Protocol

import pytest

from natter.adapters.cassandra.client import CassandraSession
from natter.adapters.cassandra.event_store import CassandraEventStore
from natter.adapters.cassandra.timeline import CassandraTimeline
from natter.domain.conversations.members import MembershipChange, Role
from natter.domain.fold.known import Wanted
from natter.domain.fold.targets import Effect
from natter.domain.fold.writes import (
    EffectRow,
    EmptiedEffectRow,
    EmptiedRow,
    EventRow,
    FileRow,
    ForgottenCursorRow,
    ForgottenFileRow,
    MembershipRow,
    Outcome,
    Row,
    SentRow,
    SpentKey,
    SpentRow,
)
from natter.domain.ids import AttachmentId, ClientId, ConversationId, UserId, new_id
from natter.domain.messages.events import Event, Head, JsonObject
from natter.domain.reading.pages import StoredEffect
from natter.domain.receipts import Cursor
from natter.names import EPOCH
from natter.ports.messages import EventStore
from natter.ports.reading import Timeline
from natter.settings import KeyspacesSettings
from tests import messages
from tests.memory.tables import MemoryTables
from tests.messages import ANN, BOB, NOON, an_event, text

NOW_US = time.time_ns() // 1000
"""Keyspaces takes write timestamps only from two days ago to five minutes ahead."""


class Tables(EventStore, Timeline, Protocol): ...


class Cassandra(CassandraEventStore, CassandraTimeline):
    """What writes the tables and what reads them, over one session."""


@pytest.fixture(params=["memory", pytest.param("cassandra", marks=pytest.mark.engines)])
def tables(request: pytest.FixtureRequest) -> Iterator[Tables]:
    if request.param == "memory":
        yield MemoryTables()
        return
    endpoint: str = request.getfixturevalue("cassandra_endpoint")
    outputs: Mapping[str, str] = request.getfixturevalue("outputs")
    session = CassandraSession(
        KeyspacesSettings(endpoint=endpoint, keyspace=f"natter_{outputs['Stage']}", auth="none", request_timeout_s=10)
    )
    yield Cassandra(session)
    session.close()


@pytest.fixture
def lobby() -> ConversationId:
    return ConversationId(new_id())


def a_head(seq: int, **fields: Any) -> Head:
    """Written now."""
    return messages.a_head(seq, **{"written_at": NOW_US + seq, **fields})


def spent(lobby: ConversationId, *, seq: int | None, refusal: str | None = None, later_us: int = 0) -> SpentRow:
    key = SpentKey(conversation_id=lobby, sender_id=ANN, client_id=ClientId("m1"))
    outcome = Outcome(epoch=EPOCH, offset=4 + later_us, item=2, at=NOON, seq=seq, refusal=refusal)
    return SpentRow(key=key, outcome=outcome, written_at=NOW_US + later_us)


def stored(event: Event, *, later_us: int = 0) -> EventRow:
    return EventRow(event=event, written_at=NOW_US + later_us)


def changed(lobby: ConversationId, user: UserId, seq: int, role: Role | None, *, later_us: int = 0) -> MembershipRow:
    change = MembershipChange(user_id=user, seq=seq, role=role, messages=seq - 1)
    return MembershipRow(conversation_id=lobby, change=change, written_at=NOW_US + later_us)


def sent(lobby: ConversationId, seq: int, *, later_us: int = 0) -> SentRow:
    return SentRow(conversation_id=lobby, user_id=ANN, seq=seq, messages=seq - 1, written_at=NOW_US + later_us)


GONE = {"deleted_at": NOON}


def emptied(lobby: ConversationId, seq: int, *, later_us: int, left: JsonObject = GONE) -> EmptiedRow:
    return EmptiedRow(conversation_id=lobby, seq=seq, left=left, written_at=NOW_US + later_us)


def emptied_effect(lobby: ConversationId, target_seq: int, *, seq: int, later_us: int) -> EmptiedEffectRow:
    return EmptiedEffectRow(conversation_id=lobby, target_seq=target_seq, seq=seq, written_at=NOW_US + later_us)


def an_edit_of(lobby: ConversationId, target_seq: int, *, seq: int) -> Event:
    payload = {"target_seq": target_seq, "content": text("said better")}
    return an_event(seq, conversation=lobby, type="edit", payload=payload)


class TestReading:
    def test_what_is_not_there_is_missing(self, tables: Tables, lobby: ConversationId) -> None:
        key = spent(lobby, seq=1).key
        known = tables.read(Wanted(conversations=[lobby], keys=[key], targets=[(lobby, 1)]))
        assert (known.heads, known.targets) == ({}, {})
        assert not known.outcomes.get(key)
        assert not known.membership_changes.get(lobby)
        assert not known.effects.get((lobby, 1))
        assert tables.events_at([(lobby, 1)]) == {}

    def test_nothing_is_wanted(self, tables: Tables) -> None:
        known = tables.read(Wanted())
        assert (known.heads, known.membership_changes, known.outcomes) == ({}, {}, {})
        assert (known.targets, known.effects, tables.events_at([])) == ({}, {}, {})

    def test_all_that_is_wanted_is_read_at_once(self, tables: Tables, lobby: ConversationId) -> None:
        other = ConversationId(new_id())
        event, row = an_event(1, conversation=lobby), spent(lobby, seq=1)
        delete = an_event(2, conversation=lobby, type="delete", payload={"target_seq": 1})
        joined, left = changed(lobby, ANN, 1, "owner"), changed(lobby, ANN, 3, None)
        head = a_head(2, conversation=lobby)
        tables.write([stored(event), row, EffectRow(target_seq=1, event=delete, written_at=NOW_US), joined, left])
        tables.write_heads([head])
        known = tables.read(Wanted(conversations=[lobby, other], keys=[row.key], targets=[(lobby, 1), (other, 1)]))
        assert known.heads == {lobby: head}
        assert sorted(known.membership_changes[lobby], key=lambda each: each.seq) == [joined.change, left.change]
        assert known.outcomes == {row.key: [row.outcome]}
        assert known.targets == {(lobby, 1): event}
        assert known.effects[lobby, 1] == [Effect(seq=2, type="delete")]


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
        rows: list[Row] = [stored(event), row, changed(lobby, ANN, 1, "owner"), sent(lobby, 1)]
        tables.write(rows)
        tables.write(list(reversed(rows)))
        known = tables.read(Wanted(conversations=[lobby], keys=[row.key], targets=[(lobby, 1)]))
        assert known.targets == {(lobby, 1): event}
        assert len(known.membership_changes[lobby]) == 1
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


class TestDeletion:
    def test_an_emptied_event_stays_at_its_place_and_says_when_it_was_deleted(
        self, tables: Tables, lobby: ConversationId
    ) -> None:
        tables.write([stored(an_event(1, conversation=lobby))])
        tables.write([emptied(lobby, 1, later_us=10)])
        assert tables.events_at([(lobby, 1)]) == {(lobby, 1): an_event(1, conversation=lobby, payload=GONE)}

    def test_of_an_edit_its_target_is_left(self, tables: Tables, lobby: ConversationId) -> None:
        edit = an_edit_of(lobby, 1, seq=2)
        tables.write([stored(edit), EffectRow(target_seq=1, event=edit, written_at=NOW_US)])
        tables.write(
            [emptied(lobby, 2, left={"target_seq": 1}, later_us=10), emptied_effect(lobby, 1, seq=2, later_us=10)]
        )
        assert tables.events_at([(lobby, 2)]) == {(lobby, 2): replace(edit, payload={"target_seq": 1})}
        assert tables.read(Wanted(targets=[(lobby, 1)])).effects[lobby, 1] == [Effect(seq=2, type="edit")]
        (effect,) = tables.effects(lobby, [range(1, 2)])
        assert (effect.seq, effect.type, effect.payload) == (2, "edit", {})

    def test_an_edit_that_is_written_after_its_deletion_says_nothing(
        self, tables: Tables, lobby: ConversationId
    ) -> None:
        """A replay, or a zombie."""
        edit = an_edit_of(lobby, 1, seq=2)
        tables.write(
            [emptied(lobby, 2, left={"target_seq": 1}, later_us=10), emptied_effect(lobby, 1, seq=2, later_us=10)]
        )
        assert tables.read(Wanted(targets=[(lobby, 1)])).effects[lobby, 1] == []
        tables.write([EffectRow(target_seq=1, event=edit, written_at=NOW_US), stored(edit)])
        assert tables.events_at([(lobby, 2)]) == {(lobby, 2): replace(edit, payload={"target_seq": 1})}
        (effect,) = tables.effects(lobby, [range(1, 2)])
        assert (effect.seq, effect.payload) == (2, {})

    def test_writing_the_event_again_does_not_bring_it_back(self, tables: Tables, lobby: ConversationId) -> None:
        """A replay, or a zombie; also if it comes to write the event only after its deletion."""
        event = an_event(1, conversation=lobby)
        tables.write([emptied(lobby, 1, later_us=10)])
        tables.write([stored(event)])
        assert tables.events_at([(lobby, 1)])[lobby, 1].payload == GONE


class TestErasure:
    def test_a_member_who_is_erased_is_gone_for_good(self, tables: Tables, lobby: ConversationId) -> None:
        change = MembershipChange(user_id=ANN, seq=5, role=None, messages=3, erased=True)
        tables.write([MembershipRow(conversation_id=lobby, change=change, written_at=NOW_US)])
        assert tables.membership_changes_of(ANN, [lobby]) == {lobby: [change]}
        assert tables.read(Wanted(conversations=[lobby])).membership_changes == {lobby: [change]}

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

    def test_a_users_own_membership_is_read_alone(self, tables: Tables, lobby: ConversationId) -> None:
        joined, left = changed(lobby, ANN, 1, "owner"), changed(lobby, ANN, 5, None)
        tables.write([joined, left, changed(lobby, BOB, 1, "member")])
        found = tables.membership_changes_of(ANN, [lobby, ConversationId(new_id())])
        assert {each: sorted(changes, key=lambda change: change.seq) for each, changes in found.items()} == {
            lobby: [joined.change, left.change]
        }

    def test_cursors_never_written_are_missing(self, tables: Tables, lobby: ConversationId) -> None:
        tables.write([sent(lobby, 4)])
        assert tables.cursors([(lobby, ANN), (ConversationId(new_id()), ANN)]) == {
            (lobby, ANN): Cursor(sent_seq=4, sent_messages=3)
        }
        assert tables.cursors([(lobby, BOB)]) == {}


class TestEffects:
    def test_are_read_of_the_messages_that_are_asked_for(self, tables: Tables, lobby: ConversationId) -> None:
        """1000 is where a partition of the table ends. Those on one message come in the order of their places."""
        edits = {seq: an_edit_of(lobby, target, seq=seq) for seq, target in enumerate((7, 998, 1000, 1001, 998), 2000)}
        for event in edits.values():
            tables.write([EffectRow(target_seq=event.payload["target_seq"], event=event, written_at=NOW_US)])
        found = list(tables.effects(lobby, [range(999, 1100), range(998, 999)]))
        assert [(each.target_seq, each.seq) for each in found] == [(1000, 2002), (1001, 2003), (998, 2001), (998, 2004)]
        edit = edits[2002]
        assert found[0] == StoredEffect(
            target_seq=1000, seq=2002, type="edit", at=edit.at, sender_id=edit.sender_id, payload=edit.payload
        )
        assert list(tables.effects(lobby, [])) == list(tables.effects(ConversationId(new_id()), [range(1, 3000)])) == []

    def test_what_was_deleted_of_an_effect_is_empty(self, tables: Tables, lobby: ConversationId) -> None:
        tables.write([EffectRow(target_seq=1, event=an_edit_of(lobby, 1, seq=2), written_at=NOW_US)])
        tables.write([emptied_effect(lobby, 1, seq=2, later_us=10)])
        (effect,) = tables.effects(lobby, [range(1, 2)])
        assert (effect.seq, effect.type, effect.payload) == (2, "edit", {})

    def test_thousands_on_one_message_are_read(self, tables: Tables, lobby: ConversationId) -> None:
        """More than the driver takes at once."""
        reaction = {"target_seq": 1, "reaction": "👍"}
        events = [an_event(seq, conversation=lobby, type="reaction", payload=reaction) for seq in range(2, 6002)]
        tables.write([EffectRow(target_seq=1, event=event, written_at=NOW_US) for event in events])
        assert [effect.seq for effect in tables.effects(lobby, [range(1, 2)])] == list(range(2, 6002))


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
