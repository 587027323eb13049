"""A window on a conversation: bounded, and back where one came from."""

from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

import pytest

from natter_terminal.reader import BEGINNING, LOADING, MOST, NOT_HERE, PAGE, Reader
from tests.clients.terminal.world import NOON, Kept, said

LAST = 1_000


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    made = Kept(tmp_path / "a.db")
    yield made
    made.close()


def reader_of(kept: Kept, name: str = "c") -> Reader:
    return Reader(kept._store, kept._book, "ann", name, zone=UTC, now=lambda: NOON)


def seqs(reader: Reader) -> tuple[int, int]:
    events = reader.talk().events
    assert [event["seq"] for event in events] == list(range(events[0]["seq"], events[-1]["seq"] + 1))
    return events[0]["seq"], events[-1]["seq"]


class TestWindow:
    def test_it_goes_up_to_the_beginning_and_down_again_and_is_never_larger(self, kept: Kept) -> None:
        kept.direct("c", "ben", *(said(seq, "x") for seq in range(1, LAST + 1)))
        reader = reader_of(kept)
        assert seqs(reader) == (LAST - PAGE + 1, LAST)
        sizes = []
        for _ in range(LAST // PAGE + 1):
            reader.older()
            low, high = seqs(reader)
            sizes.append(high - low + 1)
        assert not reader.older()
        assert (seqs(reader), max(sizes)) == ((1, MOST), MOST)
        assert reader.talk().edge == BEGINNING
        assert not reader.is_at_end
        while reader.newer():
            assert seqs(reader)[1] - seqs(reader)[0] < MOST
        assert (seqs(reader)[1], reader.is_at_end) == (LAST, True)

    def test_it_begins_above_what_is_new(self, kept: Kept) -> None:
        kept.direct("c", "ben", *(said(seq, "x") for seq in range(1, LAST + 1)), unread=200)
        reader = reader_of(kept)
        assert seqs(reader) == (800 - PAGE // 4, LAST)
        assert reader.new_after == 800

    def test_around_a_place(self, kept: Kept) -> None:
        kept.direct("c", "ben", *(said(seq, "x") for seq in range(1, LAST + 1)))
        reader = reader_of(kept)
        assert reader.around(500)
        assert seqs(reader) == (500 - PAGE, 500 + PAGE)
        assert not reader.around(LAST + 1)
        reader.to_end()
        assert seqs(reader) == (LAST - PAGE + 1, LAST)

    def test_what_is_not_on_the_device_is_asked_for_or_missed(self, kept: Kept) -> None:
        kept.direct("c", "ben", *(said(seq, "x") for seq in range(101, 151)), first_seq=1)
        reader = reader_of(kept)
        assert not reader.older()
        assert reader.lacks_older
        assert (reader.talk(is_online=True).edge, reader.talk().edge) == (LOADING, NOT_HERE)

    def test_of_nothing(self, kept: Kept) -> None:
        kept.direct("c", "ben")
        assert reader_of(kept).talk().events == []
        assert reader_of(kept, "nowhere").talk().events == []
