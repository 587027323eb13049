import json
from typing import Any

import pytest

from local.sources.sqs_events import event, failed


def message(identity: str, **more: Any) -> dict[str, Any]:
    return {"MessageId": identity, "ReceiptHandle": f"r-{identity}", "Body": "{}", "MD5OfBody": "99914b", **more}


MESSAGES = [message("a"), message("b"), message("c")]


def answer(*identifiers: object) -> bytes:
    return json.dumps({"batchItemFailures": [{"itemIdentifier": identifier} for identifier in identifiers]}).encode()


class TestEvent:
    def test_has_the_form_of_amazon_sqs(self) -> None:
        attributes = {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": "1545082649183",
            "SenderId": "AIDAIENQZJOLO23YVJ4VO",
            "ApproximateFirstReceiveTimestamp": "1545082649185",
        }
        sent = message(
            "m1",
            Body="Test message.",
            Attributes=attributes,
            MessageAttributes={
                "kind": {"DataType": "String", "StringValue": "letter"},
                "seal": {"DataType": "Binary", "BinaryValue": "AQI="},
            },
            MD5OfMessageAttributes="d25a6a",
        )
        assert json.loads(event([sent, message("m2")], queue_arn="arn:aws:sqs:us-east-2:123456789012:my-queue")) == {
            "Records": [
                {
                    "messageId": "m1",
                    "receiptHandle": "r-m1",
                    "body": "Test message.",
                    "attributes": attributes,
                    "messageAttributes": {
                        "kind": {
                            "stringValue": "letter",
                            "stringListValues": [],
                            "binaryListValues": [],
                            "dataType": "String",
                        },
                        "seal": {
                            "binaryValue": "AQI=",
                            "stringListValues": [],
                            "binaryListValues": [],
                            "dataType": "Binary",
                        },
                    },
                    "md5OfBody": "99914b",
                    "md5OfMessageAttributes": "d25a6a",
                    "eventSource": "aws:sqs",
                    "eventSourceARN": "arn:aws:sqs:us-east-2:123456789012:my-queue",
                    "awsRegion": "us-east-2",
                },
                {
                    "messageId": "m2",
                    "receiptHandle": "r-m2",
                    "body": "{}",
                    "attributes": {},
                    "messageAttributes": {},
                    "md5OfBody": "99914b",
                    "eventSource": "aws:sqs",
                    "eventSourceARN": "arn:aws:sqs:us-east-2:123456789012:my-queue",
                    "awsRegion": "us-east-2",
                },
            ]
        }


class TestFailed:
    @pytest.mark.parametrize("nothing", [b"", b"null", b"{}", b'{"batchItemFailures": null}', answer()])
    def test_no_failures_mean_success(self, nothing: bytes) -> None:
        assert failed(nothing, MESSAGES) == set()

    def test_named_messages_have_failed(self) -> None:
        assert failed(answer("a", "c"), MESSAGES) == {"a", "c"}

    @pytest.mark.parametrize(
        "broken",
        [
            b"{",
            b'"done"',
            b'{"batchItemFailures": [{"id": "a"}]}',
            b'{"batchItemFailures": 3}',
            answer(""),
            answer(None),
            answer({"id": "a"}),
            answer("a", "stranger"),
        ],
    )
    def test_answer_that_makes_no_sense_fails_the_batch(self, broken: bytes) -> None:
        assert failed(broken, MESSAGES) == {"a", "b", "c"}
