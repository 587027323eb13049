"""Port to the words of the protocol: what connected clients are sent."""

from collections.abc import Sequence
from typing import Protocol

from natter.domain.accounts.notifications import Notifications
from natter.domain.conversations.records import MemberSettings
from natter.domain.delivery import EventsFrame
from natter.domain.ids import ConversationId, UserId
from natter.domain.messages.events import Event
from natter.domain.presence import Presence
from natter.domain.receipts import Progress
from natter.domain.signals import TypingState


class Frames(Protocol):
    """How frames look on the wire. Each is at most as large as the gateway takes."""

    def events(self, conversation: ConversationId, events: Sequence[Event]) -> Sequence[EventsFrame]:
        """`events`, contiguous, in as many frames as it takes."""

    def refusal(self, conversation: ConversationId, code: str, client_ids: Sequence[str]) -> bytes:
        """What a sender is told when the fold refused its items."""

    def receipts(self, conversation: ConversationId, progress: Sequence[Progress]) -> bytes:
        """How far members have come."""

    def typing(self, conversation: ConversationId, user: UserId, state: TypingState) -> bytes:
        """Who has begun, or stopped, to write."""

    def presence(self, presences: Sequence[Presence]) -> bytes:
        """How others are: at most `MAX_WATCHED` of them."""

    def settings(self, conversation: ConversationId, settings: MemberSettings) -> bytes:
        """What one has changed on another of one's devices."""

    def notifications(self, settings: Notifications) -> bytes:
        """How one wants to be notified, changed on another of one's devices."""

    def signed_out(self) -> bytes:
        """Why the connection is about to be closed."""
