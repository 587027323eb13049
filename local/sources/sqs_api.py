"""The three SQS operations that a poller needs, as cancellable calls: a long poll must not hold up the end."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp

from .sqs_events import Message

CALL_TIMEOUT_S = 5.0
MOST_MESSAGES = 10
"""Of one `ReceiveMessage` or `DeleteMessageBatch`."""
LONGEST_POLL_S = 20


class SqsError(Exception):
    """SQS does not answer, or refuses; the message says which."""


class Queue:
    """One queue of LocalStack, which takes requests unsigned as long as they say for which region they are."""

    def __init__(self, arn: str, endpoint: str) -> None:
        _, _, _, region, self._account, self.name = arn.split(":")
        self._endpoint = endpoint
        self._session = aiohttp.ClientSession(
            headers={
                "Content-Type": "application/x-amz-json-1.0",
                "Authorization": f"AWS4-HMAC-SHA256 Credential=test/20260101/{region}/sqs/aws4_request, "
                "SignedHeaders=host, Signature=0",
            }
        )
        self._url: str | None = None

    async def visibility_timeout_s(self) -> int:
        """
        Raises:
            SqsError: above all if the queue does not exist.
        """
        names = ["VisibilityTimeout"]
        answer = await self._call("GetQueueAttributes", QueueUrl=await self._find(), AttributeNames=names)
        return int(answer["Attributes"]["VisibilityTimeout"])

    async def receive(self, most: int, *, wait_s: int) -> list[Message]:
        """Up to `most` messages (at most ten), as soon as there is one; none after `wait_s`.

        Raises:
            SqsError: what was received on the way shows up again when its visibility timeout is over.
        """
        answer = await self._call(
            "ReceiveMessage",
            timeout_s=wait_s + CALL_TIMEOUT_S,
            QueueUrl=await self._find(),
            MaxNumberOfMessages=min(most, MOST_MESSAGES),
            WaitTimeSeconds=wait_s,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return list(answer.get("Messages", ()))

    async def delete(self, messages: Sequence[Message]) -> None:
        """At most ten; repeating it is harmless.

        Raises:
            SqsError: not all are deleted.
        """
        entries = [{"Id": str(n), "ReceiptHandle": message["ReceiptHandle"]} for n, message in enumerate(messages)]
        answer = await self._call("DeleteMessageBatch", QueueUrl=await self._find(), Entries=entries)
        if refused := answer.get("Failed"):
            raise SqsError(f"{self.name}: {len(refused)} messages not deleted: {refused[0].get('Code')}")

    async def close(self) -> None:
        await self._session.close()

    async def _find(self) -> str:
        if self._url is None:
            found = await self._call("GetQueueUrl", QueueName=self.name, QueueOwnerAWSAccountId=self._account)
            self._url = str(found["QueueUrl"])
        return self._url

    async def _call(self, operation: str, *, timeout_s: float = CALL_TIMEOUT_S, **request: Any) -> Mapping[str, Any]:
        try:
            async with self._session.post(
                self._endpoint,
                json=request,
                headers={"X-Amz-Target": f"AmazonSQS.{operation}"},
                timeout=aiohttp.ClientTimeout(total=timeout_s),
            ) as answer:
                body: Mapping[str, Any] = json.loads(await answer.read() or b"{}")
                if not answer.ok:
                    raise SqsError(f"{self.name}: {operation}: {body.get('__type')}: {body.get('message')}")
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise SqsError(f"{self.name}: {operation}: {error!r}") from error
        return body
