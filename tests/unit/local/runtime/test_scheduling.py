import pytest

from local.runtime.scheduling import Slots, ThrottledError


def slots(limit: int = 2, *, reserved: bool = False) -> Slots[str, str]:
    return Slots("f", limit, reserved=reserved)


class TestSlots:
    def test_event_without_a_worker_waits_for_one_to_start(self) -> None:
        pool = slots()
        assert pool.place("a") is None
        assert pool.missing() == 1
        pool.started()
        assert pool.missing() == 0
        assert pool.ready("w", was="starting") == "a"

    def test_most_recently_used_worker_is_first(self) -> None:
        pool = slots()
        for worker in ("w1", "w2"):
            pool.started()
            assert pool.ready(worker, was="starting") is None
        assert pool.place("a") == "w2"
        assert pool.place("b") == "w1"

    def test_events_beyond_the_limit_wait_in_order(self) -> None:
        pool = slots(1)
        pool.started()
        pool.ready("w", was="starting")
        assert pool.place("a") == "w"
        assert [pool.place("b"), pool.place("c")] == [None, None]
        assert pool.missing() == 0
        assert pool.ready("w", was="busy") == "b"
        assert pool.ready("w", was="busy") == "c"
        assert pool.ready("w", was="busy") is None

    def test_nobody_is_let_in_while_it_is_closed(self) -> None:
        pool = slots()
        pool.started()
        pool.ready("w", was="starting")
        pool.closed += 1
        with pytest.raises(ThrottledError):
            pool.place("a")
        assert pool.executing == 0
        pool.closed -= 1
        assert pool.place("a") == "w"

    def test_reserved_concurrency_counts_events_not_workers(self) -> None:
        """A worker that has answered but not yet asked again must not make the next event a throttled one."""
        pool = slots(1, reserved=True)
        pool.started()
        pool.ready("w", was="starting")
        pool.place("a")
        with pytest.raises(ThrottledError, match="f: Rate Exceeded"):
            pool.place("b")
        pool.done()
        assert pool.place("b") is None
        assert pool.ready("w", was="busy") == "b"

    def test_reserved_concurrency_of_none_throttles_everything(self) -> None:
        with pytest.raises(ThrottledError):
            slots(0, reserved=True).place("a")

    def test_stranded_worker_leaves_its_place_to_another(self) -> None:
        pool = slots(1)
        pool.started()
        pool.ready("w1", was="starting")
        pool.place("a")
        pool.stranded()
        pool.done()
        pool.place("a")
        assert pool.missing() == 1
        pool.started()
        assert pool.ready("w2", was="starting") == "a"
        assert pool.ready("w1", was="stranded") is None
        assert pool.size == 2

    def test_those_that_are_taken_out_get_no_event(self) -> None:
        pool = slots(1)
        pool.started()
        pool.ready("w", was="starting")
        assert pool.empty() == ["w"]
        assert pool.place("a") is None
        assert pool.missing() == 1
        pool.gone("w", was="stranded")
        assert pool.size == 0

    @pytest.mark.parametrize("was", ["starting", "idle", "busy"])
    def test_worker_that_is_gone_makes_room(self, was: str) -> None:
        pool = slots(1)
        pool.started()
        if was != "starting":
            pool.ready("w", was="starting")
        if was == "busy":
            pool.place("a")
        pool.gone("w", was=was)
        assert pool.size == 0
        pool.place("b")
        assert pool.missing() == 1
