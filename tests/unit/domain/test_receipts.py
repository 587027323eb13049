from collections.abc import Sequence
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from natter.domain.ids import UserId
from natter.domain.receipts import SPAN_MS, Cursor, Progress, Receipt, ReceiptRecord, advanced, goes, reached, risen
from tests.messages import ANN, BOB, LOBBY, MALLORY, NOON


def a_record(*, read: int = 0, delivered: int = 0, at: int = NOON, user: UserId = ANN) -> ReceiptRecord:
    receipt = Receipt(conversation_id=LOBBY, user_id=user, read_seq=read, delivered_seq=delivered)
    return ReceiptRecord(receipt=receipt, at=at)


records = st.builds(a_record, read=st.integers(0, 9), delivered=st.integers(0, 9), at=st.integers(NOON, NOON + 3))
"""Their times run backwards now and then, as a broker's clock may."""


def places(cursor: Cursor) -> tuple[int, int]:
    return cursor.read_seq, cursor.delivered_seq


class TestAdvanced:
    def test_a_cursor_moves_forward(self) -> None:
        assert advanced(Cursor(), [a_record(read=5), a_record(delivered=7)]) == Cursor(
            read_seq=5, delivered_seq=7, written_at=NOON * 1000 + 1
        )

    def test_it_never_moves_back(self) -> None:
        cursor = Cursor(read_seq=5, delivered_seq=7, written_at=NOON * 1000)
        assert advanced(cursor, [a_record(read=4, delivered=7), a_record(read=5)]) == cursor

    def test_its_write_timestamp_grows_also_when_the_clock_jumps_back(self) -> None:
        cursor = Cursor(read_seq=5, written_at=NOON * 1000)
        assert advanced(cursor, [a_record(read=6, at=NOON - 60_000)]).written_at == NOON * 1000 + 1

    def test_what_was_sent_stays(self) -> None:
        moved = advanced(Cursor(sent_seq=9, sent_messages=4), [a_record(read=1)])
        assert (moved.sent_seq, moved.sent_messages) == (9, 4)


class TestLaws:
    @given(st.lists(records, max_size=12), st.randoms(use_true_random=False))
    def test_order_and_repetition_do_not_matter_to_the_places(self, log: list[ReceiptRecord], random: Random) -> None:
        """P6."""
        repeated = [*log, *random.choices(log, k=len(log))] if log else []
        random.shuffle(repeated)
        assert places(advanced(Cursor(), repeated)) == places(advanced(Cursor(), log))

    @given(st.lists(records, max_size=12), st.integers(0, 12))
    def test_how_the_log_is_split_does_not_matter(self, log: list[ReceiptRecord], split: int) -> None:
        assert advanced(advanced(Cursor(), log[:split]), log[split:]) == advanced(Cursor(), log)

    @given(st.lists(records, max_size=12))
    def test_more_of_the_log_has_the_later_timestamp_or_is_the_same(self, log: list[ReceiptRecord]) -> None:
        states = [advanced(Cursor(), log[:end]) for end in range(len(log) + 1)]
        for earlier, later in pairwise(states):
            assert earlier == later or earlier.written_at < later.written_at

    @given(st.lists(records, min_size=1, max_size=8), st.randoms(use_true_random=True))
    @settings(max_examples=300)
    def test_a_writer_that_is_behind_takes_nothing_back(self, log: list[ReceiptRecord], random: Random) -> None:
        """Batches come again in any cut, and writers that were given up finish late: last-write-wins holds all."""
        assert run(log, random) == advanced(Cursor(), log)


def run(log: Sequence[ReceiptRecord], random: Random) -> Cursor:
    """The cell after writers that overlap at will, until all of `log` is committed and every writer has finished."""
    cell, committed = Cursor(), 0
    writers: list[tuple[int, Cursor]] = []
    while committed < len(log) or writers:
        if committed < len(log) and random.random() < 0.5:
            begin, end = random.randint(0, committed), random.randint(committed + 1, len(log))
            writers.append((end, advanced(cell, log[begin:end])))
        elif writers:
            end, written = writers.pop(random.randrange(len(writers)))
            committed = max(committed, end)
            if written.written_at >= cell.written_at:
                cell = written
    return cell


class TestGoes:
    def test_mostly_it_is_one(self) -> None:
        batch = [a_record(read=n, at=NOON + n, user=user) for n in range(9) for user in (ANN, BOB)]
        assert goes(batch) == [batch]
        assert goes([]) == []

    def test_whose_receipts_lie_apart_holds_up_nobody_else(self) -> None:
        """Each of them cut the batch, and all others were written, and told, in as many pieces."""
        apart = [a_record(read=n, at=NOON + n * SPAN_MS, user=MALLORY) for n in range(1, 6)]
        others = [a_record(read=n, at=NOON + n * SPAN_MS, user=UserId(f"user-{n}")) for n in range(1, 6)]
        batch = [record for pair in zip(apart, others, strict=True) for record in pair]
        first, *rest = goes(batch)
        assert first == [apart[0], *others]
        assert rest == [[record] for record in apart[1:]]

    @given(st.lists(st.builds(a_record, at=st.integers(NOON, NOON + 9 * SPAN_MS), user=st.sampled_from("abc"))))
    def test_of_each_member_all_are_there_in_their_order_and_none_apart_together(
        self, batch: list[ReceiptRecord]
    ) -> None:
        rounds = goes(batch)
        for user in "abc":
            theirs = [[record for record in go if record.receipt.user_id == user] for go in rounds]
            assert [each for go in theirs for each in go] == [each for each in batch if each.receipt.user_id == user]
            assert all(each.at - go[0].at < SPAN_MS for go in theirs for each in go)


class TestReached:
    def test_what_was_sent_was_read_up_to_there_and_what_was_read_was_delivered(self) -> None:
        cursor = Cursor(read_seq=3, delivered_seq=4, sent_seq=5)
        assert reached(ANN, cursor) == Progress(user_id=ANN, read_seq=5, delivered_seq=5)

    def test_more_can_be_delivered_than_read(self) -> None:
        assert reached(ANN, Cursor(delivered_seq=4)) == Progress(user_id=ANN, read_seq=0, delivered_seq=4)

    def test_who_came_later_has_nothing_to_read_before(self) -> None:
        assert reached(ANN, Cursor(read_seq=1), at_least=8) == Progress(user_id=ANN, read_seq=8, delivered_seq=8)


class TestRisen:
    @pytest.mark.parametrize(
        ("after", "news"),
        [
            (Cursor(read_seq=5, delivered_seq=7), None),
            (Cursor(read_seq=6, delivered_seq=7), Progress(user_id=ANN, read_seq=6)),
            (Cursor(read_seq=5, delivered_seq=8), Progress(user_id=ANN, delivered_seq=8)),
            (Cursor(read_seq=9, delivered_seq=7), Progress(user_id=ANN, read_seq=9, delivered_seq=9)),
        ],
    )
    def test_only_what_has_changed_is_news(self, after: Cursor, news: Progress | None) -> None:
        assert risen(ANN, Cursor(read_seq=5, delivered_seq=7), after) == news

    def test_reading_up_to_what_one_has_sent_since_is_no_news(self) -> None:
        before = Cursor(read_seq=3, sent_seq=9)
        assert risen(ANN, before, Cursor(read_seq=8, sent_seq=9)) is None
