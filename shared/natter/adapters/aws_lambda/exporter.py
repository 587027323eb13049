"""`Exporter` by an asynchronous invocation of the function `export`."""

import json
from collections.abc import Callable
from typing import Any, Protocol

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from natter.domain.errors import Unavailable
from natter.domain.ids import UserId
from natter.ports.privacy import Exporter

LAMBDA = Config(connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 2})


class Invoker(Protocol):
    """The part of Lambda's client that is used here."""

    def invoke(self, *, FunctionName: str, InvocationType: Any, Payload: bytes) -> Any: ...  # noqa: N803 - AWS's spelling


class LambdaExporter:
    """
    Args:
        connect: makes the client, when it is first needed; best with the timeouts of `LAMBDA`.
    """

    def __init__(self, connect: Callable[[], Invoker], function: str) -> None:
        self._connect = connect
        self._function = function

    def start(self, user: UserId, export_id: str) -> None:
        payload = json.dumps({"user_id": user, "export_id": export_id}).encode()
        try:
            self._connect().invoke(FunctionName=self._function, InvocationType="Event", Payload=payload)
        except (BotoCoreError, ClientError) as error:
            raise Unavailable("exports") from error


_: type[Exporter] = LambdaExporter
