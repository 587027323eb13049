import logging
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace

import pytest

from natter.domain.errors import Unavailable
from natter.domain.fold.conversation import client_id_key
from natter.domain.messages.commands import Record
from natter.ports.ledger import Logged, Stretch
from natter.usecases.operations.reconcile import KEPT_MS, UNREADABLE, Lost, Reconcile, Reconciled
from tests.memory.command_history import MemoryCommandHistory
from tests.memory.tables import MemoryTables
from tests.messages import BOB, LOBBY, NOON, a_command, a_delete, a_log, a_post, created
from tests.persisting import Stage

LOG = a_log(
    [
        created(),
        a_command(a_post("m1"), a_post("m2")),
        a_command(a_delete("d1", 99), sender=BOB),  # refused
        a_command(a_post("m1"), a_post("m3")),  # the first of them again
    ]
)
LATE_MS = 5_000


class Ledger:
    """The log, folded as it is; and the ledger, which has looked at nothing yet."""

    def __init__(self, log: list[Record] = LOG, *, folded: int | None = None) -> None:
        self.stage = Stage()
        for record in log[:folded]:
            self.stage.persist([record])
        self.tables: MemoryTables = self.stage.tables
        self.history = MemoryCommandHistory(log)
        self.now = NOON + LATE_MS
        self.reconcile = Reconcile(history=self.history, timeline=self.tables, now_ms=self._tick, budget_ms=1_000)
        self.step_ms = 0

    def _tick(self) -> int:
        self.now += self.step_ms
        return self.now

    def lost(self) -> list[tuple[int, int]]:
        return [(each.offset, each.item) for each in self.reconcile().lost]


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)


def losing_an_event(ledger: Ledger) -> None:
    ledger.tables._partitions["events", (LOBBY, 3)].clear()


def losing_a_head(ledger: Ledger) -> None:
    ledger.tables._partitions["heads", LOBBY].clear()


def losing_an_outcome(ledger: Ledger) -> None:
    ledger.tables._partitions["client_ids", client_id_key(LOG[1].command, LOG[1].command.items[1])].clear()


