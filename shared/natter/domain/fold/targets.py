"""What a command sees of the event that it points at."""

from dataclasses import dataclass, replace

from natter.domain.ids import UserId
from natter.domain.messages.states import NO_STATE, MessageState


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """An event that a command points at, as of the head."""

    type: str
    sender_id: UserId
    state: MessageState = NO_STATE

    def with_state(self, state: MessageState) -> "Target":
        return replace(self, state=state)
