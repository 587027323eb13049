"""Places of a conversation: which of them are one run, and who is shown what stands there."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from natter.domain.connections import Connection
from natter.domain.ids import ConversationId
from natter.domain.messages.events import Event


def contiguous(events: Iterable[Event]) -> list[tuple[Event, ...]]:
    """Split into runs without a hole in `seq`."""
    runs: list[list[Event]] = []
    for event in events:
        if runs and runs[-1][-1].seq + 1 == event.seq:
            runs[-1].append(event)
        else:
            runs.append([event])
    return [tuple(run) for run in runs]


class PostResult(Enum):
    DELIVERED = "delivered"
    GONE = "gone"
    """The gateway knows no such connection (any more, or not yet)."""
    FAILED = "failed"
    """Refused or not answered in time; it may have arrived."""
    UNTRIED = "untried"
    """There was no time left to begin with it; it has not arrived."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EventsFrame:
    """Contiguous events as they are sent, and their places."""

    frame: bytes
    seqs: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Post:
    connection: Connection
    frame: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Undelivered:
    """Stored events of one conversation that nobody has been shown live: those at places `first` to `last`."""

    conversation_id: ConversationId
    first: int
    last: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Slice:
    """Events to be shown to some connections. It names their places, not their content, which may be deleted yet."""

    conversation_id: ConversationId
    seqs: tuple[int, ...]
    """Ascending; every connection belongs to somebody who is to see them all."""
    connections: tuple[Connection, ...]
    made_at: int
    """Milliseconds: since when they are to be shown them. A slice of what is left of another has its time."""
    attempt: int = 0
    """How often they were not shown them though it was tried."""
