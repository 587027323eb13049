"""What becomes of posts of events that have been tried: nobody who is connected stays behind unknowingly."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import batched

from natter.domain.clock import NowMs
from natter.domain.connections import Connection
from natter.domain.delivery import Post, PostResult, Slice
from natter.domain.errors import Unavailable
from natter.domain.ids import ConversationId
from natter.ports.delivery import Connections, Gateway, SliceQueue
from natter.usecases.accounts.close_connections import backoff_s
from natter.usecases.delivery.pruning import prune

RETRIES = 3
"""How often a post that failed is tried again before its connection is closed."""

SLICE_CONNECTIONS = 100
"""Of one slice: what one invocation posts in a second, and what the queue takes ten of at once."""


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
    """There was no time left for them; the queue has them now."""
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
    Take the results of posts: what failed is tried again from the queue, later each time and `RETRIES` times at
    most; what there was no time for, at once. A connection for which neither is possible is closed, so that its
    client reconnects and syncs. Who is gone is forgotten.

    Raises:
        Unavailable: the registry did not answer.
    """

    connections: Connections
    gateway: Gateway
    queue: SliceQueue
    now_ms: NowMs
    delay_s: Callable[[int], int] = backoff_s

    def __call__(self, postings: Sequence[Posting], results: Sequence[PostResult], *, attempt: int = 0) -> Settled:
        """`attempt`: how often these posts had failed before."""
        settled = list(zip(postings, results, strict=True))
        missing = _missing(settled)
        failed = _slices(missing, attempt + 1, has_failed=True)
        untried = _slices(missing, attempt, has_failed=False)
        hopeless = [posting.post.connection for posting, result in settled if not posting.seqs and _is_missing(result)]
        if attempt < RETRIES:
            hopeless += self._queued(failed, delay_s=self.delay_s(attempt + 1))
        else:
            hopeless += _connections(failed)
        hopeless += self._queued(untried, delay_s=0)
        closed = list(dict.fromkeys(hopeless))
        if closed:
            self.gateway.close(closed)
        for gone in dict.fromkeys(posting.post.connection for posting, result in settled if result is PostResult.GONE):
            prune(self.connections, gone, now=self.now_ms())
        return Settled(
            delivered=results.count(PostResult.DELIVERED),
            gone=results.count(PostResult.GONE),
            failed=results.count(PostResult.FAILED),
            untried=results.count(PostResult.UNTRIED),
            closed=len(closed),
        )

    def _queued(self, slices: Sequence[Slice], *, delay_s: int) -> list[Connection]:
        """The connections for which that was not possible."""
        if not slices:
            return []
        try:
            self.queue.add(slices, delay_s=delay_s)
        except Unavailable:
            return _connections(slices)
        return []


def _is_missing(result: PostResult) -> bool:
    return result in (PostResult.FAILED, PostResult.UNTRIED)


def _missing(settled: Iterable[tuple[Posting, PostResult]]) -> Mapping[tuple[ConversationId, Connection], _Missing]:
    missing: dict[tuple[ConversationId, Connection], _Missing] = {}
    for posting, result in settled:
        if posting.seqs and _is_missing(result):
            each = missing.setdefault((posting.conversation_id, posting.post.connection), _Missing())
            each.seqs.update(posting.seqs)
            each.has_failed |= result is PostResult.FAILED
    return missing


def _slices(
    missing: Mapping[tuple[ConversationId, Connection], _Missing], attempt: int, *, has_failed: bool
) -> list[Slice]:
    """Connections that need the same, together."""
    alike: dict[tuple[ConversationId, tuple[int, ...]], list[Connection]] = {}
    for (conversation_id, connection), each in missing.items():
        if each.has_failed == has_failed:
            alike.setdefault((conversation_id, tuple(sorted(each.seqs))), []).append(connection)
    return [
        Slice(conversation_id=conversation_id, seqs=seqs, connections=some, attempt=attempt)
        for (conversation_id, seqs), connections in alike.items()
        for some in batched(connections, SLICE_CONNECTIONS, strict=False)
    ]


def _connections(slices: Iterable[Slice]) -> list[Connection]:
    return [connection for each in slices for connection in each.connections]
