"""
Show what is stored to who is connected: fast, best effort, in bounded time. The log is the truth; whoever
misses a frame sees the gap, or syncs.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from natter.domain.commands import Origin
from natter.domain.conversations import Event
from natter.domain.ids import ConversationId, UserId
from natter.ports.sockets import Connection, Connections, Frames, Gateway, Post, PostResult

MAX_POSTS = 200
BUDGET_S = 0.15
"""What one batch may spend on live delivery before the conversations behind it wait too long."""

UPGRADE_MS = 30_000
"""The gateway answers GONE before the upgrade has completed; a registration younger than this stays."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """Contiguous events of one conversation for the same people."""

    conversation_id: ConversationId
    events: tuple[Event, ...]
    audience: frozenset[UserId]


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What only the connection that asked is told: the outcome of a retry, or a refusal."""

    origin: Origin
    user_id: UserId
    frame: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What became of a delivery's posts; `deferred` were not tried, over the bound."""

    delivered: int = 0
    gone: int = 0
    failed: int = 0
    deferred: int = 0


@dataclass(frozen=True, kw_only=True)
class Deliver:
    """
    Post events to the connections of their audience.

    A post that the gateway refuses or does not answer closes the connection, so that its client reconnects and
    syncs: no connected client stays behind unknowingly.

    Raises:
        Unavailable: the registry did not answer. Delivering all of it again is safe: clients know what they have.
    """

    connections: Connections
    gateway: Gateway
    frames: Frames
    now_ms: Callable[[], int]
    max_posts: int = MAX_POSTS
    budget_s: float = BUDGET_S

    def __call__(self, deliveries: Sequence[Delivery], told: Sequence[Told]) -> Report:
        posts = [*map(_post_to_origin, told), *self._posts(deliveries)]
        within, beyond = posts[: self.max_posts], posts[self.max_posts :]
        results = self.gateway.post(within, budget_s=self.budget_s) if within else ()
        for post, result in zip(within, results, strict=True):
            if result is PostResult.GONE:
                self._prune(post.connection)
        failed = [post.connection for post, result in zip(within, results, strict=True) if result is PostResult.FAILED]
        for connection in dict.fromkeys(failed):
            self.gateway.close(connection)
        return Report(
            delivered=sum(result is PostResult.DELIVERED for result in results),
            gone=sum(result is PostResult.GONE for result in results),
            failed=sum(result is PostResult.FAILED for result in results),
            deferred=len(beyond),
        )

    def _posts(self, deliveries: Sequence[Delivery]) -> Iterable[Post]:
        """Small audiences first: what is over the bound belongs to the large ones."""
        users = frozenset[UserId]().union(*(delivery.audience for delivery in deliveries))
        connected = self.connections.of(users) if users else {}
        sizes: dict[ConversationId, int] = {}
        for delivery in deliveries:
            size = len(delivery.audience)
            sizes[delivery.conversation_id] = max(size, sizes.get(delivery.conversation_id, 0))
        for delivery in sorted(deliveries, key=lambda delivery: sizes[delivery.conversation_id]):
            frames = self.frames.events(delivery.conversation_id, delivery.events)
            for user in sorted(delivery.audience & connected.keys()):
                for connection in connected[user]:
                    for frame in frames:
                        yield Post(connection=connection, frame=frame)

    def _prune(self, connection: Connection) -> None:
        if self.now_ms() - connection.connected_at > UPGRADE_MS:
            self.connections.unregister(connection)


def _post_to_origin(told: Told) -> Post:
    origin = told.origin
    connection = Connection(
        user_id=told.user_id,
        device_id=origin.device_id,
        session_id=origin.session_id,
        connection_id=origin.connection_id,
        endpoint=origin.endpoint,
        connected_at=origin.connected_at,
    )
    return Post(connection=connection, frame=told.frame)
