"""What a fold looks up of who belongs, and belonged, to the conversations of a batch."""

from dataclasses import replace

import pytest

from natter.domain.fold.conversation import client_id_key
from natter.domain.fold.writes import in_turn
from natter.domain.messages.commands import Record
from natter.domain.messages.states import Bounds
from natter.usecases.messages.load import LoadConversations
from natter.usecases.messages.persist import Persist
from natter.usecases.messages.warm import Warm
from tests.messages import (
    ANN,
    BOB,
    CID,
    LOBBY,
    NOON,
    a_command,
    a_connection,
    a_delete,
    a_log,
    a_post,
    a_reaction,
    added,
    an_edit,
    created,
    erased,
    removed,
    role_changed,
)
from tests.persisting import Stage


def environment(stage: Stage, *, rosters: int) -> Persist:
    """One that stores the whole roster so often."""
    return replace(stage.environment(), bounds=Bounds(rosters=rosters))


def coming_and_going() -> list[Record]:
    """Cid comes at 3 and goes at 5; something is said at 2, 4 and 6; then Bob's role changes a few times."""
    commands = [
        created(),
        a_command(a_post("x")),
        added(CID, client_id="row-1"),
        a_command(a_post("y")),
        removed(CID, client_id="row-2"),
        a_command(a_post("z")),
        *(role_changed(BOB, "admin", client_id=f"turn-{turn}") for turn in range(4)),
    ]
    return a_log(commands)


class TestReplays:
    @pytest.mark.parametrize("rosters", [1, 2, 3, 100])
    def test_are_shown_to_who_was_there_though_the_last_roster_is_of_later(self, rosters: int) -> None:
        """P8."""
        cids = a_connection(CID)
        stage, records = Stage(cids), coming_and_going()
        environment(stage, rosters=rosters)(records)
        first, emitted = stage.seen(cids), [each.members_seq for each in stage.emitted()]
        environment(stage, rosters=rosters)(records)
        assert (sorted(first), sorted(stage.seen(cids))) == ([3, 4, 5], [3, 3, 4, 4, 5, 5])
        assert [each.members_seq for each in stage.emitted()] == [*emitted, *emitted]

    @pytest.mark.parametrize(("first", "more"), [(0, 1), (-1, 0)])
    def test_more_is_read_only_of_what_the_last_roster_does_not_know(self, first: int, more: int) -> None:
        records, accesses = coming_and_going(), {}
        for rosters in (3, 100):
            stage = Stage()
            environment(stage, rosters=rosters)(records)
            before = stage.accesses
            environment(stage, rosters=rosters)(records[first:])
            accesses[rosters] = stage.accesses - before
        assert accesses[3] - accesses[100] == more


class TestRosters:
    def test_are_stored_as_often_whoever_folds(self) -> None:
        """Every record in an environment that knows nothing, or all of them in one."""
        stored = []
        for size in (1, 2, 100):
            stage, records = Stage(), coming_and_going()
            for first in range(0, len(records), size):
                environment(stage, rosters=3)(records[first : first + size])
            places = range(1, len(records) + 1)
            stored.append([stage.tables.rosters({LOBBY: (seq, seq)})[LOBBY].seq for seq in places])
        assert stored[0] == stored[1] == stored[2] == [0, 0, 0, 0, 5, 5, 5, 5, 9, 9]


class TestErased:
    @pytest.mark.parametrize("is_warm", [True, False])
    def test_what_they_have_said_is_gone_for_whoever_folds_next(self, *, is_warm: bool) -> None:
        stage = Stage()
        records = a_log(
            [
                created(),
                a_command(a_post("x")),
                erased(ANN, client_id="row-1"),
                a_command(a_reaction("r", 2), sender=BOB),
            ]
        )
        stage.persist(records[:3])
        last = stage.persist if is_warm else stage.environment()
        (decision,) = last(records[3:]).decisions
        assert decision.outcome.refusal == "gone"

    def test_who_has_only_left_is_not_erased(self) -> None:
        stage = Stage()
        records = a_log(
            [
                created(),
                a_command(a_post("x"), sender=BOB),
                removed(BOB, client_id="row-1"),
                a_command(a_reaction("r", 2)),
            ]
        )
        stage.persist(records[:3])
        (decision,) = stage.environment()(records[3:]).decisions
        assert decision.outcome.refusal is None

    def test_of_members_it_is_not_asked(self) -> None:
        accesses = []
        for sender in (ANN, BOB):
            stage = Stage()
            said = a_command(a_post("x"), sender=sender)
            records = a_log([created(), said, removed(BOB, client_id="row-1"), a_command(a_reaction("r", 2))])
            stage.persist(records[:3])
            before = stage.accesses
            stage.persist(records[3:])
            accesses.append(stage.accesses - before)
        assert accesses[1] - accesses[0] == 1


class TestVoid:
    def test_a_roster_that_a_record_has_left_goes_with_it(self) -> None:
        """It is set aside after it was stored: who it has added was never there."""
        stage = Stage()
        first, addition, later = a_log([created(), added(CID, client_id="row-1"), a_command(a_post("x"))])
        persist = environment(stage, rosters=2)
        persist([first])
        load = LoadConversations(timeline=stage.tables, warm=Warm(), bounds=persist.bounds)
        stage.tables.write(load([addition])[LOBBY].fold(addition).rows)
        persist.void(addition, [])
        persist([later])
        head = stage.tables.heads([LOBBY])[LOBBY]
        roster = stage.tables.rosters({LOBBY: (head.seq, head.seq)})[LOBBY]
        assert roster.as_of(head.seq).keys() == {ANN, BOB}
        assert stage.tables.standings({(LOBBY, CID): head.seq}) == {}

    @pytest.mark.parametrize("is_late", [False, True])
    def test_what_was_tried_with_it_is_as_if_it_had_never_been(self, is_late: bool) -> None:
        """Without it more is accepted, so that what was tried later stands at the places of what comes earlier now."""
        said = [a_command(an_edit(f"e{turn}", 2, f"edit {turn}")) for turn in range(3)]
        commands = [created(), a_command(a_post("x")), a_command(a_delete("d", 2)), *said, a_command(a_post("y"))]
        records = a_log(commands, at=[NOON + 10 * index for index in range(len(commands))])
        stage, plain = Stage(), Stage()
        stage.persist(records[:2])
        load = LoadConversations(timeline=stage.tables, warm=Warm(), bounds=stage.persist.bounds)
        conversation = load(records[2:])[LOBBY]
        tried, _ = in_turn(row for record in records[2:] for row in conversation.fold(record).rows)
        stage.tables.write(tried)
        stage.persist.void(records[2], records[3:4])
        if is_late:
            stage.tables.write(tried)
        stage.persist(records[3:])
        stage.tables.write(tried)
        plain.persist([*records[:2], *records[3:]])
        assert stage.stored() == plain.stored()
        key = client_id_key(commands[3], commands[3].items[0])
        assert stage.tables.outcomes([key]) == plain.tables.outcomes([key])
