"""Make a connection known before its upgrade completes, and forget it when it ends."""

from collections.abc import Sequence
from dataclasses import dataclass

from natter.domain.clock import NowMs
from natter.domain.connections import MANY_CONNECTIONS, Connection, ConnectionChange
from natter.domain.errors import RateLimited, Unavailable
from natter.domain.ids import UserId
from natter.ports.delivery import Connections
from natter.ports.presence import ConnectionLog, PresenceTraces
from natter.usecases.accounts.authenticate import CheckSession
from natter.usecases.accounts.close_connections import CloseConnections

RETRY_MS = 1000


@dataclass(frozen=True, kw_only=True)
class Connect:
    """
    Register, then check the session once more: of a connection and the end of its session, whichever comes second
    sees the other. Of more connections than a user may have, the oldest are closed.

    Of who has many, what was begun too long ago is refused before that: where its client has given up, it would be in
    the place of one that lives, which would come again and take the place of the next.

    Raises:
        Unauthenticated: the session has ended; the connection is not registered any more.
        RateLimited: as many connections as a user may have were opened since.
        Unavailable: it has waited too long for one of many; or the registry, or nobody who knows the session, answered
            in time; or one that is too many may stay open.
    """

    connections: Connections
    check_session: CheckSession
    close: CloseConnections
    traces: PresenceTraces
    log: ConnectionLog
    now_ms: NowMs

    def __call__(self, connection: Connection) -> None:
        now = self.now_ms()
        if connection.may_be_given_up(now) and self._has_many(connection.user_id):
            raise Unavailable("the upgrade")
        registered = self.connections.register(connection)
        try:
            self._make_room(connection, registered.displaced)
            self.check_session(connection.session_id)
            self.traces.say(connection.user_id, connection.device_id, "online", at=now)
        except Exception:
            self.connections.unregister(connection)
            raise
        self.log.note(ConnectionChange(connection=connection, change="opened", at=now))

    def _has_many(self, user: UserId) -> bool:
        return len(self.connections.of([user]).get(user, ())) >= MANY_CONNECTIONS

    def _make_room(self, connection: Connection, displaced: Sequence[Connection]) -> None:
        self.close([each for each in displaced if each != connection], signed_out=False)
        if connection in displaced:
            raise RateLimited(retry_after_ms=RETRY_MS)


@dataclass(frozen=True, kw_only=True)
class Disconnect:
    """
    Forget a connection that has ended. That it has is noted first: whoever reads that forgets it, too.

    Raises:
        Unavailable: the registry did not answer.
    """

    connections: Connections
    traces: PresenceTraces
    log: ConnectionLog
    now_ms: NowMs

    def __call__(self, connection: Connection) -> None:
        closed = ConnectionChange(connection=connection, change="closed", at=self.now_ms())
        self.log.note(closed)
        forget_closed(closed, self.connections, self.traces)


def forget_closed(closed: ConnectionChange, connections: Connections, traces: PresenceTraces) -> None:
    """
    Unregister a connection that was closed, and note that its user was there until then; may be repeated, at any time.

    Raises:
        Unavailable: the registry did not answer.
    """
    connection = closed.connection
    traces.leave(connection.user_id, connection.device_id, at=closed.at)  # first: without it they would be offline
    connections.unregister(connection)
