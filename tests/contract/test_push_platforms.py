"""How the platform applications of a stage come, change and go."""

import json
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from natter.adapters.sns.client import PLATFORMS
from natter.adapters.sns.platforms import APPLE, GOOGLE, IncompleteCredentialsError, SnsPlatforms
from natter.domain.accounts.users import PushProvider
from natter.domain.ids import new_id
from tests.contract.s3 import REGION
from tests.contract.scripted_sns import Refusal, scripted_sns
from tests.contract.sns import PATIENT, client

PREFIX = f"arn:aws:sns:{REGION}:000000000000:app"
FIELDS: dict[PushProvider, tuple[str, ...]] = {"apns": APPLE, "apns_sandbox": APPLE, "fcm": GOOGLE}
NOT_SET = {"not_set": "x"}


def a_secret(provider: PushProvider, **changes: str) -> dict[str, Any]:
    return {field: f"the {field}" for field in FIELDS[provider]} | changes


def kept(platforms: SnsPlatforms, provider: PushProvider, secret: dict[str, Any]) -> str | None:
    return platforms.keep(provider, secret, json.dumps(secret))


@pytest.mark.engines
class TestOnSns:
    @pytest.mark.parametrize("provider", ["apns", "apns_sandbox", "fcm"])
    def test_one_is_made_changed_and_removed(self, localstack: str, provider: PushProvider) -> None:
        """And while it is changed, those who are registered there stay so."""
        sns, name = client(localstack, PATIENT), f"natter-{new_id()}"
        platforms = SnsPlatforms(lambda: sns, PREFIX, name=name)
        arn = kept(platforms, provider, a_secret(provider))
        assert arn == f"{PREFIX}/{PLATFORMS[provider]}/{name}"
        endpoint = sns.create_platform_endpoint(PlatformApplicationArn=arn, Token="token")["EndpointArn"]
        assert kept(platforms, provider, a_secret(provider, key="another", private_key="another")) == arn
        found = sns.list_endpoints_by_platform_application(PlatformApplicationArn=arn)["Endpoints"]
        assert [each["EndpointArn"] for each in found] == [endpoint]
        for _ in range(2):
            platforms.remove(provider)
        with pytest.raises(sns.exceptions.NotFoundException):
            sns.get_platform_application_attributes(PlatformApplicationArn=arn)


class TestCredentials:
    @pytest.mark.parametrize("provider", ["apns", "apns_sandbox", "fcm"])
    def test_those_that_are_not_set_make_nothing(self, provider: PushProvider) -> None:
        with scripted_sns("well") as (url, script):
            assert kept(on(url), provider, NOT_SET) is None
            assert script.actions == []

    @pytest.mark.parametrize("provider", ["apns", "apns_sandbox", "fcm"])
    def test_what_is_missing_is_named_and_nothing_else_is_told(self, provider: PushProvider) -> None:
        missing = FIELDS[provider][1]
        with scripted_sns("well") as (url, script):
            with pytest.raises(IncompleteCredentialsError) as raised:
                kept(on(url), provider, a_secret(provider, **{missing: ""}))
            assert str(raised.value) == f"missing in the secret: {missing}"
            assert script.actions == []

    def test_apples_are_a_signing_key_and_whose_it_is(self) -> None:
        assert told("apns") == {
            "PlatformPrincipal": "the key_id",
            "PlatformCredential": "the key",
            "ApplePlatformTeamID": "the team_id",
            "ApplePlatformBundleID": "the bundle_id",
        }

    def test_googles_are_the_file_as_it_is(self) -> None:
        assert told("fcm") == {"PlatformCredential": json.dumps(a_secret("fcm"))}

    def test_bad_ones_fail_the_deployment(self) -> None:
        refusal = Refusal("InvalidParameter", message="Invalid parameter: Attributes Reason: Platform credentials")
        with scripted_sns(refusal) as (url, _), pytest.raises(ClientError, match="Platform credentials"):
            kept(on(url), "fcm", a_secret("fcm"))


def on(url: str) -> SnsPlatforms:
    return SnsPlatforms(partial(client, url), PREFIX, name="natter-unit")


def told(provider: PushProvider) -> dict[str, str]:
    """What SNS is told of an application that is there."""
    with scripted_sns("well") as (url, script):
        kept(on(url), provider, a_secret(provider))
    (asked,) = script.asked
    entries = range(1, len(asked))
    return {
        asked[f"Attributes.entry.{n}.key"]: asked[f"Attributes.entry.{n}.value"]
        for n in entries
        if f"Attributes.entry.{n}.key" in asked
    }
