"""Mute or archive a conversation for oneself."""

from collections.abc import Callable
from dataclasses import dataclass

from natter.domain.accounts.users import Principal
from natter.domain.conversations.records import MemberSettings
from natter.domain.errors import NotMember
from natter.domain.ids import ConversationId
from natter.ports.conversations import Conversations
from natter.ports.frames import Frames
from natter.usecases.delivery.tell import Tell


@dataclass(frozen=True, kw_only=True)
class ChangeSettings:
    """
    Nobody else learns of it; one's other devices are told, best effort.

    Raises:
        NotMember: one does not belong to it, or there is no such conversation.
        Unavailable: it may have been changed; asking again is safe.
    """

    conversations: Conversations
    tell: Tell
    frames: Frames

    def __call__(
        self,
        principal: Principal,
        conversation: ConversationId,
        change: Callable[[MemberSettings], MemberSettings],
    ) -> None:
        changed = self.conversations.change_settings(principal.user_id, conversation, change)
        if changed is None:
            raise NotMember
        self.tell(self.frames.settings(conversation, changed), [principal.user_id], but_device=principal.device_id)
