"""Forget connections that the gateway does not know (any more)."""

from natter.domain.connections import Connection
from natter.ports.delivery import Connections


def prune(connections: Connections, gone: Connection, *, now: int) -> None:
    """
    Remove `gone` from the registry, unless at `now` (milliseconds) its upgrade may still be under way: the sync that
    follows covers that.

    Raises:
        Unavailable: the registry did not answer.
    """
    if not gone.may_be_upgrading(now):
        connections.unregister(gone)
