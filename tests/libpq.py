"""What is said to libpq, heard in its place."""

from typing import Any

import pytest

from natter.adapters.postgres import client
from natter.adapters.postgres.client import Login, connect
from natter.settings import PostgresSettings


def told(monkeypatch: pytest.MonkeyPatch, *, endpoint: str = "proxy.example:5432", **settings: Any) -> dict[str, Any]:
    """What it is told as functions connect with these settings. Nothing is executed: there is no server."""
    parameters: dict[str, Any] = {}

    class Line:
        answer_timeout_s = 0.0

        @classmethod
        def connect(cls, **given: Any) -> "Line":
            parameters.update(given)
            return cls()

    monkeypatch.setattr(client, "_Line", Line)
    stated = PostgresSettings(endpoint=endpoint, database="natter", secret_arn="arn", **settings)
    connect(stated, Login("ann", "secret"))
    return parameters
