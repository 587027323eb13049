"""Ports to the files that messages show."""

from collections.abc import Collection, Sequence
from typing import Protocol

from natter.domain.attachments import Download, File, UnsettledFiles, UploadForm
from natter.domain.ids import AttachmentId, ConversationId, UserId


class Attachments(Protocol):
    """
    Files, each of one conversation and of the member who uploads it. Whether a message shows one is not known here.

    A file is *pending* from its upload on, and removed after a day or two. When it is sent it is *held* for as long
    again, whatever becomes of the upload: until the fold has come to it. If a message shows it then, it is *kept* until
    it is discarded. No upload can change what is held or kept. All methods raise `Unavailable` when the store does not
    answer in time, and may be repeated.
    """

    def offer(self, conversation: ConversationId, uploader: UserId, attachment: AttachmentId, file: File) -> UploadForm:
        """A form with which whoever has it may upload `file`, for a quarter of an hour."""

    def hold(
        self, conversation: ConversationId, uploader: UserId, attachments: Collection[AttachmentId]
    ) -> Collection[AttachmentId]:
        """
        Hold these that `uploader` uploaded to this conversation, for another day, and say which of them are not there.

        It does not matter whether they are pending, held or kept.
        """

    def keep(
        self, conversation: ConversationId, uploader: UserId, attachments: Collection[AttachmentId]
    ) -> Collection[AttachmentId]:
        """Keep these, which are held or kept, and say which of them are neither."""

    def discard(self, conversation: ConversationId, uploader: UserId, attachments: Collection[AttachmentId]) -> None:
        """Keep these no longer. What is held of them goes by itself."""

    def erase(self, conversation: ConversationId, uploader: UserId) -> None:
        """Remove all that `uploader` has uploaded to this conversation, pending, held or kept."""

    def link(self, conversation: ConversationId, uploader: UserId, attachment: AttachmentId) -> Download | None:
        """Good for five minutes, under the file's name; None unless it is held or kept."""


class FileQueue(Protocol):
    """Files of which it is to be found out whether a message shows them, in no order, each at least once."""

    def add(self, unsettled: Sequence[UnsettledFiles], *, delay_s: int = 0) -> None:
        """
        Add all, to be looked at in `delay_s` seconds.

        Raises:
            Unavailable: some may be missing; adding all of them again is safe.
        """
