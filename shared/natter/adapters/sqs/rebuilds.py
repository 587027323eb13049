"""`RebuildQueue` on SQS."""

from natter.adapters.sqs.client import SqsQueue
from natter.ports.delivery import RebuildQueue


class SqsRebuildQueue:
    """A message says nothing but that it is time."""

    def __init__(self, queue: SqsQueue) -> None:
        self._queue = queue

    def ask(self) -> None:
        self._queue.send(["{}"])


_: type[RebuildQueue] = SqsRebuildQueue
