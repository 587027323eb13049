"""
Which record of a batch is at fault, and what becomes of the others.

A fault of the infrastructure passes: the partition's records are given back, in order, until it has. A record at fault
does not: given back, it would stand in the way of its partition for ever. So the batch is cut in halves until the
record is found; it is set aside, and the others go on.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from natter.domain.errors import Unavailable
from natter.entrypoints.faults import describe
from natter.entrypoints.record import Batch, StreamRecord

_logger = logging.getLogger(__name__)

type Lane = tuple[str, int]
"""A partition of a topic."""


class PartitionHaltedError(Exception):
    """Nothing of the partition may be processed before somebody has looked: not now, and not without this record."""


@dataclass(frozen=True, kw_only=True)
class Isolation:
    """
    One for each function; it remembers which partitions are in trouble.

    Args:
        consume: processes records; may be repeated. Raises `Unavailable` for a fault that passes,
            `PartitionHaltedError`, or anything else for a record at fault.
        set_aside: keeps a record that can never be processed; also given those behind it in its partition, which may
            have been tried with it.
        give_up: whether a record that is alone, and fails with `Unavailable`, is at fault all the same.
    """

    consume: Callable[[Batch], None]
    set_aside: Callable[[StreamRecord, Exception, Sequence[StreamRecord]], None]
    give_up: Callable[[StreamRecord, Unavailable], bool] = lambda _record, _error: False
    limits: dict[Lane, int] = field(default_factory=dict)
    """
    Of partitions whose last batch failed, how many records are tried at once: half of what has failed, so that what is
    too much for the store to take in time becomes less, and a record at fault is alone in the end.
    """

    def __call__(self, batch: Batch, has_time: Callable[[], bool]) -> Sequence[StreamRecord]:
        """Returns the records that are given back: of each partition the last ones, in their order."""
        waiting = deque(self._pieces(batch))
        given_back: list[StreamRecord] = []
        behind = _Behind(batch)
        stopped: set[Lane] = set()
        is_first = True
        while waiting:
            piece = waiting.popleft()
            if stopped.intersection(map(_lane, piece)) or not (is_first or has_time()):
                stopped.update(map(_lane, piece))
                given_back += piece
                continue
            is_first = False
            smaller = self._try(piece, behind)
            if smaller is None:
                stopped.add(_lane(piece[0]))
                given_back += piece
            else:
                waiting.extendleft(reversed(smaller))
        return given_back

    def _pieces(self, batch: Batch) -> Iterable[Batch]:
        """All partitions together, but for those in trouble."""
        lanes = _lanes(batch)
        together = [record for lane in lanes if _lane(lane[0]) not in self.limits for record in lane]
        if together:
            yield together
        for lane in lanes:
            limit = self.limits.get(_lane(lane[0]), 0)
            if limit:
                yield from (lane[first : first + limit] for first in range(0, len(lane), limit))

    def _try(self, piece: Batch, behind: "_Behind") -> list[Batch] | None:
        """What is to be tried next in its place, nothing if it is done; None: its partition is given back."""
        try:
            self.consume(piece)
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing that is in the log may be dropped
            lanes = _lanes(piece)
            if len(lanes) > 1:  # what is wrong with one partition is in the way of no other
                return lanes
            if isinstance(error, Unavailable | PartitionHaltedError):
                return self._passing(piece, error, behind)
            return self._at_fault(piece, error, behind)
        self._relax(piece)
        return []

    def _passing(
        self, piece: Batch, error: Unavailable | PartitionHaltedError, behind: "_Behind"
    ) -> list[Batch] | None:
        lane = _lane(piece[0])
        self.limits[lane] = max(1, len(piece) // 2)
        if isinstance(error, PartitionHaltedError):
            _logger.error("%s-%d is given back\n%s", *lane, describe(error))
            return None
        if len(piece) == 1 and self.give_up(piece[0], error):
            return self._at_fault(piece, error, behind)
        _logger.warning("%s-%d is given back: %s", *lane, error)
        return None

    def _at_fault(self, piece: Batch, error: Exception, behind: "_Behind") -> list[Batch] | None:
        """One of these, unless there is only one."""
        if len(piece) > 1:
            middle = len(piece) // 2
            return [piece[:middle], piece[middle:]]
        _logger.error("%s-%d, offset %d is set aside\n%s", *_lane(piece[0]), piece[0].offset, describe(error))
        try:
            self.set_aside(piece[0], error, behind(piece[0]))
        except Unavailable as unavailable:
            _logger.warning("%s-%d is given back: %s", *_lane(piece[0]), unavailable)
            return None
        except Exception as bug:  # noqa: BLE001 - whatever it is, it is in the way of no other partition
            _logger.error("%s-%d is given back\n%s", *_lane(piece[0]), describe(bug))  # noqa: TRY400 - its text may quote a row
            return None
        self._relax(piece)
        return []

    def _relax(self, piece: Batch) -> None:
        for lane in {_lane(record) for record in piece} & self.limits.keys():
            self.limits[lane] *= 2
            if self.limits[lane] > MOST_AT_ONCE:
                del self.limits[lane]


MOST_AT_ONCE = 500
"""Records of a partition, where there is no trouble: as many as a batch has."""


@dataclass(frozen=True)
class _Behind:
    """The records of a batch that stand behind another in its partition."""

    batch: Batch

    def __call__(self, record: StreamRecord) -> Sequence[StreamRecord]:
        lane = _lane(record)
        return [each for each in self.batch if _lane(each) == lane and each.offset > record.offset]


def _lane(record: StreamRecord) -> Lane:
    return record.topic, record.partition


def _lanes(batch: Batch) -> list[Batch]:
    lanes: dict[Lane, list[StreamRecord]] = {}
    for record in batch:
        lanes.setdefault(_lane(record), []).append(record)
    return list(lanes.values())
