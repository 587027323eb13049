import json
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from botocore.exceptions import ConnectTimeoutError

from natter.adapters.postgres.client import Login, login_from_secret, login_made_at, postgres_errors
from natter.domain.errors import Unavailable


class Secrets:
    def __init__(self, text: str | None) -> None:
        self.text = text

    def get_secret_value(self, *, SecretId: str) -> Any:  # noqa: N803
        if self.text is None:
            raise ConnectTimeoutError(endpoint_url="https://secrets")
        return {"ARN": SecretId, "SecretString": self.text, "CreatedDate": datetime.fromtimestamp(1_800_000_000, UTC)}


def test_login_is_read_as_rds_keeps_it() -> None:
    secret = {"engine": "postgres", "host": "db", "username": "natter", "password": "top secret"}
    assert login_from_secret(Secrets(json.dumps(secret)), "arn") == Login("natter", "top secret")


def test_no_answer_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="secrets did not answer in time"):
        login_from_secret(Secrets(None), "arn")


def test_the_password_is_as_old_as_the_version_of_its_secret() -> None:
    assert login_made_at(Secrets("{}"), "arn") == 1_800_000_000_000
    with pytest.raises(Unavailable, match="secrets did not answer in time"):
        login_made_at(Secrets(None), "arn")


def test_repr_keeps_the_password() -> None:
    assert repr(Login("natter", "top secret")) == "Login(natter)"


def every_error() -> list[type[psycopg.Error]]:
    """Of those that have a SQLSTATE."""
    found = [each for each in vars(psycopg.errors).values() if isinstance(each, type)]
    return [each for each in found if issubclass(each, psycopg.Error) and each.sqlstate is not None]


PASSING_CLASSES = {"08", "28", "40", "53", "57", "58", "72", "XX"}
OTHERS_PASSING = {"25006", "25P03", "25P04", "55006", "55P03"}
ABSENT = {"3D000", "3F000", "42501", "42703", "42P01"}
"""Until it is restored, or migrated."""


class TestErrors:
    @pytest.mark.parametrize("kind", every_error(), ids=lambda kind: f"{kind.sqlstate} {kind.__name__}")
    def test_what_may_pass_is_unavailable(self, kind: type[psycopg.Error]) -> None:
        assert kind.sqlstate is not None
        passing = kind.sqlstate[:2] in PASSING_CLASSES or kind.sqlstate in OTHERS_PASSING | ABSENT
        with pytest.raises(Unavailable if passing else kind), postgres_errors():
            raise kind("what went wrong")

    @pytest.mark.parametrize(
        "kind", [psycopg.OperationalError, psycopg.InterfaceError, psycopg.errors.ConnectionTimeout]
    )
    def test_a_connection_that_is_lost_or_not_to_be_had_is_an_outage(self, kind: type[psycopg.Error]) -> None:
        with pytest.raises(Unavailable), postgres_errors():
            raise kind("consuming input failed: server closed the connection unexpectedly")

    @pytest.mark.parametrize("kind", [psycopg.ProgrammingError, psycopg.DataError, psycopg.NotSupportedError])
    def test_a_mistake_in_the_use_of_the_library_is_none(self, kind: type[psycopg.Error]) -> None:
        with pytest.raises(kind), postgres_errors():
            raise kind("the query has 1 placeholder but 0 parameters were passed")
