"""The real S3 behind attachments and archives: LocalStack's, and what clients do to it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

import boto3
import requests
from botocore.config import Config

from natter.adapters.s3.attachments import S3Attachments
from natter.adapters.s3.client import S3_CONFIG
from natter.domain.attachments import File, UploadForm
from natter.domain.ids import new_id
from natter.names import HELD_ATTACHMENTS, PENDING_UPLOADS
from natter.ports.attachments import Attachments
from tests.files import a_file

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

REGION: Final = "eu-central-1"
TIMEOUT_S = 60
PATIENT = S3_CONFIG.merge(Config(read_timeout=TIMEOUT_S))
"""LocalStack is no S3: on a machine that is busy it may take seconds."""


def posted(form: UploadForm, body: bytes, changes: Mapping[str, str] | None = None) -> int:
    fields = {**form.fields, **(changes or {})}
    return requests.post(form.url, data=fields, files={"file": ("x", body)}, timeout=TIMEOUT_S).status_code


def client(url: str | None = None, config: Config = S3_CONFIG) -> "S3Client":
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)
    return session.client("s3", endpoint_url=url, config=config)


class S3Store:
    def __init__(self, url: str) -> None:
        self.client = client(url, PATIENT)
        self.bucket = f"attachments-{new_id()}"
        self.client.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.attachments: Attachments = S3Attachments(lambda: self.client, self.bucket)

    def upload(self, form: UploadForm, body: bytes) -> bool:
        status = posted(form, body)
        assert status in {204, 400, 403}
        return status == 204

    def download(self, link: str) -> tuple[File, bytes]:
        answer = requests.get(link, timeout=TIMEOUT_S)
        assert answer.status_code == 200
        disposition, _, name = answer.headers["Content-Disposition"].partition("; filename*=UTF-8''")
        assert disposition == "attachment"
        return a_file(answer.content, name=unquote(name), content_type=answer.headers["Content-Type"]), answer.content

    def expire_uploads(self) -> None:
        self._empty(PENDING_UPLOADS)

    def sweep(self) -> None:
        for prefix in (PENDING_UPLOADS, HELD_ATTACHMENTS):
            self._empty(prefix)

    def _empty(self, prefix: str) -> None:
        for found in self.client.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", []):
            self.client.delete_object(Bucket=self.bucket, Key=found["Key"])
