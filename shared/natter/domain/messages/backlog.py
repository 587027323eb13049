"""
How much of a partition of the log waits for its consumer, and how many of those are refused who would add to it.

Who is refused was not acknowledged and repeats it; who is acknowledged is shown soon. Nothing here decides what becomes
of a command that is in the log.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from natter.domain.messages.commands import Record

PROMPT_MS = 200
"""As long as what is stored is younger than that, its partition is not behind, and nothing is left about it."""

LEAST_MS, MOST_MS = 200, 800
"""
Up to so much work that waits nobody is refused, from so much on everybody, and in between a growing share. A batch
under way and one's own come on top, so that all of it is on the screens within 1.5 s.
"""

FRAME = 20
"""
Items that one frame may have. As many that wait are no backlog, however long they take; and a batch takes them in about
the time of one: what fewer took says nothing of how long more of them take.
"""

VALID_MS = 5000
"""Of what the consumer has left. Whoever leaves nothing for so long is away, and the log accepts for who is away."""

SOON_MS, LATE_MS = 1000, 10_000
"""When who is refused may try again, at least and at most, about. Nothing is known for long enough to say more."""

AWAY_MS = 3000
"""What was stored as late as that by a consumer that had left nothing, has waited for it to come back."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """What a consumer has just stored, and shown, of a partition: some of its records, without a hole."""

    partition: int
    first_offset: int
    last_offset: int
    items: int
    oldest_at: int
    newest_at: int
    """When the log had them, milliseconds."""
    begun_at: int
    at: int
    """When it was begun with, and done."""

    @property
    def is_behind(self) -> bool:
        return self.at - self.newest_at >= PROMPT_MS


@dataclass(frozen=True, kw_only=True, slots=True)
class Backlog:
    """What is known of a partition that is behind. Its consumer leaves it, and whoever appends looks at it."""

    partition: int
    at: int
    """When it was left, milliseconds."""
    next_offset: int
    """Of what waits, the first."""
    items: int
    """How many waited then, about."""
    granted: int
    """Of these, those for which nobody is refused: they came while the consumer was away."""
    item_ms: float
    """How long one of them takes, with all that it shares with others."""
    added: int = 0
    """Those that were accepted since."""

    def excess_ms(self, now: int) -> float:
        """How long what is appended now has to wait because of what came while the consumer was at work."""
        since, items = max(0, now - self.at), self.items + self.added - self.granted
        if items <= FRAME or since > VALID_MS:
            return 0.0
        return max(0.0, items * self.item_ms - since)


def backlog(stored: Stored, end: int, before: Backlog | None) -> Backlog:
    """
    What to leave, where the log ends at offset `end`.

    `before` is what was left last. What came while the consumer was away need not be gone at once: of two items that
    are stored, one has to be of these, and so whatever leaves it room for that is accepted.
    """
    if before is not None and stored.at - before.at > VALID_MS:
        before = None
    waiting = max(0, end - stored.last_offset - 1)
    items = _items(stored, waiting, before)
    if before is not None:
        granted = max(0, min(before.granted - stored.items // 2, items))
    else:
        granted = items if stored.at - stored.newest_at > AWAY_MS else 0
    return Backlog(
        partition=stored.partition,
        at=stored.at,
        next_offset=stored.last_offset + 1,
        items=items,
        granted=granted,
        item_ms=_item_ms(stored, before),
    )


def _items(stored: Stored, waiting: int, before: Backlog | None) -> int:
    """In records that wait: counted where what was left before says so, else as many in each as in those stored."""
    if before is not None and before.next_offset == stored.first_offset:
        counted = before.items + before.added - stored.items
        return max(waiting, min(counted, waiting * FRAME))
    return round(waiting * stored.items / (stored.last_offset - stored.first_offset + 1))


def _item_ms(stored: Stored, before: Backlog | None) -> float:
    """Waiting for its turn among other partitions counts, as long as there was something to take."""
    follows = before is not None and before.next_offset == stored.first_offset
    began = max(before.at if before is not None and follows else stored.begun_at, stored.oldest_at)
    measured = max(0, stored.at - began) / max(stored.items, FRAME)
    return measured if before is None else (before.item_ms + measured) / 2


def refused_share(known: Backlog | None, now: int) -> float:
    """
    Of those who append now, how many are refused, from 0 to 1: none up to `LEAST_MS`, all from `MOST_MS` on.

    Everybody's frames are refused with the same probability, so who sends more is refused more, in proportion.
    """
    if known is None:
        return 0.0
    return min(1.0, max(0.0, (known.excess_ms(now) - LEAST_MS) / (MOST_MS - LEAST_MS)))


def retry_after_ms(known: Backlog, now: int, draw: float) -> int:
    """When to try again, `draw` being from 0 to 1: not all who are refused together come back together."""
    return round((0.5 + draw) * min(LATE_MS, max(SOON_MS, known.excess_ms(now))))


def stored_of(batch: Sequence[Record], *, begun_at: int, at: int) -> list[Stored]:
    """What a batch is to each of its partitions."""
    lanes: dict[int, list[Record]] = {}
    for record in batch:
        lanes.setdefault(record.partition, []).append(record)
    return [
        Stored(
            partition=partition,
            first_offset=lane[0].offset,
            last_offset=lane[-1].offset,
            items=sum(len(record.command.items) for record in lane),
            oldest_at=lane[0].at,
            newest_at=lane[-1].at,
            begun_at=begun_at,
            at=at,
        )
        for partition, lane in lanes.items()
    ]
