"""Rebuild a registry of connections that has lost its data from what the log says, and ask for that."""

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import batched

from natter.domain.clock import NowMs
from natter.domain.connections import Connection, ConnectionChange
from natter.domain.errors import Unavailable
from natter.domain.ids import SessionId, UserId
from natter.domain.presence import Traces
from natter.domain.registry import Remembered, remembered
from natter.names import CONNECTION_LIFETIME_S, REGISTRY_PARTS
from natter.ports.accounts import Sessions
from natter.ports.delivery import Connections, RebuildQueue, RegistryMarks
from natter.ports.presence import ConnectionHistory, PresenceTraces
from natter.usecases.accounts.close_connections import CloseConnections

_logger = logging.getLogger(__name__)

TOGETHER = 1_000
"""Connections, or users, that are restored with one question."""

EARLIER_MS = 10 * 60 * 1000
"""How long ago an earlier rebuilding, cut off since, may have read the log, and restored what was closed then."""

HOLD_S = 5.0
"""How often it says that it is still at it: a claim that is not held ends after twenty seconds."""


@dataclass(frozen=True, kw_only=True)
class AskForRebuild:
    """Have a rebuilding begin, once for all who find out that the registry has lost data. Best effort."""

    marks: RegistryMarks
    queue: RebuildQueue

    def __call__(self) -> None:
        try:
            if self.marks.may_ask():
                self.queue.ask()
        except Unavailable as error:
            _logger.warning("no rebuilding was asked for: %s", error)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rebuilt:
    """What a rebuilding has come to."""

    lost: int
    """Parts that had lost their data."""
    rebuilt: int
    """Those of them that have it again. The others lost it once more, and are rebuilt after this."""
    connections: int
    """Connections that are known again."""


@dataclass(frozen=True, kw_only=True)
class Rebuild:
    """
    Register the connections that the log says to be open, where the registry has lost data; else do nothing.

    One run rebuilds `most` parts; if there are more, it has another begin beside it. Only what is noted of users in its
    parts concerns it.

    The order makes it safe against all that happens meanwhile:

    1. The parts that are lost are claimed under a name of this run. A second loss takes the claim with it.
    2. The log is read, and what is open is restored. Whoever has registered since is left as they are.
    3. What was closed while that went on, and may have been restored all the same, is forgotten: an end is noted
       before a connection is forgotten, so either the end is read here, or the forgetting comes after the restoring.
    4. Only what is still claimed is marked as complete.

    Of a connection and the end of its session, whichever comes second sees the other, as in `Connect`.

    Raises:
        Unavailable: the registry, the log, the sessions or the queue of closures did not answer in time; doing all of
            it again is safe.
    """

    marks: RegistryMarks
    queue: RebuildQueue
    history: ConnectionHistory
    connections: Connections
    traces: PresenceTraces
    sessions: Sessions
    close: CloseConnections
    new_id: Callable[[], str]
    now_ms: NowMs
    most: int
    clock: Callable[[], float] = time.monotonic
    """Seconds."""

    def __call__(self) -> Rebuilt | None:
        """None: nothing was lost, or somebody else is at it."""
        generation = self.new_id()
        lost = self.marks.claim(generation, most=self.most)
        if not lost:
            return None
        if len(lost) == self.most < REGISTRY_PARTS:
            self._go_on_beside()
        hold = _Hold(self.marks, generation, self.clock)
        since = self.now_ms() - CONNECTION_LIFETIME_S * 1000
        past = self.history.since(since, covers=lambda user: self.marks.part_of(user) in lost)
        restored = 0
        for changes in past.parts():
            hold()
            found = remembered(changes, self.now_ms())
            of_late = self.now_ms() - EARLIER_MS
            self._end(found, [each for each in found.ends if each.at > of_late], hold)
            for connections in batched(found.connections, TOGETHER, strict=False):
                hold()
                restored += self._restore(connections)
        for changes in past.rest():
            hold()
            found = remembered(changes, self.now_ms())
            self._end(found, found.ends, hold)
        return Rebuilt(lost=len(lost), rebuilt=self.marks.complete(generation), connections=restored)

    def _go_on_beside(self) -> None:
        """Best effort: else the next run, within a minute, finds what is left."""
        try:
            self.queue.ask()
        except Unavailable as error:
            _logger.warning("nobody was asked for the other parts: %s", error)

    def _end(self, found: Remembered, ends: Sequence[ConnectionChange], hold: Callable[[], None]) -> None:
        """Traces first: without them, whose connection is forgotten would be offline at once."""
        for some in batched(found.traces.items(), TOGETHER, strict=False):
            hold()
            self._restore_traces(dict(some), found.sessions)
        for together in batched(ends, TOGETHER, strict=False):
            hold()
            self.connections.unregister_all([each.connection for each in together])

    def _restore_traces(
        self, traces: Mapping[UserId, Traces], sessions: Mapping[UserId, AbstractSet[SessionId]]
    ) -> None:
        """
        Of who is signed in still: nothing comes back of somebody who has been erased since. A device on which nobody is
        signed in any more leaves its traces, as ever: they count where it is connected.
        """
        here = self._signed_in(traces, sessions)
        self.traces.restore({user: traces[user] for user in here})
        for user in here - self._signed_in(here, sessions):
            if not self.sessions.of_user(user, after=None, limit=1, at=self.now_ms()):  # on none, read of here or not
                self.traces.forget(user)

    def _signed_in(
        self, users: Iterable[UserId], sessions: Mapping[UserId, AbstractSet[SessionId]]
    ) -> AbstractSet[UserId]:
        those = set(users)
        live = self.sessions.live_among({each for user in those for each in sessions[user]}, at=self.now_ms())
        return {user for user in those if sessions[user] & live}

    def _restore(self, connections: Sequence[Connection]) -> int:
        live = self._live(connections)
        restored = self.connections.restore([each for each in connections if each.session_id in live])
        live = self._live(connections)
        over = [each for each in connections if each.session_id not in live]
        self.close(over, signed_out=True)
        return restored

    def _live(self, connections: Iterable[Connection]) -> frozenset[SessionId]:
        return self.sessions.live_among({each.session_id for each in connections}, at=self.now_ms())


@dataclass
class _Hold:
    marks: RegistryMarks
    generation: str
    clock: Callable[[], float]
    held_at: float | None = None

    def __call__(self) -> None:
        if self.held_at is None or self.clock() - self.held_at > HOLD_S:
            self.held_at = self.clock()
            self.marks.hold(self.generation)
