from collections.abc import Sequence
from typing import Any

from functions.fanout.handler import REBUILT_MS, build
from natter.domain.conversations.members import MembershipChange
from natter.domain.delivery import Slice, Undelivered
from natter.domain.errors import Unavailable
from natter.domain.fold.writes import RosterRow
from natter.names import FANOUT_TOPIC
from natter.records.delivery import FANOUT_SCHEMA, dump_undelivered
from natter.usecases.delivery.deliver import STALE_MS
from natter.usecases.delivery.fanout import Fanout
from tests.deliveries import a_slice
from tests.memory.connections import MemoryConnections
from tests.memory.deliveries import MemorySliceQueue
from tests.memory.logs import MemoryDeadLetters
from tests.memory.tables import MemoryTables
from tests.messages import ANN, LOBBY, NOON, a_connection
from tests.streams import Context, a_batch, a_raw_record


class DownQueue(MemorySliceQueue):
    def add(self, slices: Sequence[Slice], *, delay_s: int = 0) -> None:
        raise Unavailable(f"the queue, for {len(slices)} after {delay_s} s")


class Consumer:
    """`fanout` for the lobby, in which Ann is."""

    def __init__(self, *, queue: MemorySliceQueue | None = None) -> None:
        self.queue, self.dead = queue or MemorySliceQueue(), MemoryDeadLetters()
        tables, self.registry = MemoryTables(), MemoryConnections()
        self.registry.register(a_connection(ANN))
        joined = MembershipChange(user_id=ANN, seq=1, role="owner", messages=0)
        tables.write([RosterRow(conversation_id=LOBBY, seq=1, changes=(joined,), members=None, written_at=1)])
        fanout = Fanout(
            timeline=tables,
            connections=self.registry,
            queue=self.queue,
            now_ms=lambda: NOON,
            rebuild=lambda: None,
        )
        self.handler = build(fanout, self.dead, lambda: NOON)

    def __call__(self, *records: dict[str, Any]) -> Any:
        return self.handler(a_batch(*records), Context())["batchItemFailures"]


def a_record(first: int, last: int, *, offset: int = 0, at: int = NOON) -> dict[str, Any]:
    value = dump_undelivered(Undelivered(conversation_id=LOBBY, first=first, last=last))
    return a_raw_record(value, offset=offset, schema=FANOUT_SCHEMA, at=at, topic=FANOUT_TOPIC)


class TestFanout:
    def test_a_batch_becomes_slices(self) -> None:
        consumer = Consumer()
        assert consumer(a_record(2, 3), a_record(4, 4, offset=1)) == []
        assert consumer.queue.slices == [a_slice(a_connection(ANN), seqs=(2, 3, 4))]

    def test_what_has_waited_too_long_is_not_delivered(self) -> None:
        consumer = Consumer()
        assert consumer(a_record(2, 2, at=NOON - STALE_MS), a_record(3, 3, offset=1, at=NOON - STALE_MS + 1)) == []
        assert [each.seqs for each in consumer.queue.slices] == [(3,)]

    def test_it_waits_for_a_registry_that_has_lost_data_but_not_for_ever(self) -> None:
        consumer = Consumer()
        consumer.registry.lose()
        consumer.registry.register(a_connection(ANN))
        assert len(consumer(a_record(2, 2, at=NOON - REBUILT_MS + 1))) == 1
        assert consumer(a_record(2, 2, at=NOON - REBUILT_MS)) == []
        assert [each.seqs for each in consumer.queue.slices] == [(2,)]

    def test_what_can_never_be_read_is_set_aside_and_the_lane_moves_on(self) -> None:
        consumer = Consumer()
        poison = a_raw_record(b"{", offset=0, schema=FANOUT_SCHEMA, topic=FANOUT_TOPIC)
        assert consumer(poison, a_record(2, 2, offset=1)) == []
        assert [each.seqs for each in consumer.queue.slices] == [(2,)]
        assert [(letter.topic, letter.value) for letter in consumer.dead.letters] == [(FANOUT_TOPIC, b"{")]

    def test_without_the_queue_the_lane_is_given_back(self) -> None:
        """P9."""
        given_back = Consumer(queue=DownQueue())(a_record(2, 2), a_record(3, 3, offset=1))
        assert [each["itemIdentifier"]["offset"] for each in given_back] == [0, 1]
