"""What SNS makes of a token, and of one that it knows already."""

from functools import partial

import pytest
from botocore.config import Config

from natter.adapters.sns.client import ENDPOINTS
from natter.adapters.sns.endpoints import USER_DATA, SnsPushEndpoints
from natter.domain.accounts.users import PushProvider, PushTarget
from natter.domain.errors import BadRequest, Unavailable
from natter.domain.ids import new_id
from tests.contract.scripted_sns import Answer, Refusal, scripted_sns
from tests.contract.sns import Sns, client

APNS_TOKEN = "0123456789abcdefABCDEF" * 3
KNOWN = "arn:aws:sns:eu-central-1:000000000000:endpoint/GCM/natter/5e3e9847-3183-3f18-a7e8-671c3a57d4b3"
DIFFERENT = Refusal(
    "InvalidParameter",
    message=f"Invalid parameter: Token Reason: Endpoint {KNOWN} already exists with the same Token, "
    "but different attributes.",
)
LONG_S = 6
ATTEMPTS = 2


def fcm(token: str | None = None) -> PushTarget:
    return PushTarget(provider="fcm", token=token or new_id())


@pytest.mark.engines
class TestOnSns:
    @pytest.fixture
    def sns(self, localstack: str) -> Sns:
        return Sns(localstack)

    @pytest.fixture
    def endpoints(self, sns: Sns) -> SnsPushEndpoints:
        return SnsPushEndpoints(lambda: sns.client, sns.applications)

    @pytest.mark.parametrize("provider", ["apns", "apns_sandbox", "fcm"])
    def test_is_made_enabled_and_says_nothing_of_anybody(
        self, sns: Sns, endpoints: SnsPushEndpoints, provider: PushProvider
    ) -> None:
        endpoint = endpoints.make(PushTarget(provider=provider, token=APNS_TOKEN))
        assert endpoint is not None
        assert endpoint.startswith(sns.applications[provider].replace(":app/", ":endpoint/"))
        assert sns.attributes(endpoint) == {"Enabled": "true", "Token": APNS_TOKEN, "CustomUserData": USER_DATA}

    def test_is_made_once(self, endpoints: SnsPushEndpoints) -> None:
        assert endpoints.make(one := fcm()) == endpoints.make(one) != endpoints.make(fcm())

    def test_one_that_was_disabled_is_enabled(self, sns: Sns, endpoints: SnsPushEndpoints) -> None:
        endpoint = endpoints.make(one := fcm())
        assert endpoint is not None
        sns.disable(endpoint)
        assert endpoints.make(one) == endpoint
        assert sns.attributes(endpoint)["Enabled"] == "true"

    def test_one_that_is_known_with_other_attributes_is_taken_over(self, sns: Sns, endpoints: SnsPushEndpoints) -> None:
        target = fcm()
        endpoint = sns.client.create_platform_endpoint(
            PlatformApplicationArn=sns.applications["fcm"], Token=target.token, CustomUserData="somebody's name"
        )["EndpointArn"]
        assert endpoints.make(target) == endpoint
        assert sns.attributes(endpoint)["CustomUserData"] == USER_DATA

    def test_one_that_was_removed_is_made_again(self, sns: Sns, endpoints: SnsPushEndpoints) -> None:
        endpoint = endpoints.make(one := fcm())
        assert endpoint is not None
        for _ in range(2):
            endpoints.remove(endpoint)
        again = endpoints.make(one)
        assert again is not None
        assert sns.attributes(again)["Enabled"] == "true"

    def test_a_platform_without_credentials_has_none(self, sns: Sns) -> None:
        endpoints = SnsPushEndpoints(lambda: sns.client, {"fcm": sns.applications["fcm"]})
        assert endpoints.make(PushTarget(provider="apns", token=APNS_TOKEN)) is None
        assert endpoints.make(PushTarget(provider="webpush", token="{}")) is None


class TestRefusals:
    @pytest.mark.parametrize("token", ["", "xyz", "0" * 401, f"{APNS_TOKEN}\n", " "], ids=repr)
    @pytest.mark.parametrize("provider", ["apns", "apns_sandbox"])
    def test_what_is_no_token_of_apples_is_not_asked_about(self, provider: PushProvider, token: str) -> None:
        with scripted_sns("well") as (url, script), pytest.raises(BadRequest, match=r"^token: "):
            endpoints(url).make(PushTarget(provider=provider, token=token))
        assert script.actions == []

    def test_what_sns_takes_for_no_token_names_the_field(self) -> None:
        refusal = Refusal("InvalidParameter", message="Invalid parameter: Token Reason: must not be like secret-token")
        with scripted_sns(refusal) as (url, _), pytest.raises(BadRequest, match=r"^token: ") as raised:
            endpoints(url).make(fcm("secret-token"))
        assert "secret-token" not in raised.value.detail

    @pytest.mark.parametrize(
        "answer",
        [
            Refusal("Throttled", 429),
            Refusal("InternalError", 500),
            Refusal("AuthorizationError", 403),
            Refusal("NotFound", 404),
            Refusal("InvalidParameter", message="Invalid parameter: PlatformApplicationArn"),
            "close",
            "nonsense",
        ],
        ids=repr,
    )
    def test_whatever_else_may_pass(self, answer: Answer) -> None:
        with scripted_sns(answer) as (url, _):
            with pytest.raises(Unavailable):
                endpoints(url).make(fcm())
            if answer != Refusal("NotFound", 404):
                with pytest.raises(Unavailable):
                    endpoints(url).remove(KNOWN)

    def test_who_waits_is_told_in_time(self) -> None:
        impatient = ENDPOINTS.merge(Config(read_timeout=1))
        with scripted_sns("hang") as (url, script):
            with pytest.raises(Unavailable):
                endpoints(url, impatient).make(fcm())
            assert len(script.asked) == ATTEMPTS
        longest = vars(ENDPOINTS)
        assert (longest["connect_timeout"] + longest["read_timeout"]) * ATTEMPTS <= LONG_S

    def test_nobody_there(self) -> None:
        with pytest.raises(Unavailable):
            endpoints("http://127.0.0.1:1").make(fcm())

    def test_one_that_goes_meanwhile_is_made_once_more(self) -> None:
        with scripted_sns(DIFFERENT, Refusal("NotFound", 404), "well") as (url, script):
            assert endpoints(url).make(fcm()) == "arn:made"
        assert script.actions == ["CreatePlatformEndpoint", "SetEndpointAttributes"] * 2

    def test_one_that_goes_again_and_again_is_given_up(self) -> None:
        answers: list[Answer] = [DIFFERENT, Refusal("NotFound", 404)] * 2
        with scripted_sns(*answers) as (url, script), pytest.raises(Unavailable):
            endpoints(url).make(fcm())
        assert len(script.asked) == 4

    def test_what_is_not_there_need_not_be_removed(self) -> None:
        with scripted_sns(Refusal("NotFound", 404)) as (url, script):
            endpoints(url).remove(KNOWN)
        assert [each["EndpointArn"] for each in script.asked] == [KNOWN]


ONCE = ENDPOINTS.merge(Config(retries={"total_max_attempts": 1}))
"""Without the SDK's pause before it asks again."""


def endpoints(url: str, config: Config = ONCE) -> SnsPushEndpoints:
    applications: dict[PushProvider, str] = {"apns": "apns", "apns_sandbox": "sandbox", "fcm": "fcm"}
    return SnsPushEndpoints(partial(client, url, config), applications)
