"""Let the frames of a connection pass, and close one that has outlived its session."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from natter.domain.connections import Connection
from natter.domain.errors import Unauthenticated
from natter.domain.ids import ConversationId, UserId
from natter.domain.limits import Bucket
from natter.ports.gate import Entered, Gate
from natter.usecases.accounts.close_connections import CloseConnections


@dataclass(frozen=True, kw_only=True)
class ClosingGate:
    """
    As the gate behind it says; and a connection whose session has ended is closed, whatever it has sent: its end may
    have missed it, as while the registry had lost it.
    """

    gate: Gate
    close: CloseConnections

    def admit(self, connection: Connection, bucket: Bucket | None) -> None:
        with self._closing(connection):
            self.gate.admit(connection, bucket)

    def enter(
        self,
        conversation: ConversationId,
        user: UserId,
        bucket: Bucket,
        cost: int = 1,
        *,
        origin: Connection | None = None,
    ) -> Entered:
        with self._closing(origin):
            return self.gate.enter(conversation, user, bucket, cost, origin=origin)

    @contextmanager
    def _closing(self, connection: Connection | None) -> Iterator[None]:
        try:
            yield
        except Unauthenticated:
            if connection is not None:
                self.close([connection], signed_out=True)
            raise


_: type[Gate] = ClosingGate
