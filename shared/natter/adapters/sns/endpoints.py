"""
`PushEndpoints` of APNs and FCM: SNS has one endpoint for each token of a platform application.

Creating one that is there gives its ARN, enabled or not, if its attributes are the same; otherwise SNS refuses, and
names the ARN in its message. Either way it is enabled afterwards: SNS disables an endpoint whose token its platform has
refused, and who registers the token again says that it is good.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from natter.adapters.sns.client import code_of, message_of
from natter.domain.accounts.users import PushProvider, PushTarget
from natter.domain.errors import BadRequest, Unavailable
from natter.ports.push import PushEndpointRemoval, PushEndpoints

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

USER_DATA = "natter"
"""The same for all, so that the attributes are; nobody's name."""

_ATTEMPTS = 2
_EXISTING = re.compile(r"Endpoint (arn:\S+) already exists with the same Token")
_TOKENS: Mapping[PushProvider, re.Pattern[str]] = {
    "apns": re.compile(r"[0-9a-fA-F]{1,400}"),
    "apns_sandbox": re.compile(r"[0-9a-fA-F]{1,400}"),
}
"""What SNS takes for a token of Apple's. Google's are opaque."""


class SnsPushEndpoints:
    """
    Sharing: safe across threads.

    Args:
        connect: makes the client, when it is first needed; best with the timeouts of `ENDPOINTS`.
        applications: the platform applications (ARNs) of those providers for which the stage has credentials.
    """

    def __init__(self, connect: "Callable[[], SNSClient]", applications: Mapping[PushProvider, str]) -> None:
        self._connect = connect
        self._applications = applications

    @cached_property
    def _sns(self) -> "SNSClient":
        return self._connect()

    def make(self, target: PushTarget) -> str | None:
        application = self._applications.get(target.provider)
        if application is None:
            return None
        form = _TOKENS.get(target.provider)
        if form is not None and form.fullmatch(target.token) is None:
            raise BadRequest("token: of this provider, up to 400 hexadecimal digits")
        for _ in range(_ATTEMPTS):
            endpoint = self._made(application, target.token)
            if self._enabled(endpoint, target.token):
                return endpoint
        raise Unavailable("the push platform")

    def remove(self, endpoint: str) -> None:
        try:
            with _errors():
                self._sns.delete_endpoint(EndpointArn=endpoint)
        except _UnknownEndpoint:
            return

    def _made(self, application: str, token: str) -> str:
        try:
            with _errors():
                made = self._sns.create_platform_endpoint(
                    PlatformApplicationArn=application, Token=token, CustomUserData=USER_DATA
                )
        except _ExistingEndpoint as existing:
            return existing.arn
        except _UnknownEndpoint as error:  # it is the application that is not there
            raise Unavailable("the push platform") from error
        return str(made["EndpointArn"])

    def _enabled(self, endpoint: str, token: str) -> bool:
        """False: it was removed meanwhile."""
        try:
            with _errors():
                self._sns.set_endpoint_attributes(
                    EndpointArn=endpoint, Attributes={"Enabled": "true", "Token": token, "CustomUserData": USER_DATA}
                )
        except _UnknownEndpoint:
            return False
        return True


class _UnknownEndpoint(Exception):
    """SNS has nothing of that name."""


class _ExistingEndpoint(Exception):
    def __init__(self, arn: str) -> None:
        super().__init__(arn)
        self.arn = arn


@contextmanager
def _errors() -> Iterator[None]:
    """
    Translate what SNS answers, or that it does not.

    Raises:
        BadRequest: it takes no such token.
        Unavailable: whatever else is no answer to what was asked.
    """
    try:
        yield
    except ClientError as error:
        code, message = code_of(error), message_of(error)
        existing = _EXISTING.search(message)
        if existing is not None:
            raise _ExistingEndpoint(existing[1]) from error
        if code == "NotFound":
            raise _UnknownEndpoint from error
        if code == "InvalidParameter" and message.startswith("Invalid parameter: Token"):
            raise BadRequest("token: the provider gives no such one") from error
        raise Unavailable("the push platform") from error
    except (BotoCoreError, ResponseParserError) as error:
        raise Unavailable("the push platform") from error


_: type[PushEndpoints] = SnsPushEndpoints
_removal: type[PushEndpointRemoval] = SnsPushEndpoints
