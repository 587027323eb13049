"""`FileQueue` on SQS: a standard queue, whose messages may wait up to 15 minutes before they are seen."""

from collections.abc import Sequence

from natter.adapters.sqs.client import SqsQueue
from natter.domain.attachments import UnsettledFiles
from natter.ports.attachments import FileQueue
from natter.records.attachments import dump_unsettled


class SqsFileQueue:
    def __init__(self, queue: SqsQueue) -> None:
        self._queue = queue

    def add(self, unsettled: Sequence[UnsettledFiles], *, delay_s: int = 0) -> None:
        self._queue.send([dump_unsettled(each) for each in unsettled], delay_s=delay_s)


_: type[FileQueue] = SqsFileQueue
