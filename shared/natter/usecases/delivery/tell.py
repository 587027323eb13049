"""Tell connected people what is of use only now: receipts, typing, settings."""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from natter.domain.budgets import NOTICE_S
from natter.domain.clock import NowMs
from natter.domain.delivery import Post, PostResult
from natter.domain.errors import Unavailable
from natter.domain.ids import ConnectionId, DeviceId, UserId
from natter.ports.delivery import Connections, Gateway
from natter.usecases.delivery.pruning import prune

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """A frame for all connections of `users`, `but` for one, or `but_device`'s."""

    frame: bytes
    users: Collection[UserId]
    but: ConnectionId | None = None
    but_device: DeviceId | None = None


@dataclass(frozen=True, kw_only=True)
class Tell:
    """
    Post ephemeral frames: best effort, in bounded time.

    Raises nothing for the registry or the gateway. What was not posted is lost, and its connection stays open: what
    lasts of it is in the stores, where sync and the inbox show it.
    """

    connections: Connections
    gateway: Gateway
    now_ms: NowMs
    budget_s: float = NOTICE_S

    def __call__(
        self,
        frame: bytes,
        users: Collection[UserId],
        *,
        but: ConnectionId | None = None,
        but_device: DeviceId | None = None,
    ) -> None:
        """Tell all connections of `users`, `but` for one, or `but_device`'s, `frame`."""
        self.all([Notice(frame=frame, users=users, but=but, but_device=but_device)])

    def all(self, notices: Sequence[Notice]) -> None:
        """Tell all, within one budget: those that come first are told first."""
        try:
            self._post(self._posts(notices))
        except Unavailable as error:
            _logger.warning("not told: %s", error)

    def _posts(self, notices: Sequence[Notice]) -> list[Post]:
        users = {user for notice in notices for user in notice.users}
        connected = self.connections.of(users) if users else {}
        return [
            Post(connection=connection, frame=notice.frame)
            for notice in notices
            for user in notice.users
            for connection in connected.get(user, ())
            if connection.connection_id != notice.but and connection.device_id != notice.but_device
        ]

    def _post(self, posts: Sequence[Post]) -> None:
        if not posts:
            return
        results = self.gateway.post(posts, budget_s=self.budget_s)
        answered = zip(posts, results, strict=True)
        gone = dict.fromkeys(post.connection for post, result in answered if result is PostResult.GONE)
        for connection in gone:
            prune(self.connections, connection, now=self.now_ms())
        failed = results.count(PostResult.FAILED)
        if failed:
            _logger.warning("%d of %d were not told", failed, len(posts))
