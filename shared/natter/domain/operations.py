"""What operators are told."""

from dataclasses import dataclass

from natter.domain.ids import ConversationId, UserId


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """`reporter` finds that operators should look at the event at `seq`, which `sender` is the sender of."""

    conversation_id: ConversationId
    seq: int
    reporter: UserId
    sender: UserId
    reason: str
    at: int
    """Milliseconds since the epoch."""
