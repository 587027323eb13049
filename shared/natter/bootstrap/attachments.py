"""The stores of attachments and of archives, as far as a function uses them."""

import boto3

from natter.adapters.s3.archives import S3Archives
from natter.adapters.s3.attachments import S3_CONFIG, S3Attachments
from natter.settings import AttachmentSettings


def archives(settings: AttachmentSettings) -> S3Archives:
    return S3Archives(lambda: boto3.client("s3", config=S3_CONFIG), settings.bucket)


def attachments(settings: AttachmentSettings) -> S3Attachments:
    return S3Attachments(lambda: boto3.client("s3", config=S3_CONFIG), settings.bucket)
