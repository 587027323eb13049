"""Say how one is, on one of one's devices."""

from collections.abc import Callable
from dataclasses import dataclass

from natter.domain.connections import Connection, ConnectionChange
from natter.domain.errors import Unavailable
from natter.domain.limits import SIGNALS
from natter.domain.presence import DeviceState
from natter.ports.limits import RateLimits
from natter.ports.presence import ConnectionLog, PresenceTraces


@dataclass(frozen=True, kw_only=True)
class SayStatus:
    """
    Remember it, then have watchers told: who asks from now on is answered with it.

    Raises:
        RateLimited: the user has signalled too much of late.
        Unavailable: it may not be remembered, or told; repeating it is safe.
    """

    limits: RateLimits
    traces: PresenceTraces
    log: ConnectionLog
    now_ms: Callable[[], int]

    def __call__(self, connection: Connection, state: DeviceState) -> None:
        self.limits.take(SIGNALS, connection.user_id)
        now = self.now_ms()
        self.traces.say(connection.user_id, connection.device_id, state, at=now)
        if not self.log.note(ConnectionChange(connection=connection, change="status", at=now, state=state)):
            raise Unavailable("log")