class TestReconcile:
    def test_what_was_folded_is_accounted_for_refused_and_repeated_or_not(self) -> None:
        """P1."""
        ledger = Ledger()
        assert ledger.reconcile() == Reconciled(items=6, lost=(), missed=0, age_ms=0)
        assert ledger.history.places == {0: 4}

    def test_nothing_is_looked_at_twice(self) -> None:
        ledger = Ledger()
        ledger.reconcile()
        losing_an_event(ledger)
        assert ledger.reconcile() == Reconciled(items=0, lost=(), missed=0, age_ms=0)

    def test_late_is_not_lost(self) -> None:
        """What is not committed may be folded yet (P9)."""
        ledger = Ledger(folded=2)
        ledger.history.decided[0] = 2
        assert ledger.reconcile().items == 3
        assert ledger.history.places == {0: 2}

    def test_a_batch_that_was_swallowed_is_lost(self) -> None:
        """Committed, and never folded. What repeats an item of before it is not."""
        assert Ledger(folded=2).lost() == [(2, 0), (3, 1)]

    @pytest.mark.parametrize(
        ("lose", "lost"),
        [
            (losing_an_event, [(1, 1)]),
            (losing_an_outcome, [(1, 1)]),
            (losing_a_head, [(0, 0), (1, 0), (1, 1), (3, 1)]),
        ],
    )
    def test_what_is_gone_from_the_store_is_lost(
        self, lose: Callable[[Ledger], None], lost: list[tuple[int, int]]
    ) -> None:
        ledger = Ledger()
        lose(ledger)
        assert ledger.lost() == lost

    def test_what_is_older_than_outcomes_are_kept_was_missed_and_not_lost(self) -> None:
        """The ledger had not run for nine days, and named every message of the first of them as lost."""
        ledger = Ledger()
        ledger.history.places = {0: 0}
        losing_an_outcome(ledger)
        ledger.now = NOON + KEPT_MS + 1
        assert ledger.reconcile() == Reconciled(items=0, lost=(), missed=4, age_ms=0)
        assert ledger.history.places == {0: 4}

    def test_nor_is_it_missed_where_nobody_knows_any_more_that_it_was_looked_at(self) -> None:
        """Brokers forget the place of a partition in which nothing is said for a week."""
        ledger = Ledger()
        losing_an_outcome(ledger)
        ledger.now = NOON + KEPT_MS + 1
        assert ledger.reconcile() == Reconciled(items=0, lost=(), missed=0, age_ms=0)

    def test_an_event_in_the_place_of_another_is_no_outcome_of_it(self) -> None:
        ledger = Ledger()
        events = ledger.tables._partitions
        events["events", (LOBBY, 3)] = events["events", (LOBBY, 2)]
        assert ledger.lost() == [(1, 1)]

    def test_what_was_set_aside_is_accounted_for(self) -> None:
        ledger = Ledger(folded=2)
        ledger.history.letters = {(0, 2), (0, 3), (1, 1)}
        assert ledger.lost() == []

    def test_what_cannot_be_read_is_lost_unless_it_was_set_aside(self) -> None:
        ledger = Ledger()
        ledger.history._unreadable = {(0, 2)}
        reconciled = ledger.reconcile()
        assert [(each.offset, each.item) for each in reconciled.lost] == [(2, UNREADABLE)]
        assert reconciled.items == 5

    def test_what_the_log_has_dropped_unseen_is_unaccounted_for(self) -> None:
        ledger = Ledger()
        ledger.history.places, ledger.history.dropped = {0: 1}, {0: 3}
        reconciled = ledger.reconcile()
        assert (reconciled.items, reconciled.missed, reconciled.unaccounted) == (2, 2, 2)

    def test_and_so_it_is_when_nothing_is_left_of_it(self) -> None:
        ledger = Ledger()
        ledger.history.places, ledger.history.dropped = {0: 1}, {0: 4}
        assert (ledger.reconcile().missed, ledger.history.places) == (3, {0: 4})
        assert ledger.reconcile().missed == 0

    def test_whose_places_were_set_back_is_not_looked_at_again(self) -> None:
        ledger = Ledger()
        ledger.reconcile()
        ledger.history.decided[0] = 1
        assert (ledger.reconcile().items, ledger.history.places) == (0, {0: 4})

    def test_partitions_and_offsets_are_named(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.ERROR)
        Ledger(folded=1).reconcile()
        (said,) = caplog.records
        assert (said.message, vars(said)["partition"], vars(said)["offsets"]) == ("unaccounted", 0, [1, 2, 3])

    def test_of_too_much_it_does_what_there_is_time_for(self) -> None:
        ledger = Ledger()
        ledger.step_ms = 600
        reconciled = ledger.reconcile()
        assert (reconciled.items, ledger.history.places) == (3, {0: 2})
        assert reconciled.age_ms >= LATE_MS
        assert ledger.reconcile().items == 3

    def test_a_store_that_does_not_answer_moves_nothing(self) -> None:
        """Nothing is taken for lost that could not be looked at."""
        ledger = Ledger()

        def fail() -> None:
            raise Unavailable("the store")

        ledger.stage.before_access = fail
        with pytest.raises(Unavailable):
            ledger.reconcile()
        assert ledger.history.places == {}

    def test_a_store_that_stops_answering_leaves_the_rest_for_later(self) -> None:
        """
        It was ten minutes behind on a busy machine, and each run failed after a quarter of a minute: what was looked
        at before was looked at again.
        """
        ledger = Ledger()
        losing_an_event(ledger)

        def fail() -> None:
            raise Unavailable("the store")

        class Once(MemoryCommandHistory):
            def read(self, stretches: Mapping[int, Stretch]) -> Generator[Sequence[Logged]]:
                for chunk in super().read(stretches):
                    yield chunk
                    ledger.stage.before_access = fail

        ledger.history = Once(LOG)
        ledger.reconcile = replace(ledger.reconcile, history=ledger.history)
        found = ledger.reconcile()
        assert [(each.offset, each.item) for each in found.lost] == [(1, 1)]
        assert (found.items, ledger.history.places) == (2, {0: 2})
        assert found.age_ms > 0
        ledger.stage.before_access = lambda: None
        assert ledger.reconcile().items == 3


def test_what_is_lost_counts() -> None:
    lost = Lost(partition=3, offset=8812, item=0)
    assert Reconciled(items=1, lost=(lost,), missed=2, age_ms=0).unaccounted == 3


class HangingHistory(MemoryCommandHistory):
    """Partition 1 has no leader."""

    def read(self, stretches: Mapping[int, Stretch]) -> Generator[Sequence[Logged]]:
        yield from super().read({0: stretches[0]} if 0 in stretches else {})
        if 1 in stretches:
            raise Unavailable("the log")


class TestAPartitionThatCannotBeRead:
    def test_hides_nothing_of_the_others_and_is_behind(self) -> None:
        ledger = Ledger()
        losing_an_event(ledger)
        ledger.history = HangingHistory(LOG, LOG)
        ledger.reconcile = replace(ledger.reconcile, history=ledger.history)
        found = ledger.reconcile()
        assert [(each.partition, each.offset, each.item) for each in found.lost] == [(0, 1, 1)]
        assert found.age_ms > 0
        assert ledger.history.places == {0: 4, 1: 0}

    def test_alone_nothing_is_known(self) -> None:
        ledger = Ledger()
        ledger.reconcile()
        ledger.reconcile = replace(ledger.reconcile, history=HangingHistory([], LOG))
        with pytest.raises(Unavailable):
            ledger.reconcile()


class TestWhatTheLogHasDropped:
    def test_counts_once_it_is_decided_and_no_sooner(self) -> None:
        """`persist` and the ledger both stood still for longer than the log keeps anything."""
        ledger = Ledger()
        ledger.history.places[0], ledger.history.decided[0], ledger.history.dropped[0] = 1, 2, 4
        assert ledger.reconcile().missed == 1
        ledger.history.decided[0] = 4
        assert ledger.reconcile().missed == 2
        assert ledger.reconcile().missed == 0
