"""Clients of the AWS services that LocalStack stands in for."""

from functools import cache
from threading import Lock
from typing import Any

import boto3
from botocore.config import Config

CREDENTIALS = "test"
"""What LocalStack takes for any key and secret."""
_MAKING = Lock()
"""Clients are for any thread, but a session makes one at a time."""


@cache
def client(service: str, url: str, region: str) -> Any:
    """A boto3 client for any thread. It blocks; every call has a timeout and is tried at most five times."""
    config = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 5})
    with _MAKING:
        return _session(region).client(service, endpoint_url=url, config=config)  # type: ignore[call-overload]


@cache
def _session(region: str) -> boto3.Session:
    """One for all clients: each session reads the services' descriptions anew, 8 MB and 50 ms a client."""
    return boto3.Session(aws_access_key_id=CREDENTIALS, aws_secret_access_key=CREDENTIALS, region_name=region)
