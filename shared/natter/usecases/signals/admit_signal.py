"""Let a frame pass that leaves nothing in a conversation."""

from dataclasses import dataclass

from natter.domain.connections import Connection
from natter.domain.errors import Unauthenticated
from natter.domain.limits import Bucket
from natter.ports.gate import Gate
from natter.usecases.accounts.close_connections import CloseConnections


@dataclass(frozen=True, kw_only=True)
class AdmitSignal:
    """
    As `Gate.admit` says; and a connection that has outlived its session is closed.

    Raises:
        Unauthenticated: its session has ended.
        RateLimited: the user has signalled too much of late.
        Unavailable: nobody who knows the session answered in time.
    """

    gate: Gate
    close: CloseConnections

    def __call__(self, connection: Connection, bucket: Bucket | None) -> None:
        """`bucket`: of which it takes a token, if of any."""
        try:
            self.gate.admit(connection, bucket)
        except Unauthenticated:
            self.close([connection], signed_out=True)
            raise
