"""Destinations of asynchronous invocations: queues and topics of LocalStack, functions."""

import asyncio
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.aws import client
from local.runtime.asynchronous import DestinationError, PayloadTooLargeError
from local.runtime.functions import Lambda, UnknownFunctionError
from local.runtime.records import Attributes


class Senders:
    """`Destinations` by the service in their ARN."""

    def __init__(self, functions: Lambda, url: str, region: str) -> None:
        self._functions = functions
        self._url = url
        self._region = region

    async def send(self, arn: str, body: bytes, attributes: Attributes) -> None:
        """
        Raises:
            DestinationError: it was not taken.
        """
        service = arn.split(":")[2]
        try:
            if service == "lambda":
                self._functions.invoke_async(arn, body)
            elif service == "sqs":
                await asyncio.to_thread(self._to_queue, arn, body, attributes)
            else:
                await asyncio.to_thread(self._to_topic, arn, body, attributes)
        except (BotoCoreError, ClientError, UnknownFunctionError, PayloadTooLargeError) as error:
            raise DestinationError(f"{arn} took no record: {error}") from error

    def _to_queue(self, arn: str, body: bytes, attributes: Attributes) -> None:
        sqs = client("sqs", self._url, self._region)
        _, _, _, _, account, name = arn.split(":")
        url = sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody=body.decode(), MessageAttributes=_typed(attributes))

    def _to_topic(self, arn: str, body: bytes, attributes: Attributes) -> None:
        sns = client("sns", self._url, self._region)
        sns.publish(TopicArn=arn, Message=body.decode(), MessageAttributes=_typed(attributes))


def _typed(attributes: Attributes) -> dict[str, Any]:
    return {name: {"DataType": kind, "StringValue": value} for name, (kind, value) in attributes.items()}
