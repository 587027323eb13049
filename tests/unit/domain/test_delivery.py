from natter.domain.delivery import contiguous
from tests.messages import an_event


class TestContiguous:
    def test_a_hole_begins_a_new_run(self) -> None:
        runs = contiguous([an_event(seq) for seq in (1, 2, 4, 5, 7)])
        assert [[event.seq for event in run] for run in runs] == [[1, 2], [4, 5], [7]]

    def test_of_nothing_there_is_no_run(self) -> None:
        assert contiguous([]) == []
