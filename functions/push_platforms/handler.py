"""
Keeps the platform applications of SNS, at a deployment that makes, changes or removes them: a custom resource.

Its attributes are their ARNs, `none` where the operator has set no credentials. Those are read from Secrets Manager:
neither the event nor the answer has them.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from natter.bootstrap.engines import Engines
from natter.domain.accounts.users import PushProvider
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.settings import PushCredentialSettings, PushPlatformsSettings

ATTRIBUTES: Final[Mapping[PushProvider, str]] = {"apns": "Apns", "apns_sandbox": "ApnsSandbox", "fcm": "Fcm"}
NONE: Final = "none"


class Platforms(Protocol):
    def keep(self, provider: PushProvider, secret: Mapping[str, object], text: str) -> str | None: ...

    def remove(self, provider: PushProvider) -> None: ...


def build(platforms: Platforms, read: Callable[[PushProvider], str]) -> LambdaHandler:
    """`read` gives the secret of a provider."""

    def handle(event: Any, _context: object) -> dict[str, Any]:
        if event["RequestType"] == "Delete":
            if event["ResourceProperties"]["Retain"] == "false":
                for provider in ATTRIBUTES:
                    platforms.remove(provider)
            return {}
        made = {}
        for provider, attribute in ATTRIBUTES.items():
            text = read(provider)
            made[attribute] = platforms.keep(provider, json.loads(text), text) or NONE
        return {"PhysicalResourceId": "push-platforms", "Data": made}

    return handle


def _made() -> LambdaHandler:
    engines = Engines(PushPlatformsSettings())
    credentials = engines.of(PushCredentialSettings)
    secrets: Mapping[PushProvider, str] = {
        "apns": credentials.apns_secret_arn,
        "apns_sandbox": credentials.apns_secret_arn,
        "fcm": credentials.fcm_secret_arn,
    }
    read_secret = engines.read_secret
    return build(engines.push_platforms, lambda provider: read_secret(secrets[provider]))


lambda_handler = lazily(_made)
