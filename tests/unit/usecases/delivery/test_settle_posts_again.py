"""
Slices from the first to the last, whatever comes of the posts: nothing that arrived is posted again, nothing is tried
without end, and who has missed something is made to sync.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import override

from hypothesis import example, given
from hypothesis import strategies as st

from natter.domain.connections import Closing, Connection
from natter.domain.delivery import Post, PostResult, Slice
from natter.domain.errors import Unavailable
from natter.domain.fold.writes import EventRow
from natter.domain.ids import UserId
from natter.usecases.delivery.deliver import Deliver, Delivery
from natter.usecases.delivery.post_slice import PostSlice
from natter.usecases.delivery.settle_posts import RETRIES, SLICE_AGE_MS, SettlePosts
from natter.wire.json_frames import JsonFrames
from tests.memory.connections import MemoryConnections
from tests.memory.deliveries import MemoryClosureQueue, MemoryFanoutLog, MemorySliceQueue
from tests.memory.gateway import MemoryGateway
from tests.memory.tables import MemoryTables
from tests.messages import LOBBY, NOON, a_connection, an_event, text

DELIVERED, GONE, FAILED, UNTRIED = PostResult
UNKNOWN = "unknown"
"""It arrived, and the answer did not."""
LARGE = 12_000
"""Characters, of which two such messages fit into a frame."""
LONGEST_WAIT_S = 200
"""In the queue, besides what a slice is delayed."""


class Queue(MemorySliceQueue):
    """Hands out one slice after the other, in any order."""

    def __init__(self, answers: Sequence[bool]) -> None:
        super().__init__()
        self.answers = list(answers)

    @override
    def add(self, slices: Sequence[Slice], *, delay_s: int = 0) -> None:
        if self.answers and not self.answers.pop(0):
            raise Unavailable("the queue")
        super().add(slices, delay_s=delay_s)

    def take_one(self, number: int) -> tuple[Slice, int]:
        index = number % len(self.slices)
        return self.slices.pop(index), self.delays_s.pop(index)


@dataclass
class Model:
    """What is known of each connection and place: the answers, in their order."""

    answers: dict[tuple[Connection, int], list[PostResult]] = field(default_factory=lambda: defaultdict(list))
    received: set[tuple[Connection, int]] = field(default_factory=set)
    over: set[Connection] = field(default_factory=set)
    """Gone, or closed."""

    def posted(self, connection: Connection, seqs: Sequence[int], result: PostResult | str) -> PostResult:
        answer = GONE if connection in self.over else FAILED if isinstance(result, str) else result
        for seq in seqs:
            before = self.answers[connection, seq]
            assert not {DELIVERED, GONE} & set(before), f"{seq} had arrived"
            before.append(answer)
            assert len([each for each in before if each is not UNTRIED]) <= RETRIES + 1, f"{seq} is tried for ever"
            if answer is DELIVERED or result == UNKNOWN:
                self.received.add((connection, seq))
        if answer is GONE:
            self.over.add(connection)
        return answer


class Gateway(MemoryGateway):
    """Answers as it is told to, post by post; no time left means no time for what follows either."""

    def __init__(self, model: Model, results: Sequence[PostResult | str]) -> None:
        super().__init__()
        self.model = model
        self.results = results
        self.number = 0

    @override
    def post(self, posts: Sequence[Post], *, budget_s: float) -> Sequence[PostResult]:
        late, last = False, dict[Connection, int]()
        answers = []
        for post in posts:
            result = UNTRIED if late else self.results[self.number % len(self.results)]
            self.number += not late
            late = late or result is UNTRIED
            seqs = [event["seq"] for event in json.loads(post.frame)["events"]]
            assert seqs[0] > last.get(post.connection, 0), "not in their order"
            last[post.connection] = seqs[-1]
            answers.append(self.model.posted(post.connection, seqs, result))
        return answers

    @override
    def close(self, connections: Sequence[Connection]) -> Sequence[Closing]:
        self.model.over.update(connections)
        return super().close(connections)


class World:
    def __init__(self, sizes: Sequence[int], people: int, results: Sequence[PostResult | str]) -> None:
        self.now = NOON
        self.model = Model()
        self.gateway = Gateway(self.model, results)
        self.events = [an_event(seq, payload={"content": text("x" * size)}) for seq, size in enumerate(sizes, start=1)]
        self.connections = [a_connection(UserId(f"u{number}")) for number in range(people)]
        self.registry, self.tables = MemoryConnections(), MemoryTables()
        for connection in self.connections:
            self.registry.register(connection)
        self.tables.write([EventRow(event=event, written_at=event.seq) for event in self.events])

    def run(self, queue: Queue, waits: Callable[[int], int]) -> None:
        """Deliver all live, then post what is in the queue until it is empty, each slice after a wait (s)."""
        settle = SettlePosts(
            connections=self.registry,
            gateway=self.gateway,
            queue=queue,
            closures=MemoryClosureQueue(),
            now_ms=lambda: self.now,
        )
        frames = JsonFrames()
        audience = frozenset(connection.user_id for connection in self.connections)
        Deliver(
            connections=self.registry,
            gateway=self.gateway,
            frames=frames,
            settle=settle,
            fanout=MemoryFanoutLog(),
            rebuild=lambda: None,
        )([Delivery(conversation_id=LOBBY, events=tuple(self.events), audience=audience)], [])
        live = list(queue.slices)
        post = PostSlice(timeline=self.tables, gateway=self.gateway, frames=frames, settle=settle)
        taken = 0
        while queue.slices:
            slice_, delay_s = queue.take_one(waits(taken))
            assert slice_.made_at == NOON
            assert delay_s > 0 or slice_ in live
            self.now += (delay_s + waits(taken)) * 1000
            if self.now - slice_.made_at > SLICE_AGE_MS:
                number = self.gateway.number
                post(slice_)
                assert self.gateway.number == number, "too old to be posted"
                assert set(slice_.connections) <= self.model.over
            else:
                post(slice_)
            taken += 1
            assert taken < 1000, "it does not come to an end"


@given(
    sizes=st.lists(st.sampled_from([10, LARGE]), min_size=1, max_size=6),
    people=st.integers(1, 4),
    results=st.lists(st.sampled_from([DELIVERED, DELIVERED, GONE, FAILED, UNTRIED, UNKNOWN]), min_size=1, max_size=30),
    queue=st.lists(st.booleans(), max_size=6).map(Queue),
    waits=st.lists(st.integers(0, LONGEST_WAIT_S), min_size=1, max_size=10),
)
@example(sizes=[LARGE] * 6, people=1, results=[DELIVERED, UNTRIED], queue=Queue([]), waits=[0])
@example(sizes=[10], people=2, results=[UNTRIED], queue=Queue([]), waits=[0])
@example(sizes=[10], people=2, results=[FAILED], queue=Queue([]), waits=[LONGEST_WAIT_S])
def test_everybody_gets_everything_once_or_is_made_to_sync(
    sizes: list[int], people: int, results: list[PostResult | str], queue: Queue, waits: list[int]
) -> None:
    """
    P5, P9. Of what the gateway says: delivered, gone, refused or not answered, no time left; and what it does not say
    though it happened. The model looks at every post.
    """
    world = World(sizes, people, results)
    world.run(queue, lambda number: waits[number % len(waits)])
    model = world.model
    for connection in world.connections:
        has_all = all((connection, event.seq) in model.received for event in world.events)
        assert has_all or connection in model.over, f"{connection.user_id} is behind and does not know"
        known = all(DELIVERED in model.answers[connection, event.seq] for event in world.events)
        assert not (known and connection in world.gateway.closed), f"{connection.user_id} had everything"
