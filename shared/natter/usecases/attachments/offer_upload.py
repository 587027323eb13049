"""Let a member upload a file, to be shown by a message of theirs."""

from collections.abc import Callable
from dataclasses import dataclass

from natter.domain.attachments import File, UploadForm
from natter.domain.errors import NotMember
from natter.domain.ids import AttachmentId, ConversationId, UserId
from natter.ports.attachments import Attachments
from natter.ports.conversations import Admission


@dataclass(frozen=True, kw_only=True)
class OfferUpload:
    """
    A new attachment, and the form with which to upload it. Nothing is stored until that is used.

    Raises:
        NotMember: the user does not belong to the conversation, or there is none.
        Unavailable: who belongs to it could not be found out.
    """

    admission: Admission
    attachments: Attachments
    new_id: Callable[[], str]

    def __call__(self, uploader: UserId, conversation: ConversationId, file: File) -> tuple[AttachmentId, UploadForm]:
        if self.admission.role(conversation, uploader) is None:
            raise NotMember
        attachment = AttachmentId(self.new_id())
        return attachment, self.attachments.offer(conversation, uploader, attachment, file)
