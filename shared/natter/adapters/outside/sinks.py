"""
`Sink` where a stage has one.

Nobody reads what is pushed to it: that it comes is all. So the key of its subscriptions is everybody's, and no library
is needed that makes one.
"""

import base64
import json
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from natter.adapters.outside.http import Http, left_s
from natter.ports.visiting import Failure, Sink, Subscribed

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

BASE_POINT = bytes.fromhex(
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)
"""Of P-256 (SP 800-186, 3.2.1.3): the public key to the private key 1."""
LONGEST_WAIT_S = 10
SQS = Config(connect_timeout=2, read_timeout=LONGEST_WAIT_S + 2, retries={"mode": "standard", "total_max_attempts": 2})
"""Of the client that waits for messages."""


def _subscription(endpoint: str) -> str:
    keys = {"p256dh": _text(BASE_POINT), "auth": _text(os.urandom(16))}
    return json.dumps({"endpoint": endpoint, "keys": keys})


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Expected:
    """What `wait` waits for, with its deadline."""

    def __init__(self, endpoint: str, wait: Callable[[float], None]) -> None:
        self.token = _subscription(endpoint)
        self._wait = wait

    def arrive(self, *, deadline: float) -> None:
        self._wait(deadline)


class QueueSink:
    """An address that puts the path of each request into a queue (`infra/blocks/push_sink.py`)."""

    def __init__(
        self,
        connect: "Callable[[], SQSClient]",
        *,
        url: str,
        queue_url: str,
        new_id: Callable[[], str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connect, self._url, self._queue_url = connect, url.rstrip("/"), queue_url
        self._new_id, self._clock = new_id, clock
        self._client: SQSClient | None = None

    def subscribe(self, web_key: str, *, deadline: float) -> Subscribed:
        """It takes a push that anybody has signed, so the key is of no interest; its path nobody can guess."""
        del web_key, deadline
        name = self._new_id()
        return Expected(f"{self._url}/{name}", lambda deadline: self._arrive(name, deadline))

    def _arrive(self, name: str, deadline: float) -> None:
        """What else is in the queue was for earlier visits, or comes from somebody who plays with the address."""
        self._client = self._client or self._connect()
        while True:
            left = left_s(deadline, self._clock, "the push")
            try:
                found = self._client.receive_message(
                    QueueUrl=self._queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=min(LONGEST_WAIT_S, int(left))
                ).get("Messages", [])
                for message in found:
                    self._client.delete_message(QueueUrl=self._queue_url, ReceiptHandle=message["ReceiptHandle"])
            except (BotoCoreError, ClientError) as error:
                raise Failure(f"the sink's queue: {type(error).__name__}") from error
            if any(message["Body"] == name for message in found):
                return


class PushServiceSink:
    """A push service of browsers that lets anybody subscribe, and look what came (`local/push_service/server.py`)."""

    def __init__(self, http: Http, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._http, self._clock = http, clock

    def subscribe(self, web_key: str, *, deadline: float) -> Subscribed:
        answer = self._http.expect(
            "POST", "/subscriptions", {"key": web_key}, what="the push service", deadline=deadline
        )
        try:
            endpoint, messages = str(answer["endpoint"]), str(answer["messages"])
        except (LookupError, TypeError) as error:
            raise Failure("the push service: not what was asked for") from error
        path = messages[messages.index("/subscriptions") :]
        return Expected(endpoint, lambda deadline: self._arrive(path, deadline))

    def _arrive(self, path: str, deadline: float) -> None:
        while True:
            wait_s = min(LONGEST_WAIT_S, left_s(deadline, self._clock, "the push"))
            asked = f"{path}?after=0&wait={wait_s:.1f}"
            if self._http.expect("GET", asked, what="the push service", deadline=deadline + 1):
                return


_: type[Sink] = QueueSink
_push_service: type[Sink] = PushServiceSink
