"""`SliceQueue` on SQS: a standard queue, whose messages may wait up to 15 minutes before they are seen."""

from collections.abc import Sequence

from natter.adapters.sqs.client import SqsQueue
from natter.domain.delivery import Slice
from natter.ports.delivery import SliceQueue
from natter.records.delivery import dump_slice


class SqsSliceQueue:
    def __init__(self, queue: SqsQueue) -> None:
        self._queue = queue

    def warm(self) -> None:
        self._queue.warm()

    def add(self, slices: Sequence[Slice], *, delay_s: int = 0) -> None:
        about = [(each.conversation_id,) for each in slices]
        self._queue.send([dump_slice(each) for each in slices], delay_s=delay_s, about=about)


_: type[SliceQueue] = SqsSliceQueue
