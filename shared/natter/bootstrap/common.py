"""What every function is put together from: the clock, AWS credentials, the cache. Connects to nothing yet."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import boto3
from botocore.credentials import Credentials
from botocore.exceptions import NoCredentialsError

from natter.adapters.valkey.client import IamLogin, Valkey
from natter.settings import ValkeySettings

if TYPE_CHECKING:
    from redis.credentials import CredentialProvider


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def aws_credentials(session: boto3.Session) -> Callable[[], Credentials]:
    """What signs requests that no client of boto3 makes; renewed where they expire."""

    def current() -> Credentials:
        credentials = session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        return credentials

    return current


def valkey(settings: ValkeySettings) -> Valkey:
    def login() -> "CredentialProvider | None":
        if settings.auth == "none":
            return None
        session = boto3.Session()
        return IamLogin(
            credentials=aws_credentials(session),
            region=session.region_name,
            user=settings.user,
            cache=settings.cache,
        )

    return Valkey(settings, login)
