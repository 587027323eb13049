"""`SliceQueue` on SQS: a standard queue, whose messages may wait up to 15 minutes before they are seen."""

from collections.abc import Callable, Sequence
from itertools import batched
from typing import TYPE_CHECKING

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from natter.domain.errors import Unavailable
from natter.ports.deliveries import Slice, SliceQueue
from natter.wire.deliveries import dump_slice

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

BATCH = 10
"""Messages of one call."""

SQS = Config(connect_timeout=1, read_timeout=1, retries={"mode": "standard", "total_max_attempts": 2})
"""Of the client: two attempts of at most two seconds, with the SDK's own backoff in between."""


class SqsSliceQueue:
    """
    Made once for each execution environment; the client with the first slice, unless it is warmed.

    Args:
        connect: makes a client, best with the timeouts of `SQS`.
    """

    def __init__(self, connect: "Callable[[], SQSClient]", url: str) -> None:
        self._connect = connect
        self._client: SQSClient | None = None
        self._url = url

    def warm(self) -> None:
        self._client = self._client or self._connect()

    def add(self, slices: Sequence[Slice], *, delay_s: int = 0) -> None:
        for together in batched(slices, BATCH, strict=False):
            entries: list[SendMessageBatchRequestEntryTypeDef] = [
                {"Id": str(number), "MessageBody": dump_slice(each), "DelaySeconds": delay_s}
                for number, each in enumerate(together)
            ]
            self._send(entries)

    def _send(self, entries: "list[SendMessageBatchRequestEntryTypeDef]") -> None:
        self.warm()
        assert self._client is not None
        try:
            answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
        except (BotoCoreError, ClientError) as error:
            raise Unavailable("the queue of slices") from error
        if answer.get("Failed"):
            raise Unavailable("the queue of slices")


_: type[SliceQueue] = SqsSliceQueue
