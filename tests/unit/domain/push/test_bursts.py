"""Each message wakes a device once, alone or with others, whatever is asked how often and in which order."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from natter.domain.push.bursts import (
    AGAIN,
    MOST_REMEMBERED,
    SINGLE,
    WINDOW_MS,
    Claimed,
    Woken,
    claim,
    release,
)
from natter.domain.push.waking import WAIT_MS

OVER = WINDOW_MS + WAIT_MS


class Device:
    """One that is woken; `at` is when messages happened, from zero."""

    def __init__(self) -> None:
        self.woken = Woken()
        self.asked: list[int] = []

    def claim(self, seq: int, at: int, *, now: int | None = None) -> Claimed:
        self.woken, claimed = claim(
            self.woken, seq=seq, at=at, by=f"somebody {len(self.asked)}", now=at + WAIT_MS if now is None else now
        )
        self.asked.append(seq)
        return claimed

    def release(self, seq: int) -> None:
        for number in range(len(self.asked)):
            self.woken = release(self.woken, seq=seq, by=f"somebody {number}")


def test_three_are_pushed_one_by_one_and_one_push_stands_for_the_others() -> None:
    device = Device()
    turns = [device.claim(seq, at=seq).turn for seq in range(1, 7)]

    assert turns == ["single"] * SINGLE + ["later"] * 3
    assert device.claim(4, 4).due_at == 1 + OVER
    assert device.claim(5, 5, now=1 + OVER) == Claimed(turn="summary", count=6)
    assert [device.claim(seq, seq, now=1 + OVER) for seq in range(1, 7)] == [AGAIN] * 6


def test_a_window_is_ten_seconds_of_the_log() -> None:
    device = Device()
    assert [device.claim(seq, at).turn for seq, at in ((1, 0), (2, 1), (3, 2), (4, WINDOW_MS))] == ["single"] * 4


def test_who_is_late_joins_the_window_that_has_begun() -> None:
    device = Device()
    assert [device.claim(seq, at).turn for seq, at in ((4, 5_000), (1, 1), (2, 2), (3, 3))] == ["single"] * 3 + [
        "later"
    ]


def test_who_comes_when_the_push_of_their_window_is_under_way_begins_another() -> None:
    device = Device()
    for seq in (1, 2, 3, 5):
        device.claim(seq, at=100)
    assert device.claim(5, 100, now=100 + OVER).turn == "summary"
    assert device.claim(4, 100, now=100 + OVER).turn == "single"


def test_a_push_that_was_taken_back_can_be_claimed_again() -> None:
    device = Device()
    device.claim(1, 0)
    device.release(1)
    assert device.claim(1, 0).turn == "single"
    assert device.claim(1, 0) == AGAIN


def test_so_can_the_one_of_a_window() -> None:
    device = Device()
    for seq in range(1, 5):
        device.claim(seq, at=0)
    assert device.claim(4, 0, now=OVER).turn == "summary"
    device.release(4)
    assert device.claim(4, 0, now=OVER) == Claimed(turn="summary", count=4)


def test_taking_back_what_was_not_claimed_changes_nothing() -> None:
    device = Device()
    device.release(1)
    assert device.woken == Woken()


def test_the_answer_that_was_lost_comes_again_to_who_had_it_and_nobody_else_takes_it_back() -> None:
    woken, claimed = claim(Woken(), seq=1, at=0, by="me", now=WAIT_MS)
    assert claim(woken, seq=1, at=0, by="me", now=WAIT_MS) == (woken, claimed)
    assert release(woken, seq=1, by="another") == woken
    assert claim(woken, seq=1, at=0, by="another", now=WAIT_MS) == (woken, AGAIN)


def test_what_is_looked_at_late_is_one_push_as_well() -> None:
    """Who is online on another device is looked at after half a minute: ten messages were ten pushes."""
    device, late = Device(), 30_000
    turns = [device.claim(seq, at=seq, now=seq + late).turn for seq in range(1, 11)]
    assert turns == ["single"] * SINGLE + ["later"] * 7
    assert device.claim(10, 10, now=1 + late + WINDOW_MS) == Claimed(turn="summary", count=10)


def test_little_is_remembered_and_what_is_forgotten_counts_as_told() -> None:
    device = Device()
    for seq in range(1, 2 * MOST_REMEMBERED):
        assert device.claim(seq, at=seq * WINDOW_MS).turn == "single"
        assert len(device.woken.messages) + len(device.woken.bursts) <= MOST_REMEMBERED + 2
    assert device.claim(1, WINDOW_MS) == AGAIN


asked = st.lists(st.tuples(st.integers(1, 12), st.integers(0, 3)), max_size=60)
"""Which message, and how late: 0 when it is first due, 1-3 windows later."""


@given(asked, st.lists(st.integers(0, 3 * WINDOW_MS), min_size=12, max_size=12))
def test_no_message_is_pushed_twice_however_often_it_is_asked(order: list[tuple[int, int]], times: list[int]) -> None:
    device, pushed = Device(), Counter[int]()
    times.sort()
    for seq, late in order:
        at = times[seq - 1]
        claimed = device.claim(seq, at, now=at + WAIT_MS + late * WINDOW_MS)
        pushed[seq] += claimed.turn in {"single", "summary"}

    assert all(count <= 1 for count in pushed.values())


@given(st.lists(st.integers(0, 3 * WINDOW_MS), max_size=40))
def test_every_message_is_told_of_alone_or_with_its_window(times: list[int]) -> None:
    device, windows, told = Device(), Counter[int](), 0
    end = 4 * WINDOW_MS + OVER
    times.sort()
    for seq, at in enumerate(times, start=1):
        told += device.claim(seq, at).turn == "single"
        assert device.woken.window is not None
        windows[device.woken.window] += 1
    summaries = [
        claimed for seq, at in enumerate(times, 1) if (claimed := device.claim(seq, at, now=end)).turn == "summary"
    ]

    assert told == sum(min(count, SINGLE) for count in windows.values())
    assert sorted(each.count for each in summaries) == sorted(count for count in windows.values() if count > SINGLE)
