"""When a record that the store does not take in time is at fault, and not the store."""

from dataclasses import dataclass, field

from natter.domain.clock import NowMs
from natter.domain.errors import Unavailable
from natter.domain.messages.commands import Record
from natter.ports.messages import EventStore
from natter.ports.reading import Timeline
from natter.usecases.messages.persist import NotStored

ATTEMPTS = 10
PATIENCE_MS = 60_000


@dataclass
class Attempts:
    """How often a record has not been stored, though the store answered for its conversation at once afterwards."""

    position: tuple[int, int]
    since: int
    count: int = 0


@dataclass(frozen=True, kw_only=True)
class GiveUp:
    """
    Asked about a record that was tried alone, and was not stored in time: whether it is given up.

    Not before `ATTEMPTS` in `PATIENCE_MS`, after each of which the store took a write to the very conversation, and
    answered: a store that is away, overloaded or throttled does not, and then nothing is given up. What is acknowledged
    and given up is lost to its sender (P1), so this is the last resort; without it the record would stand in the way of
    its partition for ever.
    """

    timeline: Timeline
    store: EventStore
    now_ms: NowMs
    attempts: dict[int, Attempts] = field(default_factory=dict)
    """By partition."""

    def __call__(self, record: Record, error: Unavailable) -> bool:
        known = self.attempts.get(record.partition)
        if known is None or known.position != record.position:
            known = self.attempts[record.partition] = Attempts(position=record.position, since=self.now_ms())
        if not isinstance(error, NotStored) or not self._answers(record):
            return False
        known.count += 1
        return known.count >= ATTEMPTS and self.now_ms() - known.since >= PATIENCE_MS

    def _answers(self, record: Record) -> bool:
        """Writes what is stored already: the head, at its own time, changes nothing."""
        conversation = record.command.conversation_id
        try:
            heads = self.timeline.heads([conversation])
            self.store.write_heads(list(heads.values()))
        except Unavailable:
            return False
        except Exception:  # noqa: BLE001 - whatever it is called: what refuses a head for its age answers
            return True
        return True
