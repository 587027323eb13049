"""The account and Region that are asked. Everything is read, nothing is changed."""

from collections.abc import Callable, Iterable
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.preflight.rows import Row

DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"}
TIMEOUTS = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "max_attempts": 3})


class Account:
    """One client for each service, made when it is first asked for."""

    def __init__(self, session: boto3.Session) -> None:
        self._session: Any = session  # its stubs want to know the service's name
        self._clients: dict[tuple[str, str | None], Any] = {}

    @property
    def region(self) -> str | None:
        region: str | None = self._session.region_name
        return region

    def client(self, service: str, *, region: str | None = None) -> Any:
        """In the Region that is asked, or in another one."""
        where = (service, None if region == self.region else region)
        if where not in self._clients:
            self._clients[where] = self._session.client(service, config=TIMEOUTS, region_name=where[1])
        return self._clients[where]

    def pages(
        self, service: str, operation: str, key: str, *, region: str | None = None, **arguments: Any
    ) -> list[Any]:
        """What stands under `key` on all pages of an operation."""
        pages = self.client(service, region=region).get_paginator(operation).paginate(**arguments)
        return [item for page in pages for item in page.get(key, [])]


def asked(check: str, question: Callable[[], Iterable[Row]]) -> list[Row]:
    """Its rows; if AWS refuses the question or does not answer, a row that says so: then nobody knows."""
    try:
        return list(question())
    except ClientError as error:
        code, operation = error.response["Error"]["Code"], error.operation_name
        todo = "let somebody ask who may" if code in DENIED else "look into it: nothing is known about this"
        return [Row("warn", check, f"{operation}: {code}", todo)]
    except BotoCoreError as error:
        return [Row("warn", check, f"no answer: {error}", "is the service offered in this Region, and reachable?")]
