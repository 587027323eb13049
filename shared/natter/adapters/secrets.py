"""Secrets of our keys, from Secrets Manager."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from natter.domain.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


def secrets_reader(client: "Callable[[], SecretsManagerClient]", arns: Sequence[str]) -> Callable[[], Sequence[str]]:
    """What reads the secrets anew at each call; it raises Unavailable where that fails."""

    def read() -> Sequence[str]:
        try:
            return [client().get_secret_value(SecretId=arn)["SecretString"] for arn in arns]
        except (BotoCoreError, ClientError) as error:
            raise Unavailable("secrets") from error

    return read
