"""SNS, as its adapters use it for mobile push."""

from collections.abc import Mapping
from typing import Final

from botocore.config import Config
from botocore.exceptions import ClientError

from natter.domain.accounts.users import PushProvider

PLATFORMS: Final[Mapping[PushProvider, str]] = {"apns": "APNS", "apns_sandbox": "APNS_SANDBOX", "fcm": "GCM"}
"""What SNS calls the platforms; it has none for Web Push."""

AT_ONCE = 16
"""Pushes under way: one takes some 20 ms, nearly all of it waiting."""

PUBLISH = Config(
    connect_timeout=1,
    read_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 1},  # the SDK would also repeat what may have been handed over
    max_pool_connections=AT_ONCE,
)
"""Of the client that pushes."""

ENDPOINTS = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2})
"""Of the client that makes endpoints, for which somebody waits: at most six seconds a call."""


def code_of(error: ClientError) -> str:
    """As the API reference calls the error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def message_of(error: ClientError) -> str:
    """What SNS says of it. It may quote what it was sent: for our eyes only, and for no log."""
    return str(error.response.get("Error", {}).get("Message", ""))
