"""What LocalStack's SNS has handed over to phones, each of it as their platforms take it."""

import json
from collections.abc import Mapping
from typing import Any

import requests

from natter.adapters.sns.client import PLATFORMS
from natter.domain.accounts.users import PushProvider
from tests.support.payloads import check_attributes, checked

TIMEOUT_S = 10

_PROVIDERS = {platform: provider for provider, platform in PLATFORMS.items()}


def received(url: str, region: str, endpoint: str) -> list[Mapping[str, Any]]:
    """
    What was published to an endpoint: `Message`, in the form of its platform, and `MessageAttributes`.

    Raises:
        ValidationError: it is not as the platform takes it, which LocalStack does not mind.
    """
    answer = requests.get(
        f"{url}/_aws/sns/platform-endpoint-messages",
        params={"region": region, "endpointArn": endpoint},
        timeout=TIMEOUT_S,
    ).json()
    messages = list(answer["platform_endpoint_messages"].get(endpoint, []))
    provider = _PROVIDERS[endpoint.split("/")[1]]
    for each in messages:
        _check(provider, each)
    return messages


def _check(provider: PushProvider, message: Mapping[str, Any]) -> None:
    body = decoded(message["Message"])
    checked(provider, body["fcmV1Message"] if provider == "fcm" else body)
    attributes = message["MessageAttributes"]
    check_attributes(provider, {name: each["StringValue"] for name, each in attributes.items()})


def decoded(value: Any) -> Any:
    """JSON within JSON, as often as it is: LocalStack encodes what it shows once more."""
    while isinstance(value, str):
        value = json.loads(value)
    return value
