from collections.abc import Sequence

import pytest

from natter.domain.connections import UPGRADE_MS, Connection
from natter.domain.delivery import Post, PostResult, Slice
from natter.domain.errors import Unavailable
from natter.domain.ids import ConversationId, UserId
from natter.usecases.accounts.close_connections import backoff_s
from natter.usecases.delivery.settle_posts import RETRIES, SLICE_CONNECTIONS, Posting, Settled, SettlePosts
from tests.deliveries import a_slice
from tests.memory.connections import MemoryConnections
from tests.memory.deliveries import MemorySliceQueue
from tests.memory.gateway import MemoryGateway
from tests.messages import ANN, BOB, KITCHEN, LOBBY, NOON, a_connection

DELIVERED, GONE, FAILED, UNTRIED = PostResult
NOW = NOON + UPGRADE_MS + 1


class DownQueue(MemorySliceQueue):
    def add(self, slices: Sequence[Slice], *, delay_s: int = 0) -> None:
        raise Unavailable(f"the queue, for {len(slices)} after {delay_s} s")


class Stage:
    def __init__(self, *connections: Connection, queue: MemorySliceQueue | None = None) -> None:
        self.registry, self.gateway, self.queue = MemoryConnections(), MemoryGateway(), queue or MemorySliceQueue()
        for connection in connections:
            self.registry.register(connection)
        self.settle = SettlePosts(
            connections=self.registry,
            gateway=self.gateway,
            queue=self.queue,
            now_ms=lambda: NOW,
            delay_s=lambda attempt: 10 * attempt,
        )


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
        for attempt in range(RETRIES):
            assert stage.settle([a_posting(anns, 1, 2)], [FAILED], attempt=attempt) == Settled(failed=1)
        assert stage.queue.slices == [a_slice(anns, seqs=(1, 2), attempt=attempt) for attempt in (1, 2, 3)]
        assert stage.queue.delays_s == [10, 20, 30]
        assert stage.gateway.closed == []

    def test_after_the_last_attempt_the_connection_is_closed_and_stays_registered(self, anns: Connection) -> None:
        """Its client reconnects, and syncs. A connection that is not closed after all goes on being served."""
        stage = Stage(anns)
        assert stage.settle([a_posting(anns, 1)], [FAILED], attempt=RETRIES) == Settled(failed=1, closed=1)
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
        assert stage.queue.slices == [a_slice(anns, seqs=(1, 2, 3), attempt=1)]

    def test_connections_that_need_the_same_are_together_up_to_a_bound(self) -> None:
        connections = [a_connection(UserId(f"u{number}")) for number in range(SLICE_CONNECTIONS + 1)]
        stage = Stage()
        stage.settle([a_posting(each, 5) for each in connections], [FAILED] * len(connections))
        assert [len(each.connections) for each in stage.queue.slices] == [SLICE_CONNECTIONS, 1]
        assert [one for each in stage.queue.slices for one in each.connections] == connections


class TestUntried:
    def test_is_queued_at_once_and_no_attempt(self, anns: Connection, bobs: Connection) -> None:
        stage = Stage(anns, bobs)
        report = stage.settle([a_posting(anns, 1), a_posting(bobs, 1)], [FAILED, UNTRIED], attempt=2)
        assert report == Settled(failed=1, untried=1)
        assert stage.queue.slices == [a_slice(anns, attempt=3), a_slice(bobs, attempt=2)]
        assert stage.queue.delays_s == [30, 0]


class TestGone:
    @pytest.mark.parametrize(("age_ms", "stays"), [(0, True), (UPGRADE_MS, True), (UPGRADE_MS + 1, False)])
    def test_only_a_registration_older_than_an_upgrade_takes_is_pruned(self, age_ms: int, *, stays: bool) -> None:
        """The gateway answers GONE before the upgrade has completed; the sync that follows covers it."""
        connection = a_connection(ANN, connected_at=NOW - age_ms)
        stage = Stage(connection)
        assert stage.settle([a_posting(connection, 1)], [GONE]) == Settled(gone=1)
        assert stage.registry.of([ANN]) == ({ANN: [connection]} if stays else {})
        assert (stage.gateway.closed, stage.queue.slices) == ([], [])


class TestBackoff:
    def test_doubles_and_is_spread(self) -> None:
        """What failed together does not come again together."""
        seen = {attempt: {backoff_s(attempt) for _ in range(200)} for attempt in (1, 2, 3)}
        assert seen == {1: {1, 2}, 2: {2, 3, 4}, 3: {4, 5, 6, 7, 8}}
