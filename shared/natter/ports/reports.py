"""Port to what members report to the operators."""

from dataclasses import dataclass
from typing import Protocol

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


class Reports(Protocol):
    def add(self, report: Report) -> None:
        """
        Keep `report`, in place of an earlier one of the same event by the same reporter. Repeating it is safe.

        Raises:
            Unavailable: the store did not answer in time; it may be kept all the same.
        """
