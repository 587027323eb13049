from collections.abc import Sequence

import pytest

from natter.domain.connections import UPGRADE_MS, Closure, Connection
from natter.domain.delivery import Post, PostResult, Slice
from natter.domain.errors import Unavailable
from natter.domain.ids import ConversationId, UserId
from natter.usecases.accounts.close_connections import backoff_s
from natter.usecases.delivery.settle_posts import (
    RETRIES,
    SLICE_AGE_MS,
    SLICE_CONNECTIONS,
    SLICE_EVENTS,
    Posting,
    Settled,
    SettlePosts,
)
from tests.deliveries import a_slice
from tests.memory.connections import MemoryConnections
from tests.memory.deliveries import MemoryClosureQueue, MemorySliceQueue
from tests.memory.gateway import MemoryGateway
from tests.messages import ANN, BOB, KITCHEN, LOBBY, NOON, a_connection

DELIVERED, GONE, FAILED, UNTRIED = PostResult
NOW = NOON + UPGRADE_MS + 1


class DownQueue(MemorySliceQueue):
    def add(self, slices: Sequence[Slice], *, delay_s: int = 0) -> None:
        raise Unavailable(f"the queue, for {len(slices)} after {delay_s} s")


class Registry(MemoryConnections):
    answers = True

    def unregister(self, connection: Connection) -> None:
        if not self.answers:
            raise Unavailable("registry")
        super().unregister(connection)


class Stage:
    def __init__(self, *connections: Connection, queue: MemorySliceQueue | None = None) -> None:
        self.registry, self.gateway, self.queue = Registry(), MemoryGateway(), queue or MemorySliceQueue()
        self.closures = MemoryClosureQueue()
        for connection in connections:
            self.registry.register(connection)
        self.settle = SettlePosts(
            connections=self.registry,
            gateway=self.gateway,
            queue=self.queue,
            closures=self.closures,
            now_ms=lambda: NOW,
            delay_s=lambda attempt: 10 * attempt,
        )


def of(attempt: int, *connections: Connection, seqs: tuple[int, ...] = (1,)) -> Slice:
    return a_slice(*connections, seqs=seqs, made_at=NOW, attempt=attempt)


def a_posting(connection: Connection, *seqs: int, conversation: ConversationId = LOBBY) -> Posting:
    return Posting(post=Post(connection=connection, frame=b"frame"), conversation_id=conversation, seqs=seqs)


@pytest.fixture
def anns() -> Connection:
    return a_connection(ANN)


@pytest.fixture
def bobs() -> Connection:
    return a_connection(BOB)


class TestFailed:
    def test_is_queued_with_one_attempt_more_and_later_each_time(self, anns: Connection) -> None:
        stage = Stage(anns)
        assert stage.settle([a_posting(anns, 1, 2)], [FAILED]) == Settled(failed=1)
        for attempt in range(1, RETRIES):
            assert stage.settle([a_posting(anns, 1, 2)], [FAILED], of=of(attempt)) == Settled(failed=1)
        assert stage.queue.slices == [of(attempt, anns, seqs=(1, 2)) for attempt in (1, 2, 3)]
        assert stage.queue.delays_s == [10, 20, 30]
        assert stage.gateway.closed == []

    def test_after_the_last_attempt_the_connection_is_closed_and_stays_registered(self, anns: Connection) -> None:
        """Its client reconnects, and syncs. A connection that is not closed after all goes on being served."""
        stage = Stage(anns)
        assert stage.settle([a_posting(anns, 1)], [FAILED], of=of(RETRIES)) == Settled(failed=1, closed=1)
        assert (stage.gateway.closed, stage.queue.slices) == ([anns], [])
        assert stage.registry.of([ANN]) == {ANN: [anns]}

    def test_without_the_queue_the_connection_is_closed_once(self, anns: Connection) -> None:
        stage = Stage(anns, queue=DownQueue())
        postings = [a_posting(anns, 1), a_posting(anns, 1, conversation=KITCHEN)]
        assert stage.settle(postings, [FAILED, UNTRIED]) == Settled(failed=1, untried=1, closed=1)
        assert stage.gateway.closed == [anns]

    def test_what_stands_nowhere_cannot_be_posted_again(self, anns: Connection) -> None:
        stage = Stage(anns)
        assert stage.settle([a_posting(anns)], [FAILED]) == Settled(failed=1, closed=1)
        assert (stage.gateway.closed, stage.queue.slices) == ([anns], [])

    def test_a_connection_gets_all_that_failed_of_a_conversation_in_one_slice(self, anns: Connection) -> None:
        """Of its several frames, too, of which the later ones may have had no time left."""
        stage = Stage(anns)
        postings = [a_posting(anns, 1, 2), a_posting(anns, 3), a_posting(anns, 4)]
        stage.settle(postings, [FAILED, UNTRIED, DELIVERED])
        assert stage.queue.slices == [of(1, anns, seqs=(1, 2, 3))]

    def test_connections_that_need_the_same_are_together_up_to_a_bound(self) -> None:
        connections = [a_connection(UserId(f"u{number}")) for number in range(SLICE_CONNECTIONS + 1)]
        stage = Stage()
        stage.settle([a_posting(each, 5) for each in connections], [FAILED] * len(connections))
        assert [len(each.connections) for each in stage.queue.slices] == [SLICE_CONNECTIONS, 1]
        assert [one for each in stage.queue.slices for one in each.connections] == connections

    def test_more_events_than_are_read_at_once_are_several_slices(self, anns: Connection) -> None:
        stage = Stage(anns)
        stage.settle([a_posting(anns, *range(1, 2 * SLICE_EVENTS + 2))], [FAILED])
        assert [len(each.seqs) for each in stage.queue.slices] == [SLICE_EVENTS, SLICE_EVENTS, 1]


