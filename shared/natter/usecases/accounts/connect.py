"""Make a connection known before its upgrade completes, and forget it when it ends."""

from collections.abc import Callable
from dataclasses import dataclass

from natter.domain.connections import Connection, ConnectionChange
from natter.ports.delivery import Connections
from natter.ports.presence import ConnectionLog, PresenceTraces
from natter.usecases.accounts.authenticate import CheckSession


@dataclass(frozen=True, kw_only=True)
class Connect:
    """
    Register, then check the session once more: of a connection and the end of its session, whichever comes second
    sees the other.

    Raises:
        Unauthenticated: the session has ended; the connection is not registered any more.
        Unavailable: the registry, or nobody who knows the session, answered in time.
    """

    connections: Connections
    check_session: CheckSession
    traces: PresenceTraces
    log: ConnectionLog
    now_ms: Callable[[], int]

    def __call__(self, connection: Connection) -> None:
        now = self.now_ms()
        self.connections.register(connection)
        try:
            self.check_session(connection.session_id)
            self.traces.say(connection.user_id, connection.device_id, "online", at=now)
        except Exception:
            self.connections.unregister(connection)
            raise
        self.log.note(ConnectionChange(connection=connection, change="opened", at=now))


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
    now_ms: Callable[[], int]

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
