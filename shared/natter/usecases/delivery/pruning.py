"""Forget connections that the gateway does not know (any more)."""

from natter.domain.connections import Connection
from natter.ports.delivery import Connections

UPGRADE_MS = 30_000
"""The gateway answers GONE before the upgrade has completed; a registration younger than this stays."""


def prune(connections: Connections, gone: Connection, *, now: int) -> None:
    """
    Remove `gone` from the registry, unless at `now` (milliseconds) its upgrade may still be under way: the sync that
    follows covers that.

    Raises:
        Unavailable: the registry did not answer.
    """
    if now - gone.connected_at > UPGRADE_MS:
        connections.unregister(gone)
