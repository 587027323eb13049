"""Let a member download a file that a message shows."""

import re
from dataclasses import dataclass

from natter.domain.errors import NotFound, NotMember
from natter.domain.ids import ID_PATTERN, AttachmentId, ConversationId, UserId
from natter.ports.attachments import Attachments
from natter.ports.conversations import Admission


@dataclass(frozen=True, kw_only=True)
class LinkAttachment:
    """
    A short-lived URL of the file.

    Raises:
        NotMember: the user does not belong to the conversation, or there is none (P8).
        NotFound: no message of this conversation shows it.
        Unavailable: a store did not answer in time.
    """

    admission: Admission
    attachments: Attachments

    def __call__(self, reader: UserId, conversation: ConversationId, attachment: AttachmentId) -> str:
        if self.admission.role(conversation, reader) is None:
            raise NotMember
        is_id = re.fullmatch(ID_PATTERN, attachment) is not None
        link = self.attachments.link(conversation, attachment) if is_id else None
        if link is None:
            raise NotFound("attachment_id: no such attachment")
        return link
