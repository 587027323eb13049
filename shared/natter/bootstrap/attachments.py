"""The stores of attachments and of archives, as far as a function uses them."""

from typing import TYPE_CHECKING

import boto3

from natter.adapters.s3.archives import S3Archives
from natter.adapters.s3.attachments import S3Attachments
from natter.adapters.s3.client import S3_CONFIG
from natter.settings import AttachmentSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def archives(settings: AttachmentSettings) -> S3Archives:
    return S3Archives(_connect, settings.bucket)


def attachments(settings: AttachmentSettings) -> S3Attachments:
    return S3Attachments(_connect, settings.bucket)


def _connect() -> "S3Client":
    return boto3.client("s3", config=S3_CONFIG)
