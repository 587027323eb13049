"""Let a member download a file that a message shows."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from natter.domain.attachments import Download, attachment_of
from natter.domain.errors import NotFound, Unavailable
from natter.domain.ids import ID_PATTERN, AttachmentId, ConversationId, UserId
from natter.domain.messages.events import Event
from natter.domain.privacy.erased import without
from natter.domain.reading.views import ConversationView
from natter.ports.attachments import Attachments
from natter.usecases.attachments.find_message import FindMessage


@dataclass(frozen=True, kw_only=True)
class LinkAttachment:
    """
    A short-lived link to the file, for whoever may read a message that shows it: as soon, and as long, as they may.

    Raises:
        NotMember: the user does not belong to the conversation, or there is none (P8).
        NotFound: no message of this conversation that the user may read shows it.
        Unavailable: a store did not answer in time, or too many messages have ceased to show the file just now.
    """

    view: Callable[[UserId, ConversationId], ConversationView]
    find: FindMessage
    attachments: Attachments

    def __call__(self, reader: UserId, conversation: ConversationId, attachment: AttachmentId) -> Download:
        view = self.view(reader, conversation)
        message = self._message(view, attachment) if re.fullmatch(ID_PATTERN, attachment) else None
        link = None if message is None else self.attachments.link(conversation, message.sender_id, attachment)
        if link is None:
            raise NotFound("attachment_id: no such attachment")
        return link

    def _message(self, view: ConversationView, attachment: AttachmentId) -> Event | None:
        found = self.find(view.record.conversation_id, attachment, first=view.first_seq, head_seq=view.head.seq)
        if not found.is_all:
            raise Unavailable("attachment_id: it is being found out which message shows it")
        if found.message is None or attachment_of(without(view.record.erasing, found.message)) is None:
            return None
        return found.message
