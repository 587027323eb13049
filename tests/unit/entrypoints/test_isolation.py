from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from natter.domain.errors import Unavailable
from natter.entrypoints.isolation import Isolation
from natter.entrypoints.record import Batch, StreamRecord
from tests.messages import NOON


def a_record(partition: int, offset: int) -> StreamRecord:
    return StreamRecord(topic="t", partition=partition, offset=offset, at=NOON, key=b"", value=b"", schema=None)


type Place = tuple[int, int]


@dataclass
class Consumer:
    """Processes everything but for some records, each at fault or met by an outage, and not too many at once."""

    poison: Collection[Place] = ()
    down: Collection[Place] = ()
    most: int = 10_000
    done: list[Place] = field(default_factory=list)
    aside: list[Place] = field(default_factory=list)
    calls: int = 0

    def __call__(self, batch: Batch) -> None:
        self.calls += 1
        places = [(record.partition, record.offset) for record in batch]
        if any(place in self.down for place in places) or len(places) > self.most:
            raise Unavailable("the store")
        if any(place in self.poison for place in places):
            raise ValueError
        self.done += places

    def isolation(self, *, gives_up: bool = False) -> Isolation:
        return Isolation(
            consume=self,
            set_aside=lambda record, _error, _behind: self.aside.append((record.partition, record.offset)),
            give_up=lambda _record, _error: gives_up,
        )


def run(isolation: Isolation, batch: Sequence[StreamRecord]) -> list[Place]:
    return [(record.partition, record.offset) for record in isolation(batch, lambda: True)]


places = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 30)), unique=True)
LOG = [(partition, offset) for partition in range(3) for offset in range(12)]


class TestIsolation:
    @given(st.sets(st.sampled_from(LOG)))
    def test_sets_aside_exactly_what_is_at_fault_and_all_others_are_done_in_order(self, poison: set[Place]) -> None:
        """P9: wherever it is and however much of it."""
        consumer = Consumer(poison=poison)
        assert run(consumer.isolation(), [a_record(*place) for place in LOG]) == []
        assert set(consumer.aside) == poison
        for partition in range(3):
            done = [offset for each, offset in consumer.done if each == partition]
            assert done == sorted({offset for each, offset in set(LOG) - poison if each == partition})

    @given(st.sets(st.sampled_from(LOG)), st.sets(st.sampled_from(LOG)))
    def test_an_outage_sets_nothing_aside_and_lets_nothing_overtake(self, poison: set[Place], down: set[Place]) -> None:
        """P1: of each partition, what is given back is a last part of it; what was done or set aside a first one."""
        consumer = Consumer(poison=poison, down=down)
        given_back = run(consumer.isolation(), [a_record(*place) for place in LOG])
        assert set(given_back) | set(consumer.done) | set(consumer.aside) == set(LOG)
        assert not set(given_back) & (set(consumer.done) | set(consumer.aside))
        assert set(consumer.aside) <= poison - down
        for partition in range(3):
            left = [offset for each, offset in given_back if each == partition]
            assert left == list(range(12 - len(left), 12))

    def test_what_is_too_much_at_once_becomes_less_until_it_goes(self) -> None:
        """It is given back again and again, as the service does, and each time half as much is tried."""
        consumer, left = Consumer(most=3), [a_record(0, offset) for offset in range(100)]
        isolation = consumer.isolation()
        invocations = 0
        while left:
            left = list(isolation(left, lambda: True))
            invocations += 1
        assert [offset for _, offset in consumer.done] == list(range(100))
        assert invocations < 60

    def test_a_record_that_never_goes_is_alone_in_the_end_and_given_up(self) -> None:
        consumer, left = Consumer(down=[(0, 5)]), [a_record(0, offset) for offset in range(100)]
        isolation = consumer.isolation(gives_up=True)
        invocations = 0
        while left:
            left = list(isolation(left, lambda: True))
            invocations += 1
        assert consumer.aside == [(0, 5)]
        assert len(consumer.done) == 99
        assert invocations < 12

    def test_without_time_the_rest_is_given_back(self) -> None:
        consumer = Consumer(poison=[(0, 0)])
        isolation = consumer.isolation()
        given_back = isolation([a_record(0, offset) for offset in range(4)], lambda: False)
        assert consumer.calls == 1
        assert [record.offset for record in given_back] == [0, 1, 2, 3]

    def test_what_cannot_be_set_aside_is_in_the_way_of_its_own_partition_alone(self) -> None:
        consumer = Consumer(poison=[(0, 1)])

        def set_aside(_record: StreamRecord, _error: Exception, _behind: Batch) -> None:
            raise TypeError

        isolation = Isolation(consume=consumer, set_aside=set_aside)
        log = [a_record(partition, offset) for partition in range(2) for offset in range(3)]
        assert run(isolation, log) == [(0, 1), (0, 2)]
        assert sorted(consumer.done) == [(0, 0), (1, 0), (1, 1), (1, 2)]
