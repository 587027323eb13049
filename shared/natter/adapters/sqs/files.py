"""`FileQueue` on SQS."""

from collections.abc import Sequence

from natter.adapters.sqs.client import SqsQueue
from natter.domain.attachments import UnsettledFiles
from natter.ports.attachments import FileQueue
from natter.records.attachments import dump_unsettled

DELAY_S = 5
"""They are added before the batch that they are of is written."""


class SqsFileQueue:
    def __init__(self, queue: SqsQueue) -> None:
        self._queue = queue

    def add(self, unsettled: Sequence[UnsettledFiles]) -> None:
        self._queue.send([dump_unsettled(each) for each in unsettled], delay_s=DELAY_S)


_: type[FileQueue] = SqsFileQueue
