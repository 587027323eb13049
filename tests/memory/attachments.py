"""`Attachments` and `FileQueue` in memory, for tests of what uses them."""

import base64
import hashlib
from collections.abc import Collection, Sequence

from natter.domain.attachments import File, ForgottenFiles, UploadForm
from natter.domain.ids import AttachmentId, ConversationId, UserId
from natter.ports.attachments import Attachments, FileQueue

type _Key = tuple[ConversationId, AttachmentId]


class MemoryAttachments:
    """Forms and links are not of the web: `upload` and `download` are what clients would do with them."""

    def __init__(self) -> None:
        self._offered: dict[str, tuple[_Key, UserId, File]] = {}
        self._pending: dict[_Key, tuple[UserId, File, bytes]] = {}
        self._shown: dict[_Key, tuple[UserId, File, bytes]] = {}

    def offer(self, conversation: ConversationId, uploader: UserId, attachment: AttachmentId, file: File) -> UploadForm:
        self._offered[attachment] = ((conversation, attachment), uploader, file)
        return UploadForm(url="memory://pending", fields={"key": attachment})

    def show(
        self, conversation: ConversationId, uploader: UserId, attachments: Collection[AttachmentId]
    ) -> Collection[AttachmentId]:
        missing = []
        for attachment in attachments:
            key = conversation, attachment
            found = self._shown.get(key) or self._pending.get(key)
            if found is not None and found[0] == uploader:
                self._shown[key] = found
            else:
                missing.append(attachment)
        return missing

    def erase(self, conversation: ConversationId, attachments: Collection[AttachmentId]) -> None:
        for attachment in attachments:
            self._shown.pop((conversation, attachment), None)

    def erase_pending(self, conversation: ConversationId, uploader: UserId) -> None:
        own = [key for key, kept in self._pending.items() if key[0] == conversation and kept[0] == uploader]
        for key in own:
            del self._pending[key]

    def link(self, conversation: ConversationId, attachment: AttachmentId) -> str | None:
        return f"memory://{conversation}/{attachment}" if (conversation, attachment) in self._shown else None

    def upload(self, form: UploadForm, body: bytes) -> bool:
        """False: refused."""
        key, uploader, file = self._offered[form.fields["key"]]
        if (file.size, file.sha256) != (len(body), base64.b64encode(hashlib.sha256(body).digest()).decode()):
            return False
        self._pending[key] = uploader, file, body
        return True

    def download(self, link: str) -> tuple[File, bytes]:
        conversation, _, attachment = link.removeprefix("memory://").partition("/")
        _, file, body = self._shown[ConversationId(conversation), AttachmentId(attachment)]
        return file, body

    def sweep(self) -> None:
        """What is pending is removed, as if days had passed."""
        self._pending.clear()


class MemoryFileQueue:
    """`forgotten` holds what was added, in order."""

    def __init__(self) -> None:
        self.forgotten: list[ForgottenFiles] = []

    def add(self, forgotten: Sequence[ForgottenFiles]) -> None:
        self.forgotten.extend(forgotten)


_attachments: type[Attachments] = MemoryAttachments
_queue: type[FileQueue] = MemoryFileQueue
