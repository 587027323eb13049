"""The event with which Lambda invokes a function for Amazon SQS, and what its answer means. No I/O."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

type Message = Mapping[str, Any]
"""A message as `ReceiveMessage` gives it."""


def event(messages: Sequence[Message], *, queue_arn: str) -> bytes:
    """The event for `messages`, at least one, all of one queue."""
    region = queue_arn.split(":")[3]
    records = [_record(message) | {"eventSourceARN": queue_arn, "awsRegion": region} for message in messages]
    return json.dumps({"Records": records}, separators=(",", ":")).encode()


def failed(answer: bytes, messages: Sequence[Message]) -> set[str]:
    """
    The ids of those `messages` that an answer with partial failures gives back.

    As Lambda reads it: nothing, or no list, means that all went well; an answer that is no such document, or names
    anything but one of the messages, means that all have failed.
    """
    everything = {str(message["MessageId"]) for message in messages}
    try:
        named = [
            item["itemIdentifier"] for item in (json.loads(answer or b"null") or {}).get("batchItemFailures") or ()
        ]
        return set(named) if everything.issuperset(named) else everything
    except (ValueError, TypeError, KeyError, AttributeError):
        return everything


def _record(message: Message) -> dict[str, Any]:
    fields = {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": {name: _attribute(value) for name, value in message.get("MessageAttributes", {}).items()},
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
    }
    if "MD5OfMessageAttributes" in message:
        fields["md5OfMessageAttributes"] = message["MD5OfMessageAttributes"]
    return fields


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    """`BinaryValue` is base64 in SQS's JSON as it is in Lambda's."""
    present = {
        key: value[name]
        for key, name in (("stringValue", "StringValue"), ("binaryValue", "BinaryValue"))
        if name in value
    }
    return {**present, "stringListValues": [], "binaryListValues": [], "dataType": value["DataType"]}
