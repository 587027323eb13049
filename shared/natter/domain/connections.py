"""Connections of clients, and what happens to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from natter.domain.ids import ConnectionId, DeviceId, SessionId, UserId
from natter.domain.presence import DeviceState

MAX_CONNECTIONS = 20
"""Of one user; one more closes the oldest."""
MANY_CONNECTIONS = MAX_CONNECTIONS // 2
"""Of one user: some more that nobody has behind them, and others have to give way."""

GIVEN_UP_MS = 10_000
"""
An upgrade that nobody has come to for so long may have nobody behind it any more. Clients wait 15 s for a ticket and
the upgrade together; what remains is for the ticket, the answer and the way.
"""

UPGRADE_MS = 30_000
"""For how long the gateway may know nothing of a connection because its upgrade is under way."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Connection:
    user_id: UserId
    device_id: DeviceId
    session_id: SessionId
    connection_id: ConnectionId
    endpoint: str
    """Management endpoint of the API that owns it."""
    connected_at: int
    """Milliseconds, as the gateway states it in every event of the connection."""

    def may_be_given_up(self, now: int) -> bool:
        """Whether its client, if the upgrade is not answered at `now`, may not be there any more."""
        return now - self.connected_at > GIVEN_UP_MS

    def may_be_upgrading(self, now: int) -> bool:
        """Whether the gateway, if it knows no such connection at `now`, may come to know it yet."""
        return now - self.connected_at <= UPGRADE_MS


@dataclass(frozen=True, kw_only=True, slots=True)
class ConnectionChange:
    """A connection of a user was opened or closed, or its device has said how it is."""

    connection: Connection
    change: Literal["opened", "closed", "status"]
    at: int
    state: DeviceState | None = None
    """What the device has said, where the change is "status"; None in records of before this was noted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What the registry says of users."""

    connections: Mapping[UserId, Sequence[Connection]]
    """Of each; users without any are missing."""
    forgotten: frozenset[UserId]
    """Of whom it may have lost connections, and has not been rebuilt since."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Registered:
    """What came of registering a connection."""

    is_new: bool
    """It was not there, or not any more."""
    displaced: tuple[Connection, ...] = ()
    """Those that are registered no more because their user has `MAX_CONNECTIONS` younger ones; it may be among them."""


class Closing(Enum):
    """What came of closing a connection."""

    CLOSED = "closed"
    GONE = "gone"
    """The gateway knows no such connection (any more, or not yet)."""
    FAILED = "failed"
    """Refused or not answered in time; it may have been closed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Closure:
    """A connection that is to be closed, whatever it takes."""

    connection: Connection
    signed_out: bool
    """Its session has ended: it is told so before."""
    attempt: int = 0
    """How often closing it was not confirmed."""
