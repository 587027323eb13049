"""Close connections, until they are."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from natter.domain.budgets import SIGNED_OUT_S
from natter.domain.clock import NowMs
from natter.domain.connections import Closing, Closure, Connection
from natter.domain.delivery import Post
from natter.names import CONNECTION_LIFETIME_S
from natter.ports.delivery import ClosureQueue, Connections, Gateway
from natter.ports.frames import Frames

LONGEST_DELAY_S = 60


def backoff_s(attempt: int) -> int:
    """Before attempt 1, 2, 3: one to two seconds, two to four, four to eight; a minute at most."""
    least = min(2 ** (attempt - 1), LONGEST_DELAY_S // 2)
    return random.randint(least, 2 * least)  # noqa: S311 - jitter


@dataclass(frozen=True, kw_only=True)
class CloseConnections:
    """
    Close connections, and forget them: from then on nothing is delivered to them.

    The gateway does not know one whose upgrade is under way, and may not answer. What may be open, or may open yet,
    is closed again from a queue, later each time, for as long as it can live.

    Raises:
        Unavailable: one may stay open; repeat it.
    """

    connections: Connections
    gateway: Gateway
    frames: Frames
    queue: ClosureQueue
    now_ms: NowMs
    delay_s: Callable[[int], int] = backoff_s

    def __call__(self, over: Sequence[Connection], *, signed_out: bool) -> None:
        """`signed_out`: their session has ended, and they are told so, if they can be."""
        self._close([Closure(connection=each, signed_out=signed_out) for each in over])

    def again(self, closure: Closure) -> None:
        """What the queue hands out."""
        self._close([closure])

    def _close(self, closures: Sequence[Closure]) -> None:
        if not closures:
            return
        self._tell(closures)
        results = self.gateway.close([each.connection for each in closures])
        now = self.now_ms()
        left = [
            replace(closure, attempt=closure.attempt + 1)
            for closure, result in zip(closures, results, strict=True)
            if _may_be_open(closure.connection, result, now)
        ]
        if left:
            self.queue.add(left, delay_s=self.delay_s(left[0].attempt))
        for closure in closures:  # last: whoever has to repeat this finds them
            self.connections.unregister(closure.connection)

    def _tell(self, closures: Sequence[Closure]) -> None:
        told = [each.connection for each in closures if each.signed_out]
        if told:
            frame = self.frames.signed_out()
            self.gateway.post([Post(connection=each, frame=frame) for each in told], budget_s=SIGNED_OUT_S)


def _may_be_open(connection: Connection, result: Closing, now: int) -> bool:
    match result:
        case Closing.CLOSED:
            return False
        case Closing.GONE:
            return connection.may_be_upgrading(now)
        case Closing.FAILED:
            return now - connection.connected_at < CONNECTION_LIFETIME_S * 1000
