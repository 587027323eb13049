"""Ports to connected clients."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from natter.domain.connections import Closing, Closure, Connection, Found, Registered
from natter.domain.delivery import Post, PostResult, Slice, Undelivered
from natter.domain.ids import UserId


class Connections(Protocol):
    """
    The registry of who is connected. Not the only copy of anything: what it loses is restored from the log, and a
    connection that pings is registered again.

    All methods raise `Unavailable` when the registry does not answer in time.
    """

    def register(self, connection: Connection) -> Registered:
        """
        Add it, or renew it; its client syncs afterwards. It is found by every `of` that begins afterwards.

        Of a user's connections the `MAX_CONNECTIONS` that were opened last stay, also when many are registered at
        once: each that has to give way is handed to one caller, who closes it.
        """

    def renew(self, connection: Connection) -> Registered:
        """
        As `register`, of one whose client does not sync by itself. It counts as new, too, if it was restored and not
        renewed since: what was delivered before may not have reached it.

        For a minute from then on it stays new: who is told so may never learn it, and ask again.
        """

    def restore(self, connections: Sequence[Connection]) -> int:
        """Add those that are not there, unless their time is over; returns how many. Others stay as they are."""

    def unregister(self, connection: Connection) -> None:
        """Remove it. Not being there is fine."""

    def unregister_all(self, connections: Sequence[Connection]) -> None:
        """As `unregister` of each, at once."""

    def of(self, users: Iterable[UserId]) -> Mapping[UserId, Sequence[Connection]]:
        """The connections of each of `users`; users without any are missing."""

    def look_up(self, users: Iterable[UserId]) -> Found:
        """As `of`, and about whom the registry knows that it may not know all."""


class RegistryMarks(Protocol):
    """
    Which parts of the registry have lost their data: those whose mark is missing. A mark lies where its part's data
    lies, and is lost with it.

    All methods raise `Unavailable` when the registry does not answer in time.
    """

    def claim(self, generation: str, *, most: int) -> frozenset[int]:
        """
        Begin to rebuild parts that have lost their data and that nobody else rebuilds, under a name that nobody used
        before; returns which. Fewer than `most`: there are no others. Nobody else rebuilds them until the claim ends,
        twenty seconds after the last call for it.
        """

    def part_of(self, user: UserId) -> int:
        """In which part the user's connections lie."""

    def hold(self, generation: str) -> None:
        """Not done yet: the claim goes on."""

    def complete(self, generation: str) -> int:
        """
        Mark the parts that `generation` has still claimed as rebuilt; returns how many. What has lost its data again
        meanwhile, or was claimed by another since, is not.
        """

    def may_ask(self) -> bool:
        """Whether a rebuilding should be asked for: of all that find out at the same time, one is told so."""


class RebuildQueue(Protocol):
    """Where a rebuilding of the registry is asked for."""

    def ask(self) -> None:
        """
        Have one begin now.

        Raises:
            Unavailable: it may not have been asked for.
        """


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
