"""The real SNS behind mobile push: LocalStack's, and what of it a test looks at."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from natter.adapters.sns.client import PLATFORMS, PUBLISH
from natter.adapters.sns.push_service import Payload
from natter.domain.accounts.users import PushProvider
from natter.domain.ids import new_id
from natter.wire.push import apns, fcm
from tests.contract.s3 import REGION, TIMEOUT_S
from tests.support.sns import received
from tests.support.traces import first

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

PATIENT = PUBLISH.merge(Config(read_timeout=TIMEOUT_S))


@cache
def _session() -> boto3.Session:
    """One for all: each reads the service's description anew."""
    return boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)


def client(url: str, config: Config = PUBLISH) -> "SNSClient":
    return _session().client("sns", endpoint_url=url, config=config)


PAYLOADS: dict[PushProvider, Payload] = {"apns": apns, "apns_sandbox": apns, "fcm": fcm}


@dataclass
class Sns:
    """Platform applications of a test's own."""

    url: str
    applications: Mapping[PushProvider, str] = field(init=False)

    def __post_init__(self) -> None:
        self.client = client(self.url, PATIENT)
        name = f"natter-{new_id()}"
        self.applications = {
            provider: self.client.create_platform_application(
                Name=name, Platform=platform, Attributes={"PlatformCredential": "secret", "PlatformPrincipal": ""}
            )["PlatformApplicationArn"]
            for provider, platform in PLATFORMS.items()
        }

    def attributes(self, endpoint: str) -> Mapping[str, str]:
        return self.client.get_endpoint_attributes(EndpointArn=endpoint)["Attributes"]

    def disable(self, endpoint: str) -> None:
        """As SNS does when the platform has refused the token."""
        self.client.set_endpoint_attributes(EndpointArn=endpoint, Attributes={"Enabled": "false"})

    async def received(self, endpoint: str) -> list[Mapping[str, Any]]:
        """
        What was published to it, as soon as there is something: LocalStack answers before it hands over. `Message` for
        each platform, and `MessageAttributes`.
        """
        return await first(lambda: received(self.url, REGION, endpoint), within_s=TIMEOUT_S)
