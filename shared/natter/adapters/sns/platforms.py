"""
The platform applications of a stage, which hold what the platforms know it by.

CloudFormation has none. Their ARNs follow from their names, so that keeping one again needs nothing to be remembered.
"""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from natter.adapters.sns.client import PLATFORMS, code_of
from natter.domain.accounts.users import PushProvider

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

APPLE = ("key_id", "team_id", "bundle_id", "key")
"""What a secret says of a token signing key of Apple's; `key` is the text of its file (.p8)."""

GOOGLE = ("project_id", "client_email", "private_key")
"""What is needed of a service account's key file; the secret is that file."""


class IncompleteCredentialsError(ValueError):
    """Something of them is missing; it is named, and nothing else of the secret."""


class SnsPlatforms:
    """
    Args:
        connect: makes the client.
        prefix: what the ARNs begin with: `arn:…:app`.
        name: of the applications; each platform has one of this name.
    """

    def __init__(self, connect: "Callable[[], SNSClient]", prefix: str, *, name: str) -> None:
        self._connect = connect
        self._prefix = prefix
        self._name = name

    @cached_property
    def _sns(self) -> "SNSClient":
        return self._connect()

    def keep(self, provider: PushProvider, secret: Mapping[str, object], text: str) -> str | None:
        """
        The application's ARN, with these credentials from now on. None: the secret has not been set.

        Args:
            provider: whose credentials they are.
            secret: the fields of `text`.
            text: what is in the secret.

        Raises:
            IncompleteCredentialsError: some of the fields are there, and some are not.
            ClientError: SNS refuses; of bad credentials it says so.
        """
        attributes = _of_google(secret, text) if provider == "fcm" else _of_apple(secret)
        if attributes is None:
            return None
        arn = self._arn(provider)
        try:
            self._sns.set_platform_application_attributes(PlatformApplicationArn=arn, Attributes=attributes)
        except ClientError as error:
            if code_of(error) != "NotFound":
                raise
            self._sns.create_platform_application(
                Name=self._name,
                Platform=PLATFORMS[provider],
                Attributes={"PlatformPrincipal": "", **attributes},  # Google's have none: SNS wants it named, and empty
            )
        return arn

    def remove(self, provider: PushProvider) -> None:
        """With all its endpoints; not being there is fine."""
        self._sns.delete_platform_application(PlatformApplicationArn=self._arn(provider))

    def _arn(self, provider: PushProvider) -> str:
        return f"{self._prefix}/{PLATFORMS[provider]}/{self._name}"


def _of_apple(secret: Mapping[str, object]) -> dict[str, str] | None:
    if not _are_set(secret, APPLE):
        return None
    return {
        "PlatformPrincipal": str(secret["key_id"]),
        "PlatformCredential": str(secret["key"]),
        "ApplePlatformTeamID": str(secret["team_id"]),
        "ApplePlatformBundleID": str(secret["bundle_id"]),
    }


def _of_google(secret: Mapping[str, object], text: str) -> dict[str, str] | None:
    return {"PlatformCredential": text} if _are_set(secret, GOOGLE) else None


def _are_set(secret: Mapping[str, object], fields: tuple[str, ...]) -> bool:
    missing = [field for field in fields if not secret.get(field)]
    if missing and len(missing) < len(fields):
        raise IncompleteCredentialsError(f"missing in the secret: {', '.join(missing)}")
    return not missing
