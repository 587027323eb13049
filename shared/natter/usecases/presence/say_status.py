"""Say how one is, on one of one's devices."""

from dataclasses import dataclass

from natter.domain.clock import NowMs
from natter.domain.connections import Connection, ConnectionChange
from natter.domain.errors import Unavailable
from natter.domain.presence import DeviceState
from natter.ports.presence import ConnectionLog, PresenceTraces


@dataclass(frozen=True, kw_only=True)
class SayStatus:
    """
    Remember it, then have watchers told: who asks from now on is answered with it.

    Raises:
        Unavailable: it may not be remembered, or told; repeating it is safe.
    """

    traces: PresenceTraces
    log: ConnectionLog
    now_ms: NowMs

    def __call__(self, connection: Connection, state: DeviceState) -> None:
        now = self.now_ms()
        self.traces.say(connection.user_id, connection.device_id, state, at=now)
        if not self.log.note(ConnectionChange(connection=connection, change="status", at=now, state=state)):
            raise Unavailable("log")
