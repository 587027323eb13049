"""What the server says of itself: `Frames` as the protocol has them."""

from collections.abc import Sequence

from natter.domain.accounts.notifications import Notifications
from natter.domain.conversations.records import MemberSettings
from natter.domain.delivery import EventsFrame
from natter.domain.ids import ConversationId, UserId
from natter.domain.messages.events import Event
from natter.domain.presence import Presence
from natter.domain.receipts import Progress
from natter.domain.signals import TypingState
from natter.names import FRAME_LIMIT_BYTES
from natter.wire.events import event_json
from natter.wire.frames import REFUSALS, ErrorFrame, SettingsFrame, SignedOutFrame
from natter.wire.notifications import NotificationsFrame
from natter.wire.presence import PresenceFrame
from natter.wire.receipts import ReceiptFrame
from natter.wire.signals import TypingNoticeFrame


class JsonFrames:
    """`Frames` as the protocol has them."""

    def events(self, conversation: ConversationId, events: Sequence[Event]) -> Sequence[EventsFrame]:
        head = b'{"type":"events","conversation_id":"' + conversation.encode() + b'","events":['
        groups: list[list[bytes]] = []
        size = FRAME_LIMIT_BYTES
        for event in events:
            part = event_json(event)
            size += len(part) + 1
            if size > FRAME_LIMIT_BYTES:
                groups.append([])
                size = len(head) + 2 + len(part) + 1
            groups[-1].append(part)
        places = iter(events)
        return [
            EventsFrame(frame=head + b",".join(parts) + b"]}", seqs=tuple(next(places).seq for _ in parts))
            for parts in groups
        ]

    def refusal(self, conversation: ConversationId, code: str, client_ids: Sequence[str]) -> bytes:
        return ErrorFrame(
            code=code, detail=REFUSALS[code], conversation_id=conversation, client_ids=tuple(client_ids)
        ).to_json()

    def receipts(self, conversation: ConversationId, progress: Sequence[Progress]) -> bytes:
        return ReceiptFrame.of(conversation, progress).to_json()

    def typing(self, conversation: ConversationId, user: UserId, state: TypingState) -> bytes:
        return TypingNoticeFrame(conversation_id=conversation, user_id=user, state=state).to_json()

    def presence(self, presences: Sequence[Presence]) -> bytes:
        return PresenceFrame.of(presences).to_json()

    def settings(self, conversation: ConversationId, settings: MemberSettings) -> bytes:
        return SettingsFrame.of(conversation, settings).to_json()

    def notifications(self, settings: Notifications) -> bytes:
        return NotificationsFrame.of(settings).to_json()

    def signed_out(self) -> bytes:
        return SignedOutFrame().to_json()
