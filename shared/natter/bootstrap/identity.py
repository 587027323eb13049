"""Sessions, tokens and the database behind them: what every function that asks who somebody is needs."""

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from natter.adapters.postgres.client import Login, Postgres, login_from_secret
from natter.adapters.postgres.sessions import PostgresSessions
from natter.adapters.valkey.client import Valkey
from natter.adapters.valkey.session_states import ValkeySessionStates
from natter.bootstrap.common import now_ms
from natter.settings import OidcSettings, PostgresSettings, TokenSettings
from natter.usecases.accounts.authenticate import Authenticate, CheckSession

if TYPE_CHECKING:
    from natter.adapters.kms.access_tokens import KmsAccessTokens
    from natter.ports.accounts import IdentityProvider

_AWS = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2})


def postgres(settings: PostgresSettings) -> Postgres:
    return Postgres(settings, lambda: postgres_login(settings))


def postgres_login(settings: PostgresSettings) -> Login:
    return login_from_secret(boto3.client("secretsmanager", config=_AWS), settings.secret_arn)


def access_tokens(settings: TokenSettings) -> "KmsAccessTokens":
    # Only here: `connect` checks sessions, too, and starts faster without the cryptography.
    from natter.adapters.kms.access_tokens import KmsAccessTokens  # noqa: PLC0415

    return KmsAccessTokens(boto3.client("kms", config=_AWS), settings.key_arns)


def identity_provider(settings: OidcSettings) -> "IdentityProvider":
    # Only here: most stages have none, and start faster without it.
    from natter.adapters.oidc.identity_provider import OidcIdentityProvider  # noqa: PLC0415

    return OidcIdentityProvider(settings)


def check_session(database: Postgres, cache: Valkey) -> CheckSession:
    return CheckSession(states=ValkeySessionStates(cache), sessions=PostgresSessions(database), clock=now_ms)


def authenticate(database: Postgres, cache: Valkey, tokens: "KmsAccessTokens") -> Authenticate:
    return Authenticate(tokens=tokens, check_session=check_session(database, cache))
