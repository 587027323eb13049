"""
A new password for the role that functions sign in as, in the four steps in which Secrets Manager asks for one.

Between `set` and `finish`, some seconds, RDS Proxy knows the old password only and makes no new connection to the
database; those that it has go on. Functions read the secret again when they are refused.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from natter.adapters.postgres.client import Connection, Login
from natter.adapters.postgres.roles import set_password

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

CURRENT = "AWSCURRENT"
PENDING = "AWSPENDING"
PASSWORD_BYTES = 32


@dataclass(frozen=True, kw_only=True)
class LoginRotation:
    """Each step may be repeated, and is by itself: Secrets Manager calls again what has failed."""

    secrets: SecretsManagerClient
    arn: str
    open_owner: Callable[[], Connection]
    """A connection of who may change the role."""

    def create(self, version: str) -> None:
        """Draw the new password, unless that was done before."""
        try:
            self._pending(version)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            current = self.secrets.get_secret_value(SecretId=self.arn, VersionStage=CURRENT)
            secret = json.loads(current["SecretString"]) | {"password": secrets.token_urlsafe(PASSWORD_BYTES)}
            self.secrets.put_secret_value(
                SecretId=self.arn,
                ClientRequestToken=version,
                SecretString=json.dumps(secret),
                VersionStages=[PENDING],
            )

    def set(self, version: str) -> None:
        """Have the database take it."""
        pending = self._pending(version)
        with self.open_owner() as connection:
            set_password(connection, Login(pending["username"], pending["password"]))

    def test(self, version: str) -> None:
        """
        Whether the role may sign in at all. With the new password nobody can here: RDS Proxy takes it when it is the
        current one.
        """
        pending = self._pending(version)
        with self.open_owner() as connection:
            found = connection.execute(
                "SELECT FROM pg_roles WHERE rolname = %s AND rolcanlogin", (pending["username"],)
            )
        if not found.rowcount:
            raise LookupError(f"no role {pending['username']} may sign in")

    def finish(self, version: str) -> None:
        """Make it the current one."""
        stages = self.secrets.describe_secret(SecretId=self.arn)["VersionIdsToStages"]
        (current,) = (each for each, held in stages.items() if CURRENT in held)
        if current != version:
            self.secrets.update_secret_version_stage(
                SecretId=self.arn, VersionStage=CURRENT, MoveToVersionId=version, RemoveFromVersionId=current
            )

    def _pending(self, version: str) -> dict[str, str]:
        found = self.secrets.get_secret_value(SecretId=self.arn, VersionId=version, VersionStage=PENDING)
        value: dict[str, str] = json.loads(found["SecretString"])
        return value
