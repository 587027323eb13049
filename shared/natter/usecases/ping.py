"""Keep a connection alive, and registered."""

from collections.abc import Callable
from dataclasses import dataclass

from natter.ports.sockets import Connection, Connections


@dataclass(frozen=True, kw_only=True, slots=True)
class Pong:
    at: int
    sync: bool
    """It was not registered any more: what was delivered meanwhile did not reach it."""


@dataclass(frozen=True, kw_only=True)
class Ping:
    """
    Renew the registration; heals a registry that lost its data within one ping interval.

    Raises:
        Unavailable: the registry did not answer in time.
    """

    connections: Connections
    now_ms: Callable[[], int]

    def __call__(self, connection: Connection) -> Pong:
        return Pong(sync=self.connections.register(connection), at=self.now_ms())
