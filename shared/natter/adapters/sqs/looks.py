"""`LookQueue` on SQS: a standard queue, whose messages may wait up to 15 minutes before they are seen."""

from collections.abc import Sequence

from natter.adapters.sqs.client import SqsQueue
from natter.domain.presence import Look
from natter.ports.presence import LookQueue
from natter.records.presence import dump_look


class SqsLookQueue:
    def __init__(self, queue: SqsQueue) -> None:
        self._queue = queue

    def warm(self) -> None:
        self._queue.warm()

    def add(self, looks: Sequence[Look], *, delay_s: int = 0) -> None:
        self._queue.send([dump_look(look) for look in looks], delay_s=delay_s)


_: type[LookQueue] = SqsLookQueue
