"""The store of attachments, as far as a function uses it."""

import boto3

from natter.adapters.attachments_s3 import S3_CONFIG, S3Attachments
from natter.settings import AttachmentSettings


def attachments(settings: AttachmentSettings) -> S3Attachments:
    return S3Attachments(lambda: boto3.client("s3", config=S3_CONFIG), settings.bucket)
