"""
Ports to who is there, and to who wants to know. All methods raise `Unavailable` when the store does not answer in time.

Nothing here is the only copy of anything that lasts: traces that are lost come again with the next ping, watchers with
their next `watch`.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
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

    def leave(self, user: UserId, device: DeviceId, *, at: int) -> None:
        """As `see`; and `device` has closed a connection: if it was online, nothing is known of it any more."""

    def restore(self, traces: Mapping[UserId, Traces]) -> None:
        """Add what the log says of users, where nothing later is known."""

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


class TellingPace(Protocol):
    """How often watchers are told of somebody. Forgetting it costs frames, no more."""

    def begin(self, users: Collection[UserId]) -> frozenset[UserId]:
        """Those of `users` of whom nobody was told within the last second. From now on, somebody was."""

    def awaited(self, users: Collection[UserId]) -> frozenset[UserId]:
        """Those of `users` who are expected to be looked at, at some time that is yet to come."""

    def expect(self, users: Collection[UserId], *, due_at: int) -> None:
        """They will be looked at, not before `due_at` (milliseconds). Said too late, it is not believed."""


class ConnectionLog(Protocol):
    """
    What happens to connections, for presence, and for a registry that has lost its data. Best effort: nobody's
    connection depends on it.
    """

    def note(self, change: ConnectionChange) -> bool:
        """Add `change` within about a second; False if it could not be confirmed."""


class ConnectionHistory(Protocol):
    """What was noted of connections, read back. Raises `Unavailable` when the log does not answer in time."""

    def since(self, at: int, covers: Callable[[UserId], bool]) -> "PastConnections":
        """What was noted of users who are covered, from `at` on, milliseconds by the log's clock."""


class PastConnections(Protocol):
    """One reading of what was noted."""

    def parts(self) -> Iterator[Sequence[ConnectionChange]]:
        """All that is there when a part is begun; each part has everything of its users, in order."""

    def rest(self) -> Iterator[Sequence[ConnectionChange]]:
        """What has come after the end of each part until this is called; once, after all parts."""
