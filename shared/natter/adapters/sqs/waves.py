"""`WaveQueue` on SQS: a standard queue, whose messages may wait up to 15 minutes before they are seen."""

from collections.abc import Sequence

from natter.adapters.sqs.client import SqsQueue
from natter.domain.push.waves import Wave
from natter.ports.push import WaveQueue
from natter.records.push import dump_wave


class SqsWaveQueue:
    def __init__(self, queue: SqsQueue) -> None:
        self._queue = queue

    def warm(self) -> None:
        self._queue.warm()

    def add(self, waves: Sequence[Wave], *, delay_s: int = 0) -> None:
        self._queue.send([dump_wave(each) for each in waves], delay_s=delay_s)


_: type[WaveQueue] = SqsWaveQueue
