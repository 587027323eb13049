"""What every `EventStore` and `Timeline` promise of who belongs to a conversation."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import cycle, islice
from typing import Any, Protocol

import pytest

from natter.adapters.cassandra.client import CassandraSession, Statement
from natter.adapters.cassandra.event_store import CassandraEventStore
from natter.adapters.cassandra.timeline import CassandraTimeline
from natter.domain.conversations.members import Membership, Role, Standing
from natter.domain.conversations.rosters import ROSTER_EVERY, Roster
from natter.domain.fold.conversation import Conversation
from natter.domain.fold.known import Wanted
from natter.domain.fold.writes import RosterRow, Row, StandingRow
from natter.domain.ids import ConversationId, UserId, new_id
from natter.domain.messages.events import Head
from natter.domain.messages.states import Bounds
from natter.ports.messages import EventStore
from natter.ports.reading import Timeline
from tests.memory.tables import MemoryTables
from tests.messages import ANN, BOB, CID, a_log, added, created, erased, removed, role_changed

THOUSANDS = 2_000
TURNS: Sequence[Role] = ("admin", "member")


class Tables(EventStore, Timeline, Protocol): ...


class Cassandra(CassandraEventStore, CassandraTimeline):
    """What writes the tables and what reads them, over one session."""


@pytest.fixture(params=["memory", pytest.param("cassandra", marks=pytest.mark.engines)])
def tables(request: pytest.FixtureRequest) -> Tables:
    return MemoryTables() if request.param == "memory" else Cassandra(request.getfixturevalue("cassandra"))


@dataclass
class Group:
    """What is stored of who belongs to a new group while its log is folded, and who belonged to it at each place."""

    commands: Iterable[Any]
    every: int = ROSTER_EVERY
    conversation: ConversationId = field(default_factory=lambda: ConversationId(new_id()))
    rows: list[Row] = field(default_factory=list)
    members: dict[int, dict[UserId, Membership]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        fold = Conversation(head=Head(conversation_id=self.conversation), bounds=Bounds(rosters=self.every))
        for record in a_log(self.commands, at=time.time_ns() // 1_000_000):
            folded = fold.fold(record)
            self.rows += [row for row in folded.rows if isinstance(row, RosterRow | StandingRow)]
            self.members[fold.head.seq] = dict(fold.members)
        self.head = fold.head

    def roster(self, tables: Tables, first: int, last: int) -> Roster:
        return tables.rosters({self.conversation: (first, last)})[self.conversation]

    def standing(self, tables: Tables, user: UserId, seq: int) -> Standing | None:
        return tables.standings({(self.conversation, user): seq}).get((self.conversation, user))


def turns(number: int) -> Iterable[Any]:
    """Ann makes Bob an admin, and a member again, and so on."""
    for index, role in enumerate(islice(cycle(TURNS), number)):
        yield role_changed(BOB, role, client_id=f"turn-{index}")


def coming_and_going(rounds: int) -> Iterable[Any]:
    for index in range(rounds):
        yield added(CID, client_id=f"added-{index}")
        yield role_changed(CID, "admin", client_id=f"admin-{index}")
        yield removed(CID, client_id=f"removed-{index}")


class TestRosters:
    @pytest.mark.parametrize("every", [1, 2, 7, ROSTER_EVERY])
    def test_are_what_the_fold_says_at_every_place(self, tables: Tables, every: int) -> None:
        group = Group([created(), *coming_and_going(7)], every=every)
        tables.write(group.rows)
        end = group.head.seq
        for first in range(1, end + 1):
            roster, alone = group.roster(tables, first, end), group.roster(tables, first, first)
            assert alone.as_of(first) == group.members[first]
            assert {seq: roster.as_of(seq) for seq in range(first, end + 1)} == {
                seq: group.members[seq] for seq in range(first, end + 1)
            }
            assert [each.seq for each in alone.changes_at(first)] == [first] * (2 if first == 1 else 1)
            assert len(roster.changes) <= end - first + every + 1

    def test_of_several_conversations_are_read_at_once_and_of_none_nobody(self, tables: Tables) -> None:
        lobby, kitchen = Group([created(), *turns(3)]), Group([created({CID: "owner"})])
        tables.write([*lobby.rows, *kitchen.rows])
        nowhere = ConversationId(new_id())
        found = tables.rosters({lobby.conversation: (2, 4), nowhere: (1, 9), kitchen.conversation: (1, 1)})
        assert found[lobby.conversation].as_of(4) == lobby.members[4]
        assert found[kitchen.conversation].as_of(1).keys() == {CID}
        assert found[nowhere] == Roster(changes=[])
        assert tables.rosters({}) == {}

    def test_a_fold_that_begins_reads_few_however_often_roles_were_changed(self, tables: Tables) -> None:
        group = Group([created(), *turns(THOUSANDS)])
        tables.write(group.rows)
        tables.write_heads([group.head])
        roster = tables.read(Wanted(conversations=[group.conversation])).rosters[group.conversation]
        assert len(roster.changes) <= ROSTER_EVERY
        assert roster.as_of(group.head.seq) == group.members[group.head.seq]
        middle = THOUSANDS // 2
        assert len(group.roster(tables, middle, middle + 10).changes) <= ROSTER_EVERY + 10

    def test_what_lies_above_the_head_is_not_read(self, tables: Tables) -> None:
        """A fold that did not finish has stored the whole roster there, too."""
        group = Group([created(), *coming_and_going(3)], every=2)
        tables.write(group.rows)
        for seq in range(1, group.head.seq):
            tables.write_heads([Head(conversation_id=group.conversation, seq=seq, written_at=group.head.written_at)])
            roster = tables.read(Wanted(conversations=[group.conversation])).rosters[group.conversation]
            assert max(change.seq for change in roster.changes) <= seq
            assert roster.as_of(seq) == group.members[seq]

    @pytest.mark.parametrize("number", [ROSTER_EVERY - 2, ROSTER_EVERY - 1, ROSTER_EVERY, 2 * ROSTER_EVERY + 3])
    def test_without_a_whole_one_all_changes_are_read(self, tables: Tables, number: int) -> None:
        """Nothing rests on how often it is stored: whoever stored it less often is understood all the same."""
        group = Group([created(), *turns(number)], every=10 * THOUSANDS)
        tables.write(group.rows)
        roster = group.roster(tables, group.head.seq, group.head.seq)
        assert (roster.seq, len({each.seq for each in roster.changes})) == (0, number + 1)
        assert roster.as_of(group.head.seq) == group.members[group.head.seq]

    def test_writing_again_in_any_order_changes_nothing(self, tables: Tables) -> None:
        group = Group([created(), *coming_and_going(3)], every=2)
        tables.write(group.rows)
        before = group.roster(tables, 1, group.head.seq)
        tables.write(group.rows[::-1])
        assert group.roster(tables, 1, group.head.seq) == before

    def test_what_is_undone_is_gone_whoever_comes_late(self, tables: Tables) -> None:
        group = Group([created(), *coming_and_going(2)], every=2)
        tables.write(group.rows)
        undone = [row for row in group.rows if (row.seq if isinstance(row, RosterRow) else row.standing.seq) > 3]  # type: ignore[union-attr]
        tables.undo(undone, replace(group.head, seq=3))
        tables.write(undone)
        roster = group.roster(tables, 3, group.head.seq)
        assert max(change.seq for change in roster.changes) == 3
        assert group.standing(tables, CID, group.head.seq) == group.standing(tables, CID, 3)


class TestStandings:
    def test_are_as_of_a_place(self, tables: Tables) -> None:
        group = Group(
            [created(), added(CID, client_id="in"), removed(CID, client_id="out"), erased(BOB, client_id="e")]
        )
        tables.write(group.rows)
        cids = [group.standing(tables, CID, seq) for seq in range(1, 5)]
        joined = Membership(role="member", joined_seq=2, joined_messages=0)
        gone = Standing(seq=3, membership=None)
        assert cids == [None, Standing(seq=2, membership=joined), gone, gone]
        assert group.standing(tables, BOB, 4) == Standing(seq=4, membership=None, erased=True)
        assert group.standing(tables, BOB, 3) == Standing(seq=1, membership=group.members[1][BOB])

    def test_a_changed_role_keeps_the_place_of_joining(self, tables: Tables) -> None:
        group = Group([created(), *coming_and_going(2)])
        tables.write(group.rows)
        for seq, members in group.members.items():
            standing = group.standing(tables, CID, seq)
            assert (None if standing is None else standing.membership) == members.get(CID)

    def test_many_are_read_at_once_and_who_never_was_there_is_missing(self, tables: Tables) -> None:
        groups = [Group([created()]) for _ in range(150)]
        tables.write([row for group in groups for row in group.rows])
        keys = {(group.conversation, user): 1 for group in groups for user in (ANN, BOB, CID)}
        assert tables.standings(keys).keys() == {(each, user) for each, user in keys if user != CID}
        assert tables.standings({}) == {}

    def test_the_first_place_is_that_of_the_first_joining(self, tables: Tables) -> None:
        group = Group([created(), *coming_and_going(2)])
        tables.write(group.rows)
        assert [tables.first_place(group.conversation, user) for user in (ANN, CID, UserId("nobody"))] == [1, 2, None]


@pytest.mark.engines
class TestRowsRead:
    """On the real tables: what a look-up costs after thousands of changes."""

    @pytest.fixture
    def read(self, cassandra: CassandraSession, monkeypatch: pytest.MonkeyPatch) -> list[int]:
        """How many rows each statement has answered."""
        counted: list[int] = []
        run = cassandra.run

        def counting(statements: Sequence[Statement]) -> list[Any]:
            results = [list(rows) for rows in run(statements)]
            counted.extend(map(len, results))
            return results

        monkeypatch.setattr(cassandra, "run", counting)
        return counted

    def test_are_bounded(self, cassandra: CassandraSession, read: list[int]) -> None:
        tables = Cassandra(cassandra)
        group = Group([created(), *turns(THOUSANDS)])
        tables.write(group.rows)
        tables.write_heads([group.head])
        end, bobs = group.head.seq, (group.conversation, BOB)
        for look_up, most in (
            (lambda: tables.read(Wanted(conversations=[group.conversation])), [1, ROSTER_EVERY]),
            (lambda: group.roster(tables, end, end), [ROSTER_EVERY]),
            (lambda: tables.standings({bobs: end}), [1]),
            (lambda: tables.standings({bobs: 5}), [1]),
            (lambda: tables.first_place(*bobs), [1]),
        ):
            read.clear()
            look_up()
            assert read == most
