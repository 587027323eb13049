"""Ports to connected clients."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from natter.domain.connections import Closing, Closure, Connection, Registered
from natter.domain.delivery import Post, PostResult, Slice, Undelivered
from natter.domain.ids import UserId


class Connections(Protocol):
    """
    The registry of who is connected. Not the only copy of anything: a connection that pings is registered again.

    All methods raise `Unavailable` when the registry does not answer in time.
    """

    def register(self, connection: Connection) -> Registered:
        """
        Add it, or renew it. It is found by every `of` that begins afterwards.

        Of a user's connections the `MAX_CONNECTIONS` that were opened last stay, also when many are registered at
        once: each that has to give way is handed to one caller, who closes it.
        """

    def unregister(self, connection: Connection) -> None:
        """Remove it. Not being there is fine."""

    def of(self, users: Iterable[UserId]) -> Mapping[UserId, Sequence[Connection]]:
        """The connections of each of `users`; users without any are missing."""


class Gateway(Protocol):
    """Sends frames to connections that other invocations hold open."""

    def post(self, posts: Sequence[Post], *, budget_s: float) -> Sequence[PostResult]:
        """
        Send all, concurrently across connections and in the order given within one; one result each.

        What has no answer after `budget_s` is FAILED, what was not sent until then UNTRIED. Raises nothing of the
        gateway's.
        """

    def close(self, connections: Sequence[Connection]) -> Sequence[Closing]:
        """Close them, within two seconds; one result each. Raises nothing of the gateway's."""


class ClosureQueue(Protocol):
    """Connections that are to be closed later. At least once, in no order."""

    def add(self, closures: Sequence[Closure], *, delay_s: int = 0) -> None:
        """
        Add all, to be handed out after `delay_s` seconds, at most 900.

        Raises:
            Unavailable: some may be missing; adding all of them again is safe.
        """


class FanoutLog(Protocol):
    """What is left to `fanout`, in the order of each conversation. At least once, as all that is in the log."""

    def add(self, undelivered: Sequence[Undelivered]) -> None:
        """
        Add all, and return when all in-sync replicas have them.

        Raises:
            Unavailable: some may be missing; adding all of them again is safe.
        """


class SliceQueue(Protocol):
    """Slices waiting to be posted, in no order. Each is handed out at least once."""

    def add(self, slices: Sequence[Slice], *, delay_s: int = 0) -> None:
        """
        Add all, to be handed out after `delay_s` seconds, at most 900.

        Raises:
            Unavailable: some may be missing; adding all of them again is safe.
        """
