"""
Ports to who is there, and to who wants to know. All methods raise `Unavailable` when the store does not answer in time.

Nothing here is the only copy of anything that lasts: traces that are lost come again with the next ping, watchers with
their next `watch`.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from natter.domain.connections import ConnectionChange
from natter.domain.ids import DeviceId, UserId
from natter.domain.presence import DeviceState, Look, Traces, Watcher


class PresenceTraces(Protocol):
    """What is remembered of users besides their connections; kept for as long as somebody is of interest."""

    def see(self, user: UserId, device: DeviceId, *, at: int) -> None:
        """They are connected with `device`, or were until just now. The latest that was said counts, in any order."""

    def say(self, user: UserId, device: DeviceId, state: DeviceState, *, at: int) -> None:
        """As `see`; and `device` says how it is: here the last call counts."""

    def of(self, users: Collection[UserId]) -> Mapping[UserId, Traces]:
        """The traces of each of `users`, in their order."""

    def forget(self, user: UserId) -> None:
        """As if they had never been there."""


class Watchers(Protocol):
    """Which connections are told of whom, for ten minutes after they have said so."""

    def watch(self, watcher: Watcher, users: Collection[UserId]) -> None:
        """
        `watcher` is told of `users`, and of nobody else any more; of two calls at the same time, one wins.

        It is found by every `of` that begins afterwards.
        """

    def of(self, users: Collection[UserId]) -> Mapping[UserId, Sequence[Watcher]]:
        """Who is told of each of `users`; who has ended meanwhile may be among them. Users without any are missing."""

    def forget(self, user: UserId) -> None:
        """Nobody is told of `user` any more."""


class Acquaintances(Protocol):
    """Who may see whether the other is there (P8)."""

    def among(self, user: UserId, others: Collection[UserId]) -> frozenset[UserId]:
        """
        Those of `others` who share a conversation with `user` or are mutual contacts of theirs, without a block
        between the two; and `user`, if asked for. Neither way does it hold for somebody who is erased.

        It works both ways: whom `user` may see may see `user`.
        """

    def among_each(self, wanted: Mapping[UserId, Collection[UserId]]) -> Mapping[UserId, frozenset[UserId]]:
        """`among` of each user and the others with whom they stand in `wanted`, at once."""


class LookQueue(Protocol):
    """What is left to be looked at. At least once, in no order."""

    def add(self, looks: Sequence[Look], *, delay_s: int = 0) -> None:
        """Hand them out in `delay_s` seconds (at most 900)."""


class ConnectionLog(Protocol):
    """What happens to connections, for presence. Best effort: nobody's connection depends on it."""

    def note(self, change: ConnectionChange) -> bool:
        """Add `change` within about a second; False if it could not be confirmed."""
