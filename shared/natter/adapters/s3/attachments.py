"""
`Attachments` in S3.

`pending/CONVERSATION/UPLOADER/ATTACHMENT` is what clients write: a presigned POST whose policy fixes key, size, type,
name and SHA-256, so S3 itself refuses anything else. A lifecycle rule empties `pending/`. Showing an attachment copies
it, within S3, to `shown/CONVERSATION/ATTACHMENT`, where no client can write: unlike with a tag, neither the rule nor
an upload with a form that is still good can touch what a message shows.
"""

import base64
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import batched
from typing import TYPE_CHECKING
from urllib.parse import quote

from botocore.exceptions import ClientError

from natter.adapters.s3.client import AT_ONCE, REMOVED_AT_ONCE, Bucket
from natter.domain.attachments import File, UploadForm
from natter.domain.errors import Unavailable
from natter.domain.ids import AttachmentId, ConversationId, UserId
from natter.names import PENDING_UPLOADS, SHOWN_ATTACHMENTS
from natter.ports.attachments import Attachments

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

UPLOAD_S = 15 * 60
"""How long a form is good."""

_ABSENT = {"404", "NoSuchKey", "NotFound"}


class S3Attachments:
    """
    Sharing: safe across threads.

    Args:
        connect: makes the client, when it is first needed: few frames show an attachment, and all would wait for it.
    """

    def __init__(self, connect: "Callable[[], S3Client]", bucket: str) -> None:
        self._bucket = Bucket(connect, bucket, holds="attachments")

    def offer(self, conversation: ConversationId, uploader: UserId, attachment: AttachmentId, file: File) -> UploadForm:
        fields = {
            "Content-Type": file.content_type,
            "x-amz-checksum-algorithm": "SHA256",
            "x-amz-checksum-sha256": file.sha256,
            "x-amz-meta-name": base64.urlsafe_b64encode(file.name.encode()).decode(),
            "x-amz-meta-uploader": uploader,
        }
        with self._bucket.errors():
            form = self._bucket.client.generate_presigned_post(
                Bucket=self._bucket.name,
                Key=_pending(conversation, uploader, attachment),
                Fields=dict(fields),
                Conditions=[
                    *({name: value} for name, value in fields.items()),
                    ["content-length-range", file.size, file.size],
                ],
                ExpiresIn=UPLOAD_S,
            )
        return UploadForm(url=form["url"], fields=form["fields"])

    def show(
        self, conversation: ConversationId, uploader: UserId, attachments: Collection[AttachmentId]
    ) -> Collection[AttachmentId]:
        wanted = list(attachments)
        with ThreadPoolExecutor(max_workers=AT_ONCE) as threads:
            found = threads.map(lambda attachment: self._show(conversation, uploader, attachment), wanted)
            return [attachment for attachment, is_there in zip(wanted, found, strict=True) if not is_there]

    def erase(self, conversation: ConversationId, attachments: Collection[AttachmentId]) -> None:
        self._remove([_shown(conversation, attachment) for attachment in attachments])

    def erase_pending(self, conversation: ConversationId, uploader: UserId) -> None:
        with self._bucket.errors():
            pages = self._bucket.client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket.name, Prefix=_pending(conversation, uploader, AttachmentId(""))
            )
            for page in pages:
                self._remove([found["Key"] for found in page.get("Contents", ())])

    def _remove(self, keys: Sequence[str]) -> None:
        with self._bucket.errors():
            for some in batched(keys, REMOVED_AT_ONCE, strict=False):
                answer = self._bucket.client.delete_objects(
                    Bucket=self._bucket.name, Delete={"Objects": [{"Key": key} for key in some], "Quiet": True}
                )
                if answer.get("Errors"):
                    raise Unavailable("attachments")

    def link(self, conversation: ConversationId, attachment: AttachmentId) -> str | None:
        metadata = self._metadata(conversation, attachment)
        if metadata is None:
            return None
        name = quote(base64.urlsafe_b64decode(metadata["name"]), safe="")
        return self._bucket.presigned_link(
            _shown(conversation, attachment),
            disposition=f"attachment; filename*=UTF-8''{name}",
            cache_control="private, max-age=31536000, immutable",
        )

    def _show(self, conversation: ConversationId, uploader: UserId, attachment: AttachmentId) -> bool:
        if self._copied(conversation, uploader, attachment):
            return True
        metadata = self._metadata(conversation, attachment)  # a retry, or shown again, after a day
        return metadata is not None and metadata["uploader"] == uploader

    def _copied(self, conversation: ConversationId, uploader: UserId, attachment: AttachmentId) -> bool:
        with self._bucket.errors():
            try:
                self._bucket.client.copy_object(
                    CopySource={"Bucket": self._bucket.name, "Key": _pending(conversation, uploader, attachment)},
                    Bucket=self._bucket.name,
                    Key=_shown(conversation, attachment),
                    TaggingDirective="REPLACE",  # by none: a scanner's tags are about the upload
                )
            except ClientError as error:
                if _is_absent(error):
                    return False
                raise
        return True

    def _metadata(self, conversation: ConversationId, attachment: AttachmentId) -> dict[str, str] | None:
        with self._bucket.errors():
            try:
                found = self._bucket.client.head_object(Bucket=self._bucket.name, Key=_shown(conversation, attachment))
            except ClientError as error:
                if _is_absent(error):
                    return None
                raise
        return found["Metadata"]


def _is_absent(error: ClientError) -> bool:
    return error.response["Error"]["Code"] in _ABSENT


def _pending(conversation: ConversationId, uploader: UserId, attachment: AttachmentId) -> str:
    return f"{PENDING_UPLOADS}{conversation}/{uploader}/{attachment}"


def _shown(conversation: ConversationId, attachment: AttachmentId) -> str:
    return f"{SHOWN_ATTACHMENTS}{conversation}/{attachment}"


_: type[Attachments] = S3Attachments
