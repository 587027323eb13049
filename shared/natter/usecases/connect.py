"""Make a connection known before its upgrade completes, and forget it when it ends."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from natter.ports.log import ConnectionChange, ConnectionLog
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
    log: ConnectionLog
    now_ms: Callable[[], int]

    def __call__(self, connection: Connection) -> None:
        self.connections.register(connection)
        try:
            self.check_session(connection.session_id)
        except Exception:
            self.connections.unregister(connection)
            raise
        self.log.note(_change(connection, "opened", self.now_ms()))


@dataclass(frozen=True, kw_only=True)
class Disconnect:
    """
    Forget a connection that has ended.

    Raises:
        Unavailable: the registry did not answer; the registration expires by itself.
    """

    connections: Connections
    log: ConnectionLog
    now_ms: Callable[[], int]

    def __call__(self, connection: Connection) -> None:
        self.connections.unregister(connection)
        self.log.note(_change(connection, "closed", self.now_ms()))


def _change(connection: Connection, change: Literal["opened", "closed"], at: int) -> ConnectionChange:
    return ConnectionChange(
        user_id=connection.user_id,
        device_id=connection.device_id,
        connection_id=connection.connection_id,
        change=change,
        at=at,
    )
