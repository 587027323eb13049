"""
Show what is stored to who is connected: fast, best effort, in bounded time. The log is the truth; whoever
misses a frame sees the gap, or syncs.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from natter.domain.budgets import DELIVERY_POSTS, DELIVERY_S, LOOKED_UP
from natter.domain.connections import Connection, Found
from natter.domain.delivery import Post, PostResult, Undelivered, contiguous
from natter.domain.ids import ConversationId, UserId
from natter.domain.messages.events import Event
from natter.ports.delivery import Connections, FanoutLog, Gateway
from natter.ports.frames import Frames
from natter.usecases.delivery.settle_posts import Posting, Settled, SettlePosts

STALE_MS = 10 * 60 * 1000
"""What was to be delivered longer ago is not any more: its readers have synced meanwhile, or will see the gap."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """Contiguous events of one conversation for the same people."""

    conversation_id: ConversationId
    events: tuple[Event, ...]
    audience: frozenset[UserId]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What only the connection that asked is told: the outcome of a retry, or a refusal."""

    connection: Connection
    conversation_id: ConversationId
    frame: bytes


type Deliveries = Sequence[Delivery]
"""All of one conversation."""


@dataclass(frozen=True, kw_only=True)
class Deliver:
    """
    Post events to the connections of their audience, the smallest conversations first.

    What is more than a batch may spend is left to `fanout`, conversation by conversation as a whole, so that a
    large group never delays the others. So is what is for somebody whose connections the registry may have lost:
    those who are known are shown it here, and `fanout` waits for the others.

    Raises:
        Unavailable: the registry or the log did not answer, or connections cannot be closed. Delivering all of it
            again is safe: clients know what they have.
    """

    connections: Connections
    gateway: Gateway
    frames: Frames
    settle: SettlePosts
    fanout: FanoutLog
    rebuild: Callable[[], None]
    """Asks for a rebuilding of the registry."""
    clock: Callable[[], float] = time.monotonic
    """Seconds."""
    max_posts: int = DELIVERY_POSTS
    budget_s: float = DELIVERY_S

    def __call__(self, deliveries: Deliveries, told: Sequence[Reply]) -> Settled:
        postings, results, undelivered = self._deliver(deliveries)
        if undelivered:
            self.fanout.add(undelivered)
        # Last, and in a time of its own: whoever repeats a lot, or is refused a lot, keeps nobody waiting.
        answers = [
            Posting(post=Post(connection=each.connection, frame=each.frame), conversation_id=each.conversation_id)
            for each in told
        ]
        results += self._post(answers, self.clock() + self.budget_s)
        report = self.settle([*postings, *answers], results)
        return replace(report, handed_over=sum(each.last - each.first + 1 for each in undelivered))

    def _deliver(self, deliveries: Deliveries) -> tuple[list[Posting], list[PostResult], list[Undelivered]]:
        """What was posted, what came of it, and what is left."""
        deadline = self.clock() + self.budget_s
        postings: list[Posting] = []
        results: list[PostResult] = []
        beyond: list[Deliveries] = []
        forgotten = False
        for conversations in _rounds(_smallest_first(deliveries)):
            room = self.max_posts - len(postings)
            if room <= 0 or self.clock() >= deadline:
                beyond += conversations
                continue
            users = frozenset[UserId]().union(*(each.audience for deliveries in conversations for each in deliveries))
            found = self.connections.look_up(users)
            within, too_many = self._postings(conversations, found, room)
            results += self._post(within, deadline)
            postings += within
            beyond += too_many
            forgotten = forgotten or bool(found.forgotten)
        if forgotten:
            self.rebuild()
        return postings, results, [each for conversation in beyond for each in _undelivered(conversation)]

    def _postings(
        self, conversations: Iterable[Deliveries], found: Found, room: int
    ) -> tuple[list[Posting], list[Deliveries]]:
        """The posts of as many of the conversations as there is room for; and those that are not shown to all by it."""
        connected = found.connections
        within: list[Posting] = []
        beyond: list[Deliveries] = []
        for deliveries in conversations:
            postings = [
                Posting(
                    post=Post(connection=connection, frame=each.frame),
                    conversation_id=delivery.conversation_id,
                    seqs=each.seqs,
                )
                for delivery in deliveries
                for each in self.frames.events(delivery.conversation_id, delivery.events)
                for user in sorted(delivery.audience & connected.keys())
                for connection in connected[user]
            ]
            has_room = len(within) + len(postings) <= room
            if has_room:
                within += postings
            if not has_room or any(each.audience & found.forgotten for each in deliveries):
                beyond.append(deliveries)
        return within, beyond

    def _post(self, postings: Sequence[Posting], deadline: float) -> list[PostResult]:
        if not postings:
            return []
        left_s = max(deadline - self.clock(), 0.0)
        return list(self.gateway.post([posting.post for posting in postings], budget_s=left_s))


def _smallest_first(deliveries: Deliveries) -> list[Deliveries]:
    """By conversation: one who joins makes an audience larger, and the conversation's events keep their order."""
    conversations: dict[ConversationId, list[Delivery]] = {}
    for delivery in deliveries:
        conversations.setdefault(delivery.conversation_id, []).append(delivery)
    return sorted(conversations.values(), key=_size)


def _rounds(conversations: Iterable[Deliveries]) -> Iterator[list[Deliveries]]:
    """Conversations whose people are looked up at once: whatever the last ones cost, the first are served before."""
    together: list[Deliveries] = []
    people = 0
    for deliveries in conversations:
        size = _size(deliveries)
        if together and people + size > LOOKED_UP:
            yield together
            together, people = [], 0
        together.append(deliveries)
        people += size
    if together:
        yield together


def _size(deliveries: Deliveries) -> int:
    return max(len(delivery.audience) for delivery in deliveries)


def _undelivered(deliveries: Deliveries) -> Iterator[Undelivered]:
    events = {event.seq: event for delivery in deliveries for event in delivery.events}
    for run in contiguous(events[seq] for seq in sorted(events)):
        yield Undelivered(conversation_id=run[0].conversation_id, first=run[0].seq, last=run[-1].seq)
