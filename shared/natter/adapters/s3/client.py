"""A bucket of S3, as its adapters use it: a client that is made late, errors of ours, links that end."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from natter.domain.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DOWNLOAD_S = 5 * 60
"""How long a link is good."""
REMOVED_AT_ONCE = 1000
"""The most that S3 takes, and lists."""
AT_ONCE = 20
"""Calls under way on one client: as many as a frame can show attachments."""

S3_CONFIG = Config(
    signature_version="s3v4",  # what checks the conditions of a form
    s3={"addressing_style": "virtual"},  # else forms and links name the global endpoint, which redirects
    connect_timeout=1,
    read_timeout=3,  # between two signs of life: S3 sends some while it copies 100 MiB
    retries={"mode": "standard", "total_max_attempts": 2},  # a connection may have died while the function was frozen
    max_pool_connections=AT_ONCE,
)


class Bucket:
    """
    Sharing: safe across threads.

    Args:
        connect: makes the client, when it is first needed: few frames show an attachment, and all would wait for it.
        holds: what `Unavailable` says is missing.
    """

    def __init__(self, connect: "Callable[[], S3Client]", name: str, *, holds: str) -> None:
        self.name = name
        self._connect = connect
        self._holds = holds

    @cached_property
    def client(self) -> "S3Client":
        return self._connect()

    @contextmanager
    def errors(self) -> Iterator[None]:
        """
        Translate what an outage, a throttled or a refused call looks like.

        Raises:
            Unavailable: the call failed; it may have happened all the same.
        """
        try:
            yield
        except (BotoCoreError, ClientError, Boto3Error) as error:
            raise Unavailable(self._holds) from error

    def presigned_link(self, key: str, *, disposition: str, cache_control: str) -> str:
        """
        A URL from which whoever has it may download the object for `DOWNLOAD_S`, whether it is there or not.

        Args:
            key: of the object.
            disposition: the answer's `Content-Disposition`.
            cache_control: the answer's `Cache-Control`.

        Raises:
            Unavailable: it could not be signed.
        """
        with self.errors():
            return self.client.generate_presigned_url(
                "get_object",
                Params={
                    "Bucket": self.name,
                    "Key": key,
                    "ResponseContentDisposition": disposition,
                    "ResponseCacheControl": cache_control,
                },
                ExpiresIn=DOWNLOAD_S,
            )
