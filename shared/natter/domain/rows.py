"""
What the fold writes. Every row states its write timestamp (microseconds), which depends on the log alone.

Writing a row again writes the same; an older writer never overwrites a newer cell.
"""

from dataclasses import dataclass

from natter.domain.conversations import Event, JsonObject, MembershipChange
from natter.domain.ids import ClientId, ConversationId, UserId

Place = tuple[ConversationId, int]
"""A conversation and a seq in it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SpentKey:
    """A client id belongs to its sender within a conversation: nobody can occupy another's (P3)."""

    conversation_id: ConversationId
    sender_id: UserId
    client_id: ClientId


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of the item at a place of the log: the event at `seq`, or a refusal's code."""

    epoch: int
    offset: int
    item: int
    at: int
    seq: int | None
    refusal: str | None

    @property
    def position(self) -> tuple[int, int]:
        return self.epoch, self.offset

    @property
    def place(self) -> tuple[int, int, int]:
        return self.epoch, self.offset, self.item


@dataclass(frozen=True, kw_only=True, slots=True)
class EventRow:
    event: Event
    written_at: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SpentRow:
    """What became of a client id each time it was spent: one row for each, at its place in the log."""

    key: SpentKey
    outcome: Outcome
    written_at: int


@dataclass(frozen=True, kw_only=True, slots=True)
class EffectRow:
    """`event` changes what the event at `target_seq` says."""

    target_seq: int
    event: Event
    written_at: int


@dataclass(frozen=True, kw_only=True, slots=True)
class EmptiedRow:
    """What the event at `seq` says is deleted: gone from the store, not hidden."""

    conversation_id: ConversationId
    seq: int
    written_at: int
    left: JsonObject
    """All that is left of its payload: of a message when it was deleted, of an edit its target."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EmptiedEffectRow:
    """The same for the row of `EffectRow` that the event at `seq` has; nothing is left of its payload."""

    conversation_id: ConversationId
    target_seq: int
    seq: int
    written_at: int


@dataclass(frozen=True, kw_only=True, slots=True)
class MembershipRow:
    conversation_id: ConversationId
    change: MembershipChange
    written_at: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SentRow:
    """Sending marks everything before as read for the sender."""

    conversation_id: ConversationId
    user_id: UserId
    seq: int
    messages: int
    written_at: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ForgottenCursorRow:
    """Nobody knows any more how far they had come."""

    conversation_id: ConversationId
    user_id: UserId
    written_at: int


Row = EventRow | SpentRow | EffectRow | EmptiedRow | EmptiedEffectRow | MembershipRow | SentRow | ForgottenCursorRow
