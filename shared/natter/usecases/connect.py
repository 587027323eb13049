"""Make a connection known before its upgrade completes, and forget it when it ends."""

from collections.abc import Callable
from dataclasses import dataclass

from natter.ports.log import ConnectionChange, ConnectionLog
from natter.ports.presence import PresenceTraces
from natter.ports.sockets import Connection, Connections
from natter.usecases.authenticate import CheckSession


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
        self.connections.register(connection)
        try:
            self.check_session(connection.session_id)
        except Exception:
            self.connections.unregister(connection)
            raise
        now = self.now_ms()
        self.traces.say(connection.user_id, connection.device_id, "online", at=now)
        self.log.note(ConnectionChange.of(connection, "opened", at=now))


@dataclass(frozen=True, kw_only=True)
class Disconnect:
    """
    Forget a connection that has ended.

    Raises:
        Unavailable: the registry did not answer; the registration expires by itself.
    """

    connections: Connections
    traces: PresenceTraces
    log: ConnectionLog
    now_ms: Callable[[], int]

    def __call__(self, connection: Connection) -> None:
        now = self.now_ms()
        self.traces.see(connection.user_id, connection.device_id, at=now)  # first: without it they would be offline
        self.connections.unregister(connection)
        self.log.note(ConnectionChange.of(connection, "closed", at=now))
