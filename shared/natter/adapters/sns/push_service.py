"""
`PushService` of APNs and FCM, by SNS mobile push.

What the SDK would repeat is repeated here by nobody: an answer that is lost may be that of a push that was taken. What
is too large for the platform is not sent: SNS would refuse it, and what stands in for SNS locally would not.
"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import cached_property
from time import monotonic
from typing import TYPE_CHECKING

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
)
from botocore.parsers import ResponseParserError

from natter.adapters.sns.client import AT_ONCE, PLATFORMS, code_of, message_of
from natter.domain.accounts.users import PushProvider
from natter.domain.clock import NowMs
from natter.domain.push.registrations import Handed, Outcome, Waking
from natter.domain.push.wording import Badge, Push, collapse_id
from natter.ports.push import PushService

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

_logger = logging.getLogger(__name__)

MAX_PAYLOAD = 4096
"""Bytes, of APNs and of FCM."""

DEFAULT = "Message"
"""What SNS wants to be given for other platforms; an endpoint has one platform, and nobody sees this."""

BADGE_COLLAPSE_ID = "badge"
IDLE_MS = 20_000
"""A connection that was idle for longer may be dead without a sign, and what is sent on it would count as UNKNOWN."""

_NOT_SENT = (ConnectTimeoutError, EndpointConnectionError, NoCredentialsError, CredentialRetrievalError)
_OUTCOMES = {
    "EndpointDisabled": Outcome.DEAD,
    "NotFound": Outcome.DEAD,
    "PlatformApplicationDisabled": Outcome.UNCONFIGURED,  # its credentials are good no more
    **dict.fromkeys(("InternalError", "InternalFailure", "ServiceUnavailable"), Outcome.REFUSED),
    **dict.fromkeys(("KMSThrottling", "RequestLimitExceeded"), Outcome.REFUSED),
    **dict.fromkeys(("Throttled", "Throttling", "ThrottlingException"), Outcome.REFUSED),
}
_HTTP_TOO_MANY, _HTTP_OURS = 429, 500


type Payload = Callable[[Push | Badge], bytes]
"""Writes what a platform is given, as JSON: what APNs takes, or FCM v1, `{"message": …}` without its target."""


@dataclass(frozen=True, slots=True)
class _Request:
    endpoint: str
    message: str
    attributes: "Mapping[str, MessageAttributeValueTypeDef]"


class SnsPushService:
    """
    Sharing: one `hand_over` at a time.

    Args:
        connect: makes the client, when it is first needed; with the timeouts of `PUBLISH`, and no second attempt.
        payloads: what each platform is given.
        now_ms: how long a push is good is told in seconds from now.
    """

    def __init__(
        self, connect: "Callable[[], SNSClient]", payloads: Mapping[PushProvider, Payload], now_ms: NowMs
    ) -> None:
        self._connect = connect
        self._payloads = payloads
        self._now_ms = now_ms
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="push")
        self._used_at = 0

    @cached_property
    def _sns(self) -> "SNSClient":
        return self._connect()

    def warm(self) -> None:
        self._sns  # noqa: B018 - making it takes longer than using it

    def hand_over(self, wakings: Sequence[Waking], *, budget_s: float) -> Sequence[Handed]:
        if budget_s <= 0:
            return [Handed(outcome=Outcome.REFUSED)] * len(wakings)
        deadline = monotonic() + budget_s
        if self._now_ms() - self._used_at > IDLE_MS:
            self._sns.close()  # its idle connections; it goes on with new ones
        prepared = [self._prepared(waking) for waking in wakings]
        begun = [
            each if isinstance(each, Outcome) else self._threads.submit(self._publish, each, deadline)
            for each in prepared
        ]
        wait([each for each in begun if isinstance(each, Future)], timeout=max(0.0, deadline - monotonic()))
        self._used_at = self._now_ms()
        return [Handed(outcome=each if isinstance(each, Outcome) else _outcome_so_far(each)) for each in begun]

    def _prepared(self, waking: Waking) -> _Request | Outcome:
        endpoint, provider = waking.registration.endpoint, waking.registration.target.provider
        platform = PLATFORMS.get(provider)
        if endpoint is None or platform is None:
            return Outcome.UNCONFIGURED
        payload = self._payloads[provider](waking.push)
        if len(payload) > MAX_PAYLOAD:
            _logger.error("a payload for %s has %d bytes", platform, len(payload))
            return Outcome.INVALID
        text = payload.decode()
        form = f'{{"fcmV1Message":{text}}}' if provider == "fcm" else text
        message = json.dumps({"default": DEFAULT, platform: form}, ensure_ascii=False)
        return _Request(endpoint, message, _attributes(waking, self._now_ms()))

    def _publish(self, request: _Request, deadline: float) -> Outcome:
        if monotonic() >= deadline:
            return Outcome.REFUSED
        try:
            self._sns.publish(
                TargetArn=request.endpoint,
                Message=request.message,
                MessageStructure="json",
                MessageAttributes=request.attributes,
            )
        except ClientError as error:
            return _refusal(error)
        except ParamValidationError:
            return Outcome.INVALID
        except _NOT_SENT:
            return Outcome.REFUSED
        except (BotoCoreError, ResponseParserError):  # an answer that did not come, or made no sense
            return Outcome.UNKNOWN
        return Outcome.ACCEPTED


def _outcome_so_far(publishing: Future[Outcome]) -> Outcome:
    if publishing.cancel():
        return Outcome.REFUSED
    return publishing.result() if publishing.done() else Outcome.UNKNOWN


def _refusal(error: ClientError) -> Outcome:
    code = code_of(error)
    if code == "InvalidParameter" and "No endpoint found" in message_of(error):  # one that was deleted
        return Outcome.DEAD
    if code in _OUTCOMES:
        return _OUTCOMES[code]
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if status == _HTTP_TOO_MANY or status >= _HTTP_OURS:
        return Outcome.REFUSED
    _logger.error("SNS refuses a push: %s", code)
    return Outcome.INVALID


def _attributes(waking: Waking, now: int) -> "Mapping[str, MessageAttributeValueTypeDef]":
    """
    The reserved message attributes. FCM's priority and collapse key stand in its message.

    A badge is seen, though silent, so its push type is that of alerts; it may wait until the device is awake anyway.
    """
    ttl = str(max(0, -(-(waking.expires_at - now) // 1000)))
    provider = waking.registration.target.provider
    if provider == "fcm":
        return _strings({"FCM.TTL": ttl})
    silent = isinstance(waking.push, Badge)
    return _strings(
        {
            f"{PLATFORMS[provider]}.TTL": ttl,
            "APNS.PUSH_TYPE": "alert",
            "APNS.PRIORITY": "5" if silent else "10",
            "APNS.COLLAPSE_ID": BADGE_COLLAPSE_ID
            if isinstance(waking.push, Badge)
            else collapse_id(waking.push.conversation_id),
        }
    )


def _strings(values: Mapping[str, str]) -> "Mapping[str, MessageAttributeValueTypeDef]":
    return {f"AWS.SNS.MOBILE.{name}": {"DataType": "String", "StringValue": value} for name, value in values.items()}


_: type[PushService] = SnsPushService
