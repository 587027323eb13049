"""Ports to the files that messages show."""

from collections.abc import Collection, Sequence
from typing import Protocol

from natter.domain.attachments import File, ForgottenFiles, UploadForm
from natter.domain.ids import AttachmentId, ConversationId, UserId


class Attachments(Protocol):
    """
    Files, each of one conversation and of the member who uploads it.

    A file is *pending* from its upload on, and removed after a day or two, unless a message comes to show it: then
    it is *shown* until it is erased, and no upload can change it any more. All methods raise `Unavailable` when the
    store does not answer in time.
    """

    def offer(self, conversation: ConversationId, uploader: UserId, attachment: AttachmentId, file: File) -> UploadForm:
        """A form with which whoever has it may upload `file`, for a quarter of an hour."""

    def show(
        self, conversation: ConversationId, uploader: UserId, attachments: Collection[AttachmentId]
    ) -> Collection[AttachmentId]:
        """
        Make these shown that `uploader` uploaded to this conversation, and say which of them are not there.

        Repeating it is safe, also when they are pending no more.
        """

    def erase(self, conversation: ConversationId, attachments: Collection[AttachmentId]) -> None:
        """
        Remove these of what is shown in this conversation, whoever uploaded them: a message shows its sender's files
        alone (`show`), so who erases a message erases no file of others. What is not there (any more) is fine.
        """

    def erase_pending(self, conversation: ConversationId, uploader: UserId) -> None:
        """Remove all that is pending of what `uploader` has uploaded to this conversation. None is fine."""

    def link(self, conversation: ConversationId, attachment: AttachmentId) -> str | None:
        """
        A URL from which whoever has it may download the file for five minutes, under its name; None unless it is
        shown in this conversation.
        """


class FileQueue(Protocol):
    """Files waiting to be removed, in no order. Each is handed out at least once."""

    def add(self, forgotten: Sequence[ForgottenFiles]) -> None:
        """
        Add all.

        Raises:
            Unavailable: some may be missing; adding all of them again is safe.
        """
