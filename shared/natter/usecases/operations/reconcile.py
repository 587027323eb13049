"""Make sure that nothing which was accepted is lost: read the log again, and ask what became of each item (P1)."""

import logging
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from natter.domain.budgets import SWEEP_MS
from natter.domain.clock import NowMs
from natter.domain.errors import Unavailable
from natter.domain.fold.accounting import Stored, own_outcome, unaccounted
from natter.domain.fold.conversation import client_id_key
from natter.domain.messages.commands import Record
from natter.names import CLIENT_ID_TTL_S, EPOCH
from natter.ports.ledger import CommandHistory, Logged, Stretch
from natter.ports.reading import Timeline

_logger = logging.getLogger(__name__)

KEPT_MS = CLIENT_ID_TTL_S * 1000 - 60 * 60 * 1000
"""For how long what became of an item can be told, for sure: an hour less than the store keeps it."""

UNREADABLE = -1
"""Nobody knows what is in the record."""

NAMED = 100
"""Offsets of one partition that are named in a line of the log; from the first on they are as good as a list."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lost:
    """An item of which nothing tells what became."""

    partition: int
    offset: int
    item: int
    """Within its record, or `UNREADABLE`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reconciled:
    items: int
    """Of which it was made sure what became of them."""
    lost: tuple[Lost, ...]
    missed: int
    """Records that the log had dropped before anybody looked at them, or of which nothing can be told any more."""
    age_ms: int
    """About how old the oldest record is that was decided, and for which there was no time; 0: there is none."""

    @property
    def unaccounted(self) -> int:
        return len(self.lost) + self.missed


@dataclass(frozen=True, kw_only=True)
class Reconcile:
    """
    Look at what `persist` has committed since the last time. What it has not yet is late, not lost.

    It writes nothing but how far it has looked, and reads what the fold has written in any case: the outcome of each
    client id, the event at the place that it names, the head. What is lost is named in the log before the place moves
    on, so it is found at least once. Where the log stops answering, what was looked at before counts, and the rest is
    behind (`age_ms`): one partition that cannot be read hides nothing of the others. So it is where the store stops:
    what has much to look at comes further with every run, however slow the store is.

    Of what is older than outcomes are kept, nothing can be told: it is not lost for that. Nobody has looked at it where
    the ledger goes on from its place; where there is none (brokers forget those of partitions in which nothing is said
    for a week), it was looked at long ago.

    Raises:
        Unavailable: the store, or the log, did not answer once. The next run begins where this one did.
    """

    history: CommandHistory
    timeline: Timeline
    now_ms: NowMs
    budget_ms: int = SWEEP_MS

    def __call__(self) -> Reconciled:
        deadline = self.now_ms() + self.budget_ms
        stretches = {
            each: stretch
            for each, stretch in self.history.stretches().items()
            if stretch.first < stretch.end or stretch.missed
        }
        places = {each: stretch.first for each, stretch in stretches.items()}
        times: dict[int, int] = {}
        suspects: list[Lost] = []
        items, since, oldest = 0, self.now_ms(), self.now_ms()
        missed = {each: stretch.missed for each, stretch in stretches.items()}
        kept_since = self.now_ms() - KEPT_MS
        with closing(self._answered(stretches, kept_since)) as chunks:
            for chunk, kept, found in chunks:
                items += sum(len(each.command.items) for each in kept if each.command is not None)
                for each in chunk:
                    missed[each.partition] += each.at < kept_since and stretches[each.partition].is_resumed
                oldest = min(oldest, *(each.at for each in chunk))
                if found:
                    suspects += found
                    since = min(since, oldest)
                places |= {each.partition: each.offset + 1 for each in chunk}
                times |= {each.partition: each.at for each in chunk}
                if self.now_ms() >= deadline:
                    break
        lost = self._not_set_aside(suspects, since)
        missed = {each: records for each, records in missed.items() if records}
        _report(lost, missed)
        self.history.looked_at(places)
        left = [times.get(each, oldest) for each, stretch in stretches.items() if places[each] < stretch.end]
        return Reconciled(
            items=items - sum(each.item != UNREADABLE for each in lost),
            lost=tuple(lost),
            missed=sum(missed.values()),
            age_ms=self.now_ms() - min(left) if left else 0,
        )

    def _answered(
        self, stretches: Mapping[int, Stretch], kept_since: int
    ) -> Generator[tuple[Sequence[Logged], Sequence[Logged], Sequence[Lost]]]:
        """What is in the log, of it what can be told of, of that what is lost: all, or what comes before a silence."""
        some = False
        with closing(self.history.read(stretches)) as chunks:
            try:
                for chunk in chunks:
                    kept = [each for each in chunk if each.at >= kept_since]
                    yield chunk, kept, self._suspects(kept)
                    some = True
            except Unavailable as error:
                if not some:
                    raise
                _logger.warning("the rest is left: %s", error)

    def _suspects(self, chunk: Sequence[Logged]) -> list[Lost]:
        """What is lost, unless it was set aside."""
        records = [_record(each) for each in chunk]
        stored = self._stored([each for each in records if each is not None])
        suspects: list[Lost] = []
        for logged, record in zip(chunk, records, strict=True):
            items = [UNREADABLE] if record is None else unaccounted(record, stored)
            suspects += [Lost(partition=logged.partition, offset=logged.offset, item=item) for item in items]
        return suspects

    def _stored(self, records: Sequence[Record]) -> Stored:
        outcomes = self.timeline.outcomes(
            {client_id_key(each.command, item): None for each in records for item in each.command.items}
        )
        own = (
            (each.command.conversation_id, own_outcome(each, index, outcomes))
            for each in records
            for index in range(len(each.command.items))
        )
        places = {(each, outcome.seq): None for each, outcome in own if outcome is not None and outcome.seq is not None}
        return Stored(
            outcomes=outcomes,
            events=self.timeline.events_at(list(places)),
            heads=self.timeline.heads(dict.fromkeys(each.command.conversation_id for each in records)),
        )

    def _not_set_aside(self, suspects: Sequence[Lost], since: int) -> list[Lost]:
        if not suspects:
            return []
        set_aside = self.history.set_aside(since)
        return [each for each in suspects if (each.partition, each.offset) not in set_aside]


def _record(logged: Logged) -> Record | None:
    if logged.command is None:
        return None
    return Record(command=logged.command, epoch=EPOCH, partition=logged.partition, offset=logged.offset, at=logged.at)


def _report(lost: Sequence[Lost], missed: Mapping[int, int]) -> None:
    offsets: dict[int, dict[int, None]] = {}
    for each in lost:
        offsets.setdefault(each.partition, {})[each.offset] = None
    for partition, found in offsets.items():
        _logger.error(
            "unaccounted", extra={"partition": partition, "offsets": list(found)[:NAMED], "records": len(found)}
        )
    for partition, records in missed.items():
        _logger.error(
            "unaccounted: dropped before they were looked at", extra={"partition": partition, "records": records}
        )
