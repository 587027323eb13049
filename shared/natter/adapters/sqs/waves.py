"""`WaveQueue` on SQS: standard queues, whose messages may wait up to 15 minutes before they are seen."""

from collections.abc import Sequence

from natter.adapters.sqs.client import SqsQueue
from natter.domain.push.waves import Wave
from natter.ports.push import WaveQueue
from natter.records.push import dump_wave


class SqsWaveQueue:
    """
    Args:
        crowds: the queue of what crowds are woken for, where it is in nobody's way; None: none of it is added here.
    """

    def __init__(self, queue: SqsQueue, crowds: SqsQueue | None = None) -> None:
        self._queue = queue
        self._crowds = crowds or queue

    def warm(self) -> None:
        self._queue.warm()
        self._crowds.warm()

    def add(self, waves: Sequence[Wave], *, delay_s: int | Sequence[int] = 0) -> None:
        delays_s = [delay_s] * len(waves) if isinstance(delay_s, int) else delay_s
        for queue, crowd in ((self._queue, False), (self._crowds, True)):
            some = [(each, later) for each, later in zip(waves, delays_s, strict=True) if each.crowd == crowd]
            queue.send(
                [dump_wave(each) for each, _ in some],
                delay_s=[later for _, later in some],
                about=[{one.messages[0].conversation_id for one in each.candidates} for each, _ in some],
            )


_: type[WaveQueue] = SqsWaveQueue
