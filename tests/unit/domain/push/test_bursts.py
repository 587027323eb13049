from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from natter.domain.push.bursts import SINGLE, WINDOW_MS, Burst, Part, joined


def parts(*times: int) -> list[Part]:
    burst: Burst | None = None
    result = []
    for seq, at in enumerate(times, start=1):
        burst, part = joined(burst, seq=seq, at=at)
        result.append(part)
    return result


def test_three_are_pushed_one_by_one_and_the_fourth_stands_for_all_others() -> None:
    assert parts(0, 1, 2, 3, 4, WINDOW_MS - 1) == [Part.SINGLE] * 3 + [Part.GATHERING] + [Part.GATHERED] * 2


def test_a_window_is_ten_seconds_of_the_log() -> None:
    assert parts(0, 1, 2, WINDOW_MS) == [Part.SINGLE] * 4


def test_who_is_late_joins_what_has_begun() -> None:
    assert parts(5_000, 1_000, 2_000, 3_000) == [Part.SINGLE] * 3 + [Part.GATHERING]


@given(st.lists(st.integers(0, 3 * WINDOW_MS), max_size=40))
def test_every_message_is_told_of_once(times: list[int]) -> None:
    """Alone, or by the one push of its window, which counts all of them."""
    windows: Counter[int] = Counter()
    pushed: Counter[int] = Counter()
    burst: Burst | None = None
    counted: dict[int, int] = {}
    for seq, at in enumerate(sorted(times), start=1):
        burst, part = joined(burst, seq=seq, at=at)
        windows[burst.began_at] += 1
        pushed[burst.began_at] += part is not Part.GATHERED
        counted[burst.began_at] = burst.count
        assert burst.began_at <= at < burst.ends_at
        assert burst.last_seq == seq
    assert counted == dict(windows)
    assert all(pushed[window] == min(count, SINGLE + 1) for window, count in windows.items())
