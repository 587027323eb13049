"""Keep a connection alive, and registered."""

from dataclasses import dataclass

from natter.domain.clock import NowMs
from natter.domain.connections import Connection, ConnectionChange
from natter.domain.errors import Unauthenticated, Unavailable
from natter.ports.delivery import Connections
from natter.ports.presence import ConnectionLog, PresenceTraces
from natter.usecases.accounts.authenticate import CheckSession
from natter.usecases.accounts.close_connections import CloseConnections


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

    One that is registered anew may be of a session that has ended meanwhile: that is checked afterwards, as when it
    was made, and it is closed.

    Raises:
        Unauthenticated: its session has ended.
        Unavailable: the registry, or nobody who knows the session, answered in time.
    """

    connections: Connections
    check_session: CheckSession
    close: CloseConnections
    traces: PresenceTraces
    log: ConnectionLog
    now_ms: NowMs

    def __call__(self, connection: Connection) -> Pong:
        now = self.now_ms()
        registered = self.connections.renew(connection)
        self.close(registered.displaced, signed_out=False)
        if registered.is_new:
            self._check(connection)
        self.traces.see(connection.user_id, connection.device_id, at=now)
        if registered.is_new:
            self.log.note(ConnectionChange(connection=connection, change="opened", at=now))
        return Pong(sync=registered.is_new, at=now)

    def _check(self, connection: Connection) -> None:
        try:
            self.check_session(connection.session_id)
        except Unauthenticated:
            self.close([connection], signed_out=True)
            raise
        except Unavailable:
            self.connections.unregister(connection)  # the next ping asks again
            raise
