"""`FileQueue` on SQS."""

from collections.abc import Sequence

from natter.adapters.sqs.client import SqsQueue
from natter.domain.attachments import ForgottenFiles
from natter.ports.attachments import FileQueue
from natter.records.attachments import dump_forgotten


class SqsFileQueue:
    def __init__(self, queue: SqsQueue) -> None:
        self._queue = queue

    def add(self, forgotten: Sequence[ForgottenFiles]) -> None:
        self._queue.send([dump_forgotten(each) for each in forgotten])


_: type[FileQueue] = SqsFileQueue
