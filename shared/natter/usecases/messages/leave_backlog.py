"""Say how far a partition is behind, for those who are about to append to it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from natter.domain.clock import NowMs
from natter.domain.errors import Unavailable
from natter.domain.messages.backlog import backlog, stored_of
from natter.domain.messages.commands import Record
from natter.ports.messages import Backlogs, LogEnds

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class LeaveBacklog:
    """
    To be called when a batch is stored and shown, `begun_at` being when it was begun with. Costs nothing where what was
    stored is young. Best effort: what cannot be said is not, and then nobody is refused.
    """

    ends: LogEnds
    backlogs: Backlogs
    now_ms: NowMs

    def __call__(self, batch: Sequence[Record], begun_at: int) -> None:
        late = [each for each in stored_of(batch, begun_at=begun_at, at=self.now_ms()) if each.is_behind]
        if not late:
            return
        partitions = [each.partition for each in late]
        try:
            ends, before = self.ends.ends(partitions), self.backlogs.get(partitions)
            self.backlogs.leave([backlog(each, ends[each.partition], before.get(each.partition)) for each in late])
        except Unavailable as error:
            _logger.warning("nobody is told what waits in %s: %s", partitions, error)
        except Exception as error:  # noqa: BLE001 - the batch is stored and shown: none of its records is at fault
            _logger.error("nobody is told what waits in %s: %s", partitions, type(error).__qualname__)  # noqa: TRY400
