"""What comes of pushes that are handed over to SNS."""

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import pytest
from botocore.config import Config

from natter.adapters.sns.client import AT_ONCE, PLATFORMS, PUBLISH
from natter.adapters.sns.endpoints import SnsPushEndpoints
from natter.adapters.sns.push_service import IDLE_MS, MAX_PAYLOAD, Payload, SnsPushService
from natter.domain.accounts.users import PushProvider, PushTarget
from natter.domain.ids import ConversationId, DeviceId, UserId, new_id
from natter.domain.push.registrations import Handed, Outcome, Registration, Waking
from natter.domain.push.wording import Badge, Push, collapse_id
from tests.contract.scripted_sns import Answer, Refusal, scripted_sns
from tests.contract.sns import PATIENT, PAYLOADS, Sns, client
from tests.identity import NOON, FakeClock
from tests.support.sns import decoded

HERE = ConversationId("lobby")
PUSH = Push(conversation_id=HERE, seq=7, kind="direct", title="Ann", body="Grüezi 👋", badge=3)
HOUR_MS = 3600 * 1000
BUDGET_S = 10
IMPATIENT = PUBLISH.merge(Config(read_timeout=2))
KNOWN = "arn:aws:sns:eu-central-1:000000000000:endpoint/GCM/natter/5e3e9847-3183-3f18-a7e8-671c3a57d4b3"
DELETED = Refusal(
    "InvalidParameter", message="Invalid parameter: TargetArn Reason: No endpoint found for the target arn specified"
)


def a_waking(provider: PushProvider = "fcm", endpoint: str | None = KNOWN, push: Push | Badge = PUSH) -> Waking:
    registration = Registration(
        user_id=UserId("ann"),
        device_id=DeviceId("phone"),
        target=PushTarget(provider=provider, token=new_id()),
        endpoint=endpoint,
    )
    return Waking(registration=registration, push=push, expires_at=NOON + HOUR_MS)


def a_service(
    url: str, config: Config = PUBLISH, payloads: Mapping[PushProvider, Payload] = PAYLOADS
) -> SnsPushService:
    return SnsPushService(partial(client, url, config), payloads, lambda: NOON)


def outcomes(handed: Sequence[Handed]) -> list[Outcome]:
    return [each.outcome for each in handed]


@pytest.mark.engines
class TestOnSns:
    @pytest.fixture
    def sns(self, localstack: str) -> Sns:
        return Sns(localstack)

    @pytest.fixture
    def service(self, sns: Sns) -> SnsPushService:
        return SnsPushService(lambda: sns.client, PAYLOADS, lambda: NOON)

    @pytest.fixture
    def waking(self, sns: Sns) -> Callable[..., Waking]:
        """One whose device has an endpoint."""
        endpoints = SnsPushEndpoints(lambda: sns.client, sns.applications)

        def made(provider: PushProvider = "fcm", push: Push | Badge = PUSH) -> Waking:
            waking = a_waking(provider, push=push)
            token = waking.registration.target.token.replace("-", "")
            endpoint = endpoints.make(PushTarget(provider=provider, token=token))
            return replace(waking, registration=replace(waking.registration, endpoint=endpoint))

        return made

    @pytest.mark.parametrize("provider", ["apns", "apns_sandbox", "fcm"])
    async def test_each_platform_is_given_its_own_form(
        self, sns: Sns, service: SnsPushService, waking: Callable[..., Waking], provider: PushProvider
    ) -> None:
        platform = PLATFORMS[provider]
        to = waking(provider)
        (handed,) = service.hand_over([to], budget_s=BUDGET_S)
        assert handed == Handed(outcome=Outcome.ACCEPTED)
        (received,) = await sns.received(str(to.registration.endpoint))
        body = decoded(received["Message"])  # of the forms that it was given, the one for its platform
        given = body["fcmV1Message"] if provider == "fcm" else body
        assert given == json.loads(PAYLOADS[provider](PUSH))
        attributes = {
            name.removeprefix("AWS.SNS.MOBILE."): each["StringValue"]
            for name, each in received["MessageAttributes"].items()
        }
        assert attributes.pop("FCM.TTL" if provider == "fcm" else f"{platform}.TTL") == "3600"
        assert attributes == (
            {}
            if provider == "fcm"
            else {"APNS.PUSH_TYPE": "alert", "APNS.PRIORITY": "10", "APNS.COLLAPSE_ID": collapse_id(HERE)}
        )

    async def test_a_badge_is_not_in_a_hurry_and_replaces_no_message(
        self, sns: Sns, service: SnsPushService, waking: Callable[..., Waking]
    ) -> None:
        to = waking("apns", Badge(badge=1))
        service.hand_over([to], budget_s=BUDGET_S)
        (received,) = await sns.received(str(to.registration.endpoint))
        assert received["MessageAttributes"]["AWS.SNS.MOBILE.APNS.PRIORITY"]["StringValue"] == "5"
        assert received["MessageAttributes"]["AWS.SNS.MOBILE.APNS.COLLAPSE_ID"]["StringValue"] == "badge"

    def test_each_has_its_own_outcome_in_their_order(
        self, sns: Sns, service: SnsPushService, waking: Callable[..., Waking]
    ) -> None:
        well, disabled, removed = waking(), waking(), waking()
        sns.disable(str(disabled.registration.endpoint))
        sns.client.delete_endpoint(EndpointArn=str(removed.registration.endpoint))
        unconfigured = a_waking(endpoint=None)
        handed = service.hand_over([disabled, unconfigured, well, removed], budget_s=BUDGET_S)
        assert outcomes(handed) == [Outcome.DEAD, Outcome.UNCONFIGURED, Outcome.ACCEPTED, Outcome.DEAD]


