"""`Attachments` and `FileQueue` in memory, for tests of what uses them."""

import base64
import hashlib
from collections.abc import Collection, Sequence

from natter.domain.attachments import Download, File, UnsettledFiles, UploadForm
from natter.domain.ids import AttachmentId, ConversationId, UserId
from natter.ports.attachments import Attachments, FileQueue

type _Key = tuple[ConversationId, UserId, AttachmentId]
type _Prefix = dict[_Key, tuple[File, bytes]]


class MemoryAttachments:
    """Forms and links are not of the web: `upload` and `download` are what clients would do with them."""

    def __init__(self) -> None:
        self._offered: dict[str, tuple[_Key, File]] = {}
        self._pending: _Prefix = {}
        self._held: _Prefix = {}
        self._kept: _Prefix = {}

    def offer(self, conversation: ConversationId, uploader: UserId, attachment: AttachmentId, file: File) -> UploadForm:
        self._offered[attachment] = ((conversation, uploader, attachment), file)
        return UploadForm(url="memory://pending", fields={"key": attachment})

    def hold(
        self, conversation: ConversationId, uploader: UserId, attachments: Collection[AttachmentId]
    ) -> Collection[AttachmentId]:
        sources = self._pending, self._kept, self._held
        return [each for each in attachments if not _copied((conversation, uploader, each), sources, self._held)]

    def keep(
        self, conversation: ConversationId, uploader: UserId, attachments: Collection[AttachmentId]
    ) -> Collection[AttachmentId]:
        sources = self._kept, self._held
        return [each for each in attachments if not _copied((conversation, uploader, each), sources, self._kept)]

    def discard(self, conversation: ConversationId, uploader: UserId, attachments: Collection[AttachmentId]) -> None:
        for attachment in attachments:
            self._kept.pop((conversation, uploader, attachment), None)

    def erase(self, conversation: ConversationId, uploader: UserId) -> None:
        for prefix in (self._pending, self._held, self._kept):
            for key in [key for key in prefix if key[:2] == (conversation, uploader)]:
                del prefix[key]

    def link(self, conversation: ConversationId, uploader: UserId, attachment: AttachmentId) -> Download | None:
        key = conversation, uploader, attachment
        found = self._kept.get(key) or self._held.get(key)
        if found is None:
            return None
        file, url = found[0], f"memory://{'/'.join(key)}"
        return Download(url=url, expires_in_s=300, name=file.name, content_type=file.content_type, size=file.size)

    def upload(self, form: UploadForm, body: bytes) -> bool:
        """False: refused."""
        key, file = self._offered[form.fields["key"]]
        if (file.size, file.sha256) != (len(body), base64.b64encode(hashlib.sha256(body).digest()).decode()):
            return False
        self._pending[key] = file, body
        return True

    def download(self, link: str) -> tuple[File, bytes]:
        conversation, uploader, attachment = link.removeprefix("memory://").split("/")
        key = ConversationId(conversation), UserId(uploader), AttachmentId(attachment)
        return self._kept.get(key) or self._held[key]

    def expire_uploads(self) -> None:
        """What is pending is removed, as if its day was over, but not that of what is held."""
        self._pending.clear()

    def sweep(self) -> None:
        """What is pending or held is removed, as if days had passed."""
        self._pending.clear()
        self._held.clear()


def _copied(key: _Key, sources: Sequence[_Prefix], target: _Prefix) -> bool:
    found = next((prefix[key] for prefix in sources if key in prefix), None)
    if found is not None:
        target[key] = found
    return found is not None


class MemoryFileQueue:
    """`unsettled` holds what was added, in order."""

    def __init__(self) -> None:
        self.unsettled: list[UnsettledFiles] = []

    def add(self, unsettled: Sequence[UnsettledFiles], *, delay_s: int = 0) -> None:  # noqa: ARG002
        self.unsettled.extend(unsettled)


_attachments: type[Attachments] = MemoryAttachments
_queue: type[FileQueue] = MemoryFileQueue
