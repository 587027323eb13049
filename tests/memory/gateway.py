"""`Gateway` in memory: keeps what each connection received, and answers as it is told to."""

from collections import defaultdict
from collections.abc import Sequence

from natter.domain.connections import Closing, Connection
from natter.domain.delivery import Post, PostResult
from natter.domain.ids import ConnectionId
from natter.ports.delivery import Gateway


class MemoryGateway:
    """
    Delivers everything, unless `answers` says otherwise for a connection, or `script`, one post after the other;
    closes all, unless `closes` is false.

    `frames` holds what arrived, by connection and in order; `closed` the connections that were closed.
    """

    def __init__(self) -> None:
        self.answers: dict[ConnectionId, PostResult] = {}
        self.script: dict[ConnectionId, list[PostResult]] = {}
        self.frames: dict[ConnectionId, list[bytes]] = defaultdict(list)
        self.closed: list[Connection] = []
        self.closes = True

    def post(self, posts: Sequence[Post], *, budget_s: float) -> Sequence[PostResult]:  # noqa: ARG002 nothing to wait for
        return [self._post(post) for post in posts]

    def close(self, connections: Sequence[Connection]) -> Sequence[Closing]:
        if not self.closes:
            return [Closing.FAILED] * len(connections)
        self.closed.extend(connections)
        return [Closing.CLOSED] * len(connections)

    def _post(self, post: Post) -> PostResult:
        connection_id = post.connection.connection_id
        result = self.answers.get(connection_id, PostResult.DELIVERED)
        if self.script.get(connection_id):
            result = self.script[connection_id].pop(0)
        if result is PostResult.DELIVERED:
            self.frames[connection_id].append(post.frame)
        return result


_: type[Gateway] = MemoryGateway
