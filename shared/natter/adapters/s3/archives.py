"""
`Archives` in S3: `exports/USER/EXPORT.zip`, in the bucket of attachments; a lifecycle rule empties it.

An archive is written to a file first, and uploaded in parts: neither it nor what is in it has to fit into memory.
"""

from collections.abc import Callable
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from natter.adapters.s3.client import REMOVED_AT_ONCE, Bucket
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
        self._bucket = Bucket(connect, bucket, holds="archives")

    def store(self, user: UserId, export_id: str, data: OwnData) -> None:
        with TemporaryFile() as file:
            write_archive(file, data)
            file.seek(0)
            with self._bucket.errors():
                self._bucket.client.upload_fileobj(
                    file, self._bucket.name, _key(user, export_id), ExtraArgs={"ContentType": "application/zip"}
                )

    def link(self, user: UserId, export_id: str) -> str:
        return self._bucket.presigned_link(
            _key(user, export_id), disposition=f'attachment; filename="{_FILE_NAME}"', cache_control="no-store"
        )

    def erase(self, user: UserId) -> None:
        with self._bucket.errors():
            client, bucket = self._bucket.client, self._bucket.name
            found = client.list_objects_v2(Bucket=bucket, Prefix=_of(user), MaxKeys=REMOVED_AT_ONCE)
            for each in found.get("Contents", ()):  # one, or a few that came to nothing: a day's
                client.delete_object(Bucket=bucket, Key=each["Key"])


def _of(user: UserId) -> str:
    return f"{EXPORTS}{user}/"


def _key(user: UserId, export_id: str) -> str:
    return f"{_of(user)}{export_id}.zip"


_: type[Archives] = S3Archives
