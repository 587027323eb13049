"""Everything that the second app runs."""

import json
import os
from base64 import b64decode
from functools import cache
from typing import Any

import boto3

type Event = dict[str, Any]


@cache
def queues() -> Any:
    return boto3.client("sqs")


def tell(what: str, value: object) -> None:
    message = json.dumps({"what": what, "value": value, "greeting": os.environ["GREETING"]})
    queues().send_message(QueueUrl=os.environ["SEEN"], MessageBody=message)


def greet(event: Event, _: object) -> Event:
    return {
        "PhysicalResourceId": "greeting",
        "Data": {"Text": f"hello, {event['ResourceProperties']['Name']}: {event['RequestType']}"},
    }


def echo(event: Event, _: object) -> Event:
    if event["requestContext"]["eventType"] != "MESSAGE":
        return {"statusCode": 200}
    return {"statusCode": 200, "body": json.dumps({"text": event["body"], "greeting": os.environ["GREETING"]})}


def order(event: Event, _: object) -> Event:
    """As many items as the id has characters."""
    directive = {
        "Namespace": "Shop",
        "Dimensions": [["service"]],
        "Metrics": [{"Name": "Sales", "Unit": "Count"}, {"Name": "Items", "Unit": "Count"}],
    }
    number = event["pathParameters"]["id"]
    metrics = {"_aws": {"Timestamp": 0, "CloudWatchMetrics": [directive]}, "service": "order"}
    print(json.dumps(metrics | {"Sales": 1, "Items": len(number)}))  # noqa: T201 - as Powertools does
    return {"id": number, "region": os.environ["AWS_REGION"]}


def count(event: Event, _: object) -> None:
    for lane in event["records"].values():
        for record in lane:
            tell("order", b64decode(record["value"]).decode())


def work(event: Event, _: object) -> Event:
    failures = []
    for record in event["Records"]:
        if record["body"] == "bad":
            failures.append({"itemIdentifier": record["messageId"]})
        else:
            tell("job", record["body"])
    return {"batchItemFailures": failures}


def sweep(event: Event, _: object) -> None:
    tell("sweep", event["detail-type"])


def report(event: Event, _: object) -> None:
    for record in event["Records"]:
        tell("news", record["Sns"]["Message"])
