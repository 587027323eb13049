"""A standard queue of SQS, as its senders use it."""

from collections.abc import Callable, Collection, Sequence
from itertools import batched
from typing import TYPE_CHECKING

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from natter.domain.errors import Unavailable
from natter.records.base import TRACE_HEADER

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageAttributeValueTypeDef, SendMessageBatchRequestEntryTypeDef

BATCH = 10
"""Messages of one call."""

SQS = Config(connect_timeout=1, read_timeout=1, retries={"mode": "standard", "total_max_attempts": 2})
"""Of the client: two attempts of at most two seconds, with the SDK's own backoff in between."""


class SqsQueue:
    """
    Made once for each execution environment; the client with the first message, unless it is warmed.

    Args:
        connect: makes a client, best with the timeouts of `SQS`.
        name: what `Unavailable` says is missing.
        carry: of what a message is about, to which traces it belongs.
    """

    def __init__(
        self,
        connect: "Callable[[], SQSClient]",
        url: str,
        *,
        name: str,
        carry: Callable[..., str | None] = lambda *_: None,
    ) -> None:
        self._connect = connect
        self._client: SQSClient | None = None
        self._url = url
        self._name = name
        self._carry = carry

    def warm(self) -> None:
        self._client = self._client or self._connect()

    def send(
        self,
        bodies: Sequence[str],
        *,
        delay_s: int | Sequence[int] = 0,
        about: Sequence[Collection[str]] | None = None,
    ) -> None:
        """
        Send all, each to be seen after `delay_s` or after its own delay. Ten of them must fit into a call: 256 KB.
        `about` says which conversations each is about, where that is known.

        Raises:
            Unavailable: some may be missing.
        """
        delays_s = [delay_s] * len(bodies) if isinstance(delay_s, int) else delay_s
        traces = [self._traced(about[number] if about else ()) for number in range(len(bodies))]
        for together in batched(zip(bodies, delays_s, traces, strict=True), BATCH, strict=False):
            self._send(
                [
                    {"Id": str(number), "MessageBody": body, "DelaySeconds": delay_s, "MessageAttributes": trace}
                    for number, (body, delay_s, trace) in enumerate(together)
                ]
            )

    def _traced(self, about: Collection[str]) -> "dict[str, MessageAttributeValueTypeDef]":
        trace = self._carry(*about)
        return {} if trace is None else {TRACE_HEADER: {"DataType": "String", "StringValue": trace}}

    def _send(self, entries: "list[SendMessageBatchRequestEntryTypeDef]") -> None:
        self.warm()
        assert self._client is not None
        try:
            answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
        except (BotoCoreError, ClientError) as error:
            raise Unavailable(self._name) from error
        if answer.get("Failed"):
            raise Unavailable(self._name)
