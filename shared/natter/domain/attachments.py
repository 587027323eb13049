"""Files that messages show."""

from collections.abc import Mapping
from dataclasses import dataclass

from natter.domain.ids import AttachmentId, ConversationId, UserId
from natter.domain.messages.events import Event


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """What is to be uploaded. Exactly this, or the upload is refused."""

    name: str
    content_type: str
    size: int
    """Bytes."""
    sha256: str
    """Base64."""


@dataclass(frozen=True, kw_only=True, slots=True)
class UploadForm:
    """A form (multipart/form-data) for the client to post: `fields` first, then the file as `file`."""

    url: str
    fields: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Download:
    """From where whoever has `url` may download a file, and what will come."""

    url: str
    expires_in_s: int
    name: str
    content_type: str
    size: int
    """Bytes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class UnsettledFiles:
    """Files that what was folded up to `position` lets a message show, or show no more: the tables tell which."""

    conversation_id: ConversationId
    uploader: UserId
    attachments: tuple[AttachmentId, ...]
    position: tuple[int, int]
    """(epoch, offset) in the log."""


def attachment_of(event: Event) -> AttachmentId | None:
    """The file that it shows."""
    content = event.payload.get("content", {})
    return AttachmentId(content["attachment_id"]) if content.get("type") == "attachment" else None
