"""
`Archives` in S3: `exports/USER/EXPORT.zip`, in the bucket of attachments; a lifecycle rule empties it.

An archive is written to a file first, and uploaded in parts: neither it nor what is in it has to fit into memory.
"""

from collections.abc import Callable
from functools import cached_property
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from boto3.exceptions import Boto3Error

from natter.adapters.s3.attachments import DOWNLOAD_S, REMOVED_AT_ONCE, s3_errors
from natter.domain.errors import Unavailable
from natter.domain.ids import UserId
from natter.domain.privacy.requests import OwnData
from natter.names import EXPORTS
from natter.ports.privacy import Archives
from natter.wire.privacy import write_archive

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_FILE_NAME = "natter.zip"


class S3Archives:
    """
    Args:
        connect: makes the client, when it is first needed.
    """

    def __init__(self, connect: "Callable[[], S3Client]", bucket: str) -> None:
        self._connect = connect
        self._bucket = bucket

    def store(self, user: UserId, export_id: str, data: OwnData) -> None:
        with TemporaryFile() as file:
            write_archive(file, data)
            file.seek(0)
            with s3_errors():
                try:
                    self._s3.upload_fileobj(
                        file, self._bucket, _key(user, export_id), ExtraArgs={"ContentType": "application/zip"}
                    )
                except Boto3Error as error:
                    raise Unavailable("archives") from error

    def link(self, user: UserId, export_id: str) -> str:
        with s3_errors():
            return self._s3.generate_presigned_url(
                "get_object",
                Params={
                    "Bucket": self._bucket,
                    "Key": _key(user, export_id),
                    "ResponseContentDisposition": f'attachment; filename="{_FILE_NAME}"',
                    "ResponseCacheControl": "no-store",
                },
                ExpiresIn=DOWNLOAD_S,
            )

    def erase(self, user: UserId) -> None:
        with s3_errors():
            found = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=_of(user), MaxKeys=REMOVED_AT_ONCE)
            for each in found.get("Contents", ()):  # one, or a few that came to nothing: a day's
                self._s3.delete_object(Bucket=self._bucket, Key=each["Key"])

    @cached_property
    def _s3(self) -> "S3Client":
        return self._connect()


def _of(user: UserId) -> str:
    return f"{EXPORTS}{user}/"


def _key(user: UserId, export_id: str) -> str:
    return f"{_of(user)}{export_id}.zip"


_: type[Archives] = S3Archives
