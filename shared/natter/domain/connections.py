"""Connections of clients, and what happens to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from natter.domain.ids import ConnectionId, DeviceId, SessionId, UserId
from natter.domain.presence import DeviceState


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
