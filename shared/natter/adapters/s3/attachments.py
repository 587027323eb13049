"""
`Attachments` in S3.

`pending/CONVERSATION/UPLOADER/ATTACHMENT` is what clients write: a presigned POST whose policy fixes key, size, type,
name and SHA-256, so S3 itself refuses anything else. Whatever else happens to a file is a copy within S3: to `held/…`
when it is sent, to `shown/…` when a message shows it. No client can write there: unlike with a tag, neither the
lifecycle rules, which empty `pending/` and `held/`, nor an upload with a form that is still good, nor sending it once
more can touch what a message shows.
"""

import base64
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import batched
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from botocore.exceptions import ClientError

from natter.adapters.s3.client import AT_ONCE, DOWNLOAD_S, REMOVED_AT_ONCE, Bucket
from natter.domain.attachments import Download, File, UploadForm
from natter.domain.errors import Unavailable
from natter.domain.ids import AttachmentId, ConversationId, UserId
from natter.names import HELD_ATTACHMENTS, PENDING_UPLOADS, SHOWN_ATTACHMENTS
from natter.ports.attachments import Attachments

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef

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
        }
        with self._bucket.errors():
            form = self._bucket.client.generate_presigned_post(
                Bucket=self._bucket.name,
                Key=_key(PENDING_UPLOADS, conversation, uploader, attachment),
                Fields=dict(fields),
                Conditions=[
                    *({name: value} for name, value in fields.items()),
                    ["content-length-range", file.size, file.size],
                ],
                ExpiresIn=UPLOAD_S,
            )
        return UploadForm(url=form["url"], fields=form["fields"])

    def hold(
        self, conversation: ConversationId, uploader: UserId, attachments: Collection[AttachmentId]
    ) -> Collection[AttachmentId]:
        return self._failing(self._hold, conversation, uploader, attachments)

    def keep(
        self, conversation: ConversationId, uploader: UserId, attachments: Collection[AttachmentId]
    ) -> Collection[AttachmentId]:
        return self._failing(self._keep, conversation, uploader, attachments)

    def discard(self, conversation: ConversationId, uploader: UserId, attachments: Collection[AttachmentId]) -> None:
        self._remove([_key(SHOWN_ATTACHMENTS, conversation, uploader, attachment) for attachment in attachments])

    def erase(self, conversation: ConversationId, uploader: UserId) -> None:
        for prefix in (PENDING_UPLOADS, HELD_ATTACHMENTS, SHOWN_ATTACHMENTS):
            with self._bucket.errors():
                pages = self._bucket.client.get_paginator("list_objects_v2").paginate(
                    Bucket=self._bucket.name, Prefix=_key(prefix, conversation, uploader, "")
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

    def link(self, conversation: ConversationId, uploader: UserId, attachment: AttachmentId) -> Download | None:
        for prefix in (SHOWN_ATTACHMENTS, HELD_ATTACHMENTS):
            key = _key(prefix, conversation, uploader, attachment)
            found = self._found(key)
            if found is not None:
                return self._download(key, found)
        return None

    def _download(self, key: str, found: "HeadObjectOutputTypeDef") -> Download:
        name = base64.urlsafe_b64decode(found["Metadata"]["name"])
        url = self._bucket.presigned_link(
            key,
            disposition=f"attachment; filename*=UTF-8''{quote(name, safe='')}",
            cache_control="private, max-age=31536000, immutable",
        )
        return Download(
            url=url,
            expires_in_s=DOWNLOAD_S,
            name=name.decode(),
            content_type=found["ContentType"],
            size=found["ContentLength"],
        )

    def _failing(
        self,
        does: Callable[[ConversationId, UserId, AttachmentId], bool],
        conversation: ConversationId,
        uploader: UserId,
        attachments: Collection[AttachmentId],
    ) -> Collection[AttachmentId]:
        """Those of `attachments` for which `does` says no."""
        with ThreadPoolExecutor(max_workers=AT_ONCE) as threads:
            done = threads.map(lambda attachment: does(conversation, uploader, attachment), attachments)
            return [attachment for attachment, is_done in zip(attachments, done, strict=True) if not is_done]

    def _hold(self, conversation: ConversationId, uploader: UserId, attachment: AttachmentId) -> bool:
        """From where it was uploaded; else, for a retry or what is shown again, from where it is kept, or held yet."""
        held = _key(HELD_ATTACHMENTS, conversation, uploader, attachment)
        for prefix in (PENDING_UPLOADS, SHOWN_ATTACHMENTS):
            if self._copied(_key(prefix, conversation, uploader, attachment), held):
                return True
        found = self._found(held)
        if found is None:
            return False
        return self._copied(  # onto itself, which begins its day anew: S3 wants something of it replaced
            held, held, MetadataDirective="REPLACE", Metadata=found["Metadata"], ContentType=found["ContentType"]
        )

    def _keep(self, conversation: ConversationId, uploader: UserId, attachment: AttachmentId) -> bool:
        held, shown = (
            _key(prefix, conversation, uploader, attachment) for prefix in (HELD_ATTACHMENTS, SHOWN_ATTACHMENTS)
        )
        return self._found(shown) is not None or self._copied(held, shown)

    def _copied(self, source: str, target: str, **fields: Any) -> bool:
        with self._bucket.errors():
            try:
                self._bucket.client.copy_object(
                    CopySource={"Bucket": self._bucket.name, "Key": source},
                    Bucket=self._bucket.name,
                    Key=target,
                    TaggingDirective="REPLACE",  # by none: a scanner's tags are about the upload
                    **fields,
                )
            except ClientError as error:
                if _is_absent(error):
                    return False
                raise
        return True

    def _found(self, key: str) -> "HeadObjectOutputTypeDef | None":
        with self._bucket.errors():
            try:
                return self._bucket.client.head_object(Bucket=self._bucket.name, Key=key)
            except ClientError as error:
                if _is_absent(error):
                    return None
                raise


def _is_absent(error: ClientError) -> bool:
    return error.response["Error"]["Code"] in _ABSENT


def _key(prefix: str, conversation: ConversationId, uploader: UserId, attachment: AttachmentId | str) -> str:
    return f"{prefix}{conversation}/{uploader}/{attachment}"


_: type[Attachments] = S3Attachments
