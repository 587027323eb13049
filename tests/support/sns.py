"""What LocalStack's SNS has handed over to phones."""

import json
from collections.abc import Mapping
from typing import Any

import requests

TIMEOUT_S = 10


def received(url: str, region: str, endpoint: str) -> list[Mapping[str, Any]]:
    """What was published to an endpoint: `Message`, in the form of its platform, and `MessageAttributes`."""
    answer = requests.get(
        f"{url}/_aws/sns/platform-endpoint-messages",
        params={"region": region, "endpointArn": endpoint},
        timeout=TIMEOUT_S,
    ).json()
    return list(answer["platform_endpoint_messages"].get(endpoint, []))


def decoded(value: Any) -> Any:
    """JSON within JSON, as often as it is: LocalStack encodes what it shows once more."""
    while isinstance(value, str):
        value = json.loads(value)
    return value
