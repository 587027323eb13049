"""What becomes of posts of events that have been tried: nobody who is connected stays behind unknowingly."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import batched

from natter.domain.clock import NowMs
from natter.domain.connections import Closing, Closure, Connection
from natter.domain.delivery import Post, PostResult, Slice
from natter.domain.errors import Unavailable
from natter.domain.ids import ConversationId
from natter.ports.delivery import ClosureQueue, Connections, Gateway, SliceQueue
from natter.usecases.accounts.close_connections import backoff_s
from natter.usecases.delivery.pruning import prune

RETRIES = 3
"""How often a slice, of which something was not posted, comes again before the connections left in it are closed."""

SLICE_AGE_MS = 5 * 60 * 1000
"""
How long a slice may be on its way, whatever keeps it; then its connections are closed, too.

Less than for how long the queue hands out again what is given back: an outage of the store ends here, where clients
are made to sync, and not among the dead letters, where nobody would tell them.
"""

SLICE_CONNECTIONS = 100
"""Of one slice: what one invocation posts in a second, and what the queue takes ten of at once."""

SLICE_EVENTS = 50
"""Of one slice: more than that at once has piled up during a fault, and has to be read and posted in bounded time."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Posting:
    """A frame for a connection, and where the events in it stand; what stands nowhere cannot be posted again."""

    post: Post
    conversation_id: ConversationId
    seqs: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """What became of posts, counted."""

    delivered: int = 0
    gone: int = 0
    failed: int = 0
    untried: int = 0
    """There was no time left for them."""
    closed: int = 0
    """Connections that were closed, since nothing else helped."""
    handed_over: int = 0
    """Events that are left to `fanout`, for all of their audience."""


@dataclass(slots=True)
class _Missing:
    """What one connection still needs of one conversation."""

    seqs: set[int] = field(default_factory=set)
    has_failed: bool = False


@dataclass(frozen=True, kw_only=True)
class SettlePosts:
    """
    Take the results of posts. What arrived is done with; what did not, and it alone, comes again from the queue, later
    each time, `RETRIES` times and for `SLICE_AGE_MS` at most. A connection for which that is over, or not possible, is
    closed, so that its client reconnects and syncs. Who is gone is forgotten.

    Raises:
        Unavailable: connections could be closed neither now nor later; all of it has to be posted again.
    """

    connections: Connections
    gateway: Gateway
    queue: SliceQueue
    closures: ClosureQueue
    now_ms: NowMs
    delay_s: Callable[[int], int] = backoff_s

    def __call__(
        self, postings: Sequence[Posting], results: Sequence[PostResult], *, of: Slice | None = None
    ) -> Settled:
        """`of`: the slice whose posts they are; None: they were live, and what there was no time for is not late."""
        settled = list(zip(postings, results, strict=True))
        hopeless = [posting.post.connection for posting, result in settled if not posting.seqs and _is_missing(result)]
        hopeless += self._again(list(_slices(_missing(settled), of, self.now_ms())), at_once=of is None)
        closed = self._closed(hopeless, live=of is None)
        self._forget(posting.post.connection for posting, result in settled if result is PostResult.GONE)
        return Settled(
            delivered=results.count(PostResult.DELIVERED),
            gone=results.count(PostResult.GONE),
            failed=results.count(PostResult.FAILED),
            untried=results.count(PostResult.UNTRIED),
            closed=closed,
        )

    def is_over(self, slice_: Slice) -> bool:
        """Whether it is not to be posted any more."""
        return slice_.attempt > RETRIES or self.now_ms() - slice_.made_at > SLICE_AGE_MS

    def close(self, connections: Iterable[Connection]) -> int:
        """
        Close each, and see to it that it is; returns how many. They stay registered until the gateway reports the end,
        or the queue of closures tries once more and forgets them: what comes meanwhile is for them as well.

        Raises:
            Unavailable: the gateway did not confirm it, and the queue of closures does not take it.
        """
        closed = list(dict.fromkeys(connections))
        if closed:
            results = zip(closed, self.gateway.close(closed), strict=True)
            left = [
                Closure(connection=each, signed_out=False, attempt=1)
                for each, result in results
                if result is Closing.FAILED
            ]
            if left:
                self.closures.add(left, delay_s=self.delay_s(1))
        return len(closed)

    def _closed(self, connections: Iterable[Connection], *, live: bool) -> int:
        """
        How many. A batch of live events does not come again because one connection can be closed neither now nor later:
        its client sees the gap with the next event that it is shown.
        """
        try:
            return self.close(connections)
        except Unavailable as error:
            if not live:
                raise
            _logger.warning("behind, and still open: %s", error)
            return 0

    def _again(self, slices: Sequence[Slice], *, at_once: bool) -> list[Connection]:
        """
        Queue them; returns the connections for which that is of no use any more, or not possible. What was not tried
        yet at all may come `at_once`.
        """
        hopeless: list[Slice] = []
        by_attempt: dict[int, list[Slice]] = {}
        for each in slices:
            (hopeless if self.is_over(each) else by_attempt.setdefault(each.attempt, [])).append(each)
        for attempt, alike in by_attempt.items():
            try:
                self.queue.add(alike, delay_s=0 if at_once and not attempt else self.delay_s(max(1, attempt)))
            except Unavailable:
                hopeless += alike
        return [connection for each in hopeless for connection in each.connections]

    def _forget(self, gone: Iterable[Connection]) -> None:
        """As far as the registry answers. Posting all of it again would help nobody; who is gone will be so again."""
        try:
            for connection in dict.fromkeys(gone):
                prune(self.connections, connection, now=self.now_ms())
        except Unavailable as error:
            _logger.warning("gone, and still registered: %s", error)


def _is_missing(result: PostResult) -> bool:
    return result in (PostResult.FAILED, PostResult.UNTRIED)


def _missing(
    settled: Iterable[tuple[Posting, PostResult]],
) -> Mapping[tuple[ConversationId, Connection], _Missing]:
    missing: dict[tuple[ConversationId, Connection], _Missing] = {}
    for posting, result in settled:
        if posting.seqs and _is_missing(result):
            each = missing.setdefault((posting.conversation_id, posting.post.connection), _Missing())
            each.seqs.update(posting.seqs)
            each.has_failed |= result is PostResult.FAILED
    return missing


def _slices(
    missing: Mapping[tuple[ConversationId, Connection], _Missing], of: Slice | None, now: int
) -> Iterator[Slice]:
    """
    Connections that need the same, together. Those for which there was no time have lost no attempt, and are not with
    those that failed: one that does not answer must not end the others.
    """
    alike: dict[tuple[ConversationId, tuple[int, ...], int], list[Connection]] = {}
    for (conversation_id, connection), each in missing.items():
        attempt = (0 if of is None else of.attempt) + int(each.has_failed)
        alike.setdefault((conversation_id, tuple(sorted(each.seqs)), attempt), []).append(connection)
    made_at = now if of is None else of.made_at
    for (conversation_id, seqs, attempt), connections in alike.items():
        for few in batched(seqs, SLICE_EVENTS, strict=False):
            for some in batched(connections, SLICE_CONNECTIONS, strict=False):
                yield Slice(
                    conversation_id=conversation_id, seqs=few, connections=some, made_at=made_at, attempt=attempt
                )
