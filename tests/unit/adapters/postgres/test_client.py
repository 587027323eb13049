import json
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError

from natter.adapters.postgres.client import Login, login_from_secret
from natter.domain.errors import Unavailable


class Secrets:
    def __init__(self, text: str | None) -> None:
        self.text = text

    def get_secret_value(self, *, SecretId: str) -> Any:  # noqa: N803
        if self.text is None:
            raise ConnectTimeoutError(endpoint_url="https://secrets")
        return {"ARN": SecretId, "SecretString": self.text}


def test_login_is_read_as_rds_keeps_it() -> None:
    secret = {"engine": "postgres", "host": "db", "username": "natter", "password": "top secret"}
    assert login_from_secret(Secrets(json.dumps(secret)), "arn") == Login("natter", "top secret")


def test_no_answer_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="secrets did not answer in time"):
        login_from_secret(Secrets(None), "arn")


def test_repr_keeps_the_password() -> None:
    assert repr(Login("natter", "top secret")) == "Login(natter)"
