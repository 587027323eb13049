"""`GraceQueue` on SQS: a standard queue, whose messages may wait up to 15 minutes before they are seen."""

from collections.abc import Collection

from natter.adapters.sqs import SqsQueue
from natter.domain.ids import UserId
from natter.ports.presence import GraceQueue
from natter.wire.presence import dump_grace


class SqsGraceQueue:
    def __init__(self, queue: SqsQueue) -> None:
        self._queue = queue

    def warm(self) -> None:
        self._queue.warm()

    def add(self, users: Collection[UserId], *, delay_s: int) -> None:
        self._queue.send([dump_grace(user) for user in users], delay_s=delay_s)


_: type[GraceQueue] = SqsGraceQueue
