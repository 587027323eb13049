from contextlib import closing
from threading import Barrier, Event

import pytest

from natter.usecases.reading.concurrently import READ_AT_ONCE, concurrently


class TestConcurrently:
    def test_results_come_in_the_order_of_their_tasks(self) -> None:
        """The first is done when the second is."""
        second = Event()

        def finish() -> bool:
            second.set()
            return False

        assert list(concurrently([lambda: second.wait(10), finish])) == [True, False]

    def test_some_are_under_way_at_once(self) -> None:
        meeting = Barrier(READ_AT_ONCE, timeout=10)
        assert sorted(concurrently([meeting.wait] * READ_AT_ONCE)) == list(range(READ_AT_ONCE))

    def test_who_takes_no_more_has_no_more_done(self) -> None:
        done: list[int] = []
        with closing(concurrently(lambda: done.append(1) for _ in range(10 * READ_AT_ONCE))) as results:
            next(results)
        assert len(done) <= READ_AT_ONCE + 1

    def test_what_a_task_raises_comes_when_it_is_its_turn(self) -> None:
        results = concurrently([lambda: 1.0, lambda: 1 / 0])
        assert next(results) == 1
        with pytest.raises(ZeroDivisionError):
            next(results)
