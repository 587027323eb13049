"""What was seen of a run, in the order in which it happened: all that the checker knows of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from greenlet import greenlet

from natter.domain.connections import Connection
from natter.domain.delivery import Slice
from natter.domain.ids import AttachmentId, ConversationId
from natter.domain.messages.commands import Record
from natter.domain.messages.events import Emission, Event, Head
from natter.domain.reading.views import ConversationView
from natter.domain.receipts import Cursor, CursorKey, Receipt


@dataclass(frozen=True, slots=True)
class Appended:
    record: Record


@dataclass(frozen=True, slots=True)
class Stored:
    event: Event


@dataclass(frozen=True, slots=True)
class HeadStored:
    head: Head
    """As it is after a write."""


@dataclass(frozen=True, slots=True)
class CursorStored:
    key: CursorKey
    cursor: Cursor
    """As it is after a write, whichever of its two writers wrote."""


@dataclass(frozen=True, slots=True)
class Posted:
    connection: Connection
    frame: bytes
    arrived: bool
    by: greenlet = field(compare=False)
    """The invocation that did it."""


@dataclass(frozen=True, slots=True)
class Queued:
    """Events are to be shown to connections (once more), later."""

    what: Slice
    by: greenlet = field(compare=False)


@dataclass(frozen=True, slots=True)
class Synced:
    """The connection's client has all events up to these places, and is shown its conversations like this."""

    connection: Connection
    places: Mapping[ConversationId, int]
    views: Sequence[ConversationView]
    asked_at: int
    """How much had been seen of the run when it began to read."""


@dataclass(frozen=True, slots=True)
class Noted:
    """A member has said how far it has come, when the head was at `head`."""

    receipt: Receipt
    head: int
    answer: str | None
    """The refusal's code, if it was refused."""


@dataclass(frozen=True, slots=True)
class Emitted:
    emission: Emission


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A member has asked for a file, when it was shown this of the conversation."""

    view: ConversationView
    attachment: AttachmentId
    is_there: bool


Observation = Appended | Stored | HeadStored | CursorStored | Posted | Queued | Synced | Noted | Emitted | Downloaded
Trace = list[Observation]
