"""`ClosureQueue` on SQS: a standard queue, whose messages may wait up to 15 minutes before they are seen."""

from collections.abc import Sequence

from natter.adapters.sqs.client import SqsQueue
from natter.domain.connections import Closure
from natter.ports.delivery import ClosureQueue
from natter.records.connections import dump_closure


class SqsClosureQueue:
    def __init__(self, queue: SqsQueue) -> None:
        self._queue = queue

    def warm(self) -> None:
        self._queue.warm()

    def add(self, closures: Sequence[Closure], *, delay_s: int = 0) -> None:
        self._queue.send([dump_closure(each) for each in closures], delay_s=delay_s)


_: type[ClosureQueue] = SqsClosureQueue