class TestUntried:
    def test_live_it_is_no_attempt_and_queued_at_once(self, anns: Connection, bobs: Connection) -> None:
        stage = Stage(anns, bobs)
        report = stage.settle([a_posting(anns, 1), a_posting(bobs, 1)], [FAILED, UNTRIED])
        assert report == Settled(failed=1, untried=1)
        assert stage.queue.slices == [of(1, anns), of(0, bobs)]
        assert stage.queue.delays_s == [10, 0]

    def test_of_a_slice_it_comes_later_and_one_that_does_not_answer_ends_nobody_else(
        self, anns: Connection, bobs: Connection
    ) -> None:
        """It came again at once, and for ever; then with one attempt less for those who were never tried."""
        stage = Stage(anns, bobs)
        stage.settle([a_posting(anns, 1), a_posting(bobs, 1)], [FAILED, UNTRIED], of=of(2))
        assert stage.queue.slices == [of(3, anns), of(2, bobs)]
        assert stage.queue.delays_s == [30, 20]

    def test_what_was_never_tried_comes_later_too_and_is_over_when_it_is_old(self, anns: Connection) -> None:
        stage = Stage(anns)
        stage.settle([a_posting(anns, 1)], [UNTRIED], of=of(0))
        assert (stage.queue.slices, stage.queue.delays_s) == ([of(0, anns)], [10])
        old = a_slice(made_at=NOW - SLICE_AGE_MS - 1)
        assert stage.settle([a_posting(anns, 1)], [UNTRIED], of=old) == Settled(untried=1, closed=1)


class TestAge:
    def test_what_is_left_of_a_slice_is_as_old_as_that_was(self, anns: Connection) -> None:
        stage = Stage(anns)
        stage.settle([a_posting(anns, 1)], [FAILED], of=a_slice(made_at=NOW - SLICE_AGE_MS))
        assert stage.queue.slices == [a_slice(anns, made_at=NOW - SLICE_AGE_MS, attempt=1)]

    def test_what_is_too_old_does_not_come_again(self, anns: Connection) -> None:
        stage = Stage(anns)
        old = a_slice(made_at=NOW - SLICE_AGE_MS - 1)
        assert stage.settle([a_posting(anns, 1)], [FAILED], of=old) == Settled(failed=1, closed=1)
        assert (stage.gateway.closed, stage.queue.slices) == ([anns], [])


class TestClosing:
    def test_is_left_to_the_queue_where_it_is_not_confirmed(self, anns: Connection) -> None:
        """Nobody closed it any more, and its client never learned that it had missed something."""
        stage = Stage(anns)
        stage.gateway.closes = False
        assert stage.settle([a_posting(anns, 1)], [FAILED], of=of(RETRIES)) == Settled(failed=1, closed=1)
        assert stage.closures.closures == [Closure(connection=anns, signed_out=False, attempt=1)]
        assert stage.closures.delays_s == [10]

    def test_if_that_is_not_possible_either_all_is_done_again(self, anns: Connection) -> None:
        stage = Stage(anns)
        stage.gateway.closes = stage.closures.answers = False
        with pytest.raises(Unavailable):
            stage.settle([a_posting(anns, 1)], [FAILED], of=of(RETRIES))

    def test_a_live_batch_does_not_come_again_for_it(self, anns: Connection, bobs: Connection) -> None:
        """All of it would be shown to everybody again, for as long as the queues are away."""
        stage = Stage(anns, bobs)
        stage.gateway.closes = stage.closures.answers = False
        report = stage.settle([a_posting(anns), a_posting(bobs, 1)], [FAILED, DELIVERED])
        assert report == Settled(failed=1, delivered=1)


class TestGone:
    @pytest.mark.parametrize(("age_ms", "stays"), [(0, True), (UPGRADE_MS, True), (UPGRADE_MS + 1, False)])
    def test_only_a_registration_older_than_an_upgrade_takes_is_pruned(self, age_ms: int, *, stays: bool) -> None:
        """The gateway answers GONE before the upgrade has completed; the sync that follows covers it."""
        connection = a_connection(ANN, connected_at=NOW - age_ms)
        stage = Stage(connection)
        assert stage.settle([a_posting(connection, 1)], [GONE]) == Settled(gone=1)
        assert stage.registry.of([ANN]) == ({ANN: [connection]} if stays else {})
        assert (stage.gateway.closed, stage.queue.slices) == ([], [])

    def test_without_the_registry_what_arrived_is_not_posted_again(self, anns: Connection, bobs: Connection) -> None:
        """All was given back, and posted again to everybody, because one who was gone could not be forgotten."""
        stage = Stage(anns, bobs)
        stage.registry.answers = False
        assert stage.settle([a_posting(anns, 1), a_posting(bobs, 1)], [GONE, DELIVERED]) == Settled(gone=1, delivered=1)
        assert stage.queue.slices == []


class TestBackoff:
    def test_doubles_and_is_spread(self) -> None:
        """What failed together does not come again together."""
        seen = {attempt: {backoff_s(attempt) for _ in range(200)} for attempt in (1, 2, 3)}
        assert seen == {1: {1, 2}, 2: {2, 3, 4}, 3: {4, 5, 6, 7, 8}}
