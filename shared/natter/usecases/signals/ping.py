"""Keep a connection alive, and registered."""

from collections.abc import Callable
from dataclasses import dataclass

from natter.domain.connections import Connection, ConnectionChange
from natter.ports.delivery import Connections
from natter.ports.presence import ConnectionLog, PresenceTraces


@dataclass(frozen=True, kw_only=True, slots=True)
class Pong:
    at: int
    sync: bool
    """It was not registered for a while: what was delivered meanwhile did not reach it."""


@dataclass(frozen=True, kw_only=True)
class Ping:
    """
    Renew the registration, and that its user was seen. Whoever the registry had lost is told to sync, also where it has
    been restored from the log meanwhile.

    Raises:
        Unavailable: the registry did not answer in time.
    """

    connections: Connections
    traces: PresenceTraces
    log: ConnectionLog
    now_ms: Callable[[], int]

    def __call__(self, connection: Connection) -> Pong:
        now = self.now_ms()
        missed = self.connections.renew(connection)
        self.traces.see(connection.user_id, connection.device_id, at=now)
        if missed:
            self.log.note(ConnectionChange(connection=connection, change="opened", at=now))
        return Pong(sync=missed, at=now)