class TestOutcomes:
    @pytest.mark.parametrize(
        ("answer", "outcome"),
        [
            ("well", Outcome.ACCEPTED),
            (Refusal("EndpointDisabled"), Outcome.DEAD),
            (Refusal("NotFound", 404), Outcome.DEAD),
            (DELETED, Outcome.DEAD),
            (Refusal("PlatformApplicationDisabled"), Outcome.UNCONFIGURED),
            (Refusal("Throttled", 429), Outcome.REFUSED),
            (Refusal("Throttling"), Outcome.REFUSED),
            (Refusal("KMSThrottling"), Outcome.REFUSED),
            (Refusal("InternalError", 500), Outcome.REFUSED),
            (Refusal("SomethingNew", 503), Outcome.REFUSED),
            (Refusal("InvalidParameter", message="Invalid parameter: Message too long"), Outcome.INVALID),
            (Refusal("AuthorizationError", 403), Outcome.INVALID),
            ("hang", Outcome.UNKNOWN),
            ("close", Outcome.UNKNOWN),
            ("nonsense", Outcome.UNKNOWN),
        ],
        ids=repr,
    )
    def test_is_told_of_each_answer_and_none_is_asked_for_twice(self, answer: Answer, outcome: Outcome) -> None:
        with scripted_sns(answer) as (url, script):
            handed = a_service(url, IMPATIENT).hand_over([a_waking()], budget_s=BUDGET_S)
            assert outcomes(handed) == [outcome]
            assert script.actions == ["Publish"]

    def test_nobody_there_is_a_refusal(self) -> None:
        handed = a_service("http://127.0.0.1:1").hand_over([a_waking()], budget_s=BUDGET_S)
        assert outcomes(handed) == [Outcome.REFUSED]

    def test_what_has_no_endpoint_is_not_sent(self) -> None:
        with scripted_sns("well") as (url, script):
            wakings = [a_waking(endpoint=None), a_waking("webpush")]
            handed = a_service(url).hand_over(wakings, budget_s=BUDGET_S)
            assert outcomes(handed) == [Outcome.UNCONFIGURED] * 2
            assert script.actions == []

    @pytest.mark.parametrize("provider", ["apns", "apns_sandbox", "fcm"])
    def test_a_payload_of_more_bytes_than_the_platform_takes_is_not_sent(self, provider: PushProvider) -> None:
        """SNS refuses it, which LocalStack does not."""
        sizes = iter((MAX_PAYLOAD, MAX_PAYLOAD + 2))

        def sized(_what: Push | Badge) -> bytes:
            return f'"{"é" * (next(sizes) // 2 - 1)}"'.encode()

        with scripted_sns("well") as (url, script):
            handed = a_service(url, payloads={provider: sized}).hand_over([a_waking(provider)] * 2, budget_s=BUDGET_S)
            assert outcomes(handed) == [Outcome.ACCEPTED, Outcome.INVALID]
            assert len(script.asked) == 1

    def test_what_has_expired_is_good_for_no_time(self) -> None:
        """A negative time would be refused."""
        with scripted_sns("well") as (url, script):
            late = replace(a_waking(), expires_at=NOON - 5000)
            a_service(url).hand_over([late], budget_s=BUDGET_S)
            assert script.asked[0]["MessageAttributes.entry.1.Value.StringValue"] == "0"


class TestBudget:
    def test_many_are_under_way_at_once_but_no_more_than_connections(self) -> None:
        with scripted_sns("hang") as (url, script), ThreadPoolExecutor(1) as thread:
            wakings = [a_waking() for _ in range(2 * AT_ONCE)]
            handing = thread.submit(a_service(url, PATIENT).hand_over, wakings, budget_s=60)
            while script.under_way < AT_ONCE:
                assert not handing.done()
            script.ending.set()
            assert outcomes(handing.result(timeout=30)) == [Outcome.UNKNOWN] * 2 * AT_ONCE
            assert script.most_under_way == AT_ONCE

    def test_what_has_no_answer_in_time_is_unknown_and_what_was_not_begun_is_never_sent(self) -> None:
        """Nor later: it is handed over again by who has given it."""
        with scripted_sns("hang") as (url, script):
            service = a_service(url, IMPATIENT)
            service.warm()
            first = outcomes(service.hand_over([a_waking() for _ in range(3 * AT_ONCE)], budget_s=1.5))
            assert set(first) == {Outcome.UNKNOWN, Outcome.REFUSED}
            script.answers = ["well"]
            again = service.hand_over([a_waking()], budget_s=BUDGET_S)
            assert outcomes(again) == [Outcome.ACCEPTED]
            assert len(script.asked) <= first.count(Outcome.UNKNOWN) + 1

    def test_without_a_budget_nothing_is_begun(self) -> None:
        with scripted_sns("well") as (url, script):
            handed = a_service(url).hand_over([a_waking()], budget_s=0)
            assert outcomes(handed) in ([Outcome.REFUSED], [Outcome.UNKNOWN])
            assert script.actions == []

    def test_of_none_there_are_none(self) -> None:
        with scripted_sns("well") as (url, _):
            assert list(a_service(url).hand_over([], budget_s=BUDGET_S)) == []


class TestIdleConnections:
    def test_are_not_used_again(self) -> None:
        """They may be dead without a sign, after the environment was frozen."""
        clock = FakeClock()
        with scripted_sns("well") as (url, script):
            service = SnsPushService(partial(client, url), PAYLOADS, clock)
            for pause_ms, connections in ((0, 1), (IDLE_MS, 1), (IDLE_MS + 1, 2)):
                clock.now += pause_ms
                assert outcomes(service.hand_over([a_waking()], budget_s=BUDGET_S)) == [Outcome.ACCEPTED]
                assert script.connections == connections
