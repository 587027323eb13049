"""Requests and answers about files that messages show."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field

from natter.domain.attachments import Download, File, UploadForm
from natter.domain.ids import AttachmentId
from natter.wire.base import Line, WireModel

MAX_FILE_BYTES = 100 * 1024 * 1024

_TOKEN = r"[A-Za-z0-9!#$&^_.+-]+"  # noqa: S105 - as RFC 6838 has them
_MEDIA_TYPE = rf"^{_TOKEN}/{_TOKEN}(?: ?; ?{_TOKEN}={_TOKEN})*$"
_SHA256 = r"^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$"
"""Base64 of 32 bytes."""


class NewAttachmentBody(WireModel):
    """A file that is to be uploaded; exactly it will be taken."""

    name: Annotated[Line, Field(min_length=1, max_length=255)]
    content_type: Annotated[str, Field(max_length=100, pattern=_MEDIA_TYPE)]
    size: Annotated[int, Field(ge=0, le=MAX_FILE_BYTES)]
    sha256: Annotated[str, Field(pattern=_SHA256)]

    def to_file(self) -> File:
        return File(name=self.name, content_type=self.content_type, size=self.size, sha256=self.sha256)


class UploadAnswer(WireModel):
    """A form to post as multipart/form-data: the fields first, then the file as `file`."""

    url: str
    fields: Mapping[str, str]


class NewAttachmentAnswer(WireModel):
    attachment_id: str
    upload: UploadAnswer

    @classmethod
    def of(cls, attachment: AttachmentId, form: UploadForm) -> Self:
        return cls(attachment_id=attachment, upload=UploadAnswer(url=form.url, fields=form.fields))


class DownloadAnswer(WireModel):
    """For whom a redirect is of no use: an image in a page cannot send a token."""

    url: Annotated[str, Field(repr=False)]
    expires_in: int
    """Seconds."""
    name: str
    content_type: str
    size: int
    """Bytes."""

    @classmethod
    def of(cls, download: Download) -> Self:
        return cls(
            url=download.url,
            expires_in=download.expires_in_s,
            name=download.name,
            content_type=download.content_type,
            size=download.size,
        )
