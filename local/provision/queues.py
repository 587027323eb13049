"""An app's SQS queues, in LocalStack."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from local.assembly import Resolver, Resource

NO_ATTRIBUTES = frozenset({"QueueName", "FifoQueue", "Tags"})
"""Properties that are not among the attributes that a queue may be given at any time."""


def provision_queues(sqs: Any, resolver: Resolver, know: Callable[[Resource, Mapping[str, Any]], None]) -> None:
    """Makes those that are not there yet, tells `know` about each, then gives all the attributes of the template."""
    urls = {}
    for resource in resolver.assembly.resources("AWS::SQS::Queue"):
        properties = resolver.properties(resource, "QueueName", "FifoQueue")
        fifo = bool(properties.get("FifoQueue", False))
        name = properties.get("QueueName", f"{resource.stack}-{resource.logical_id}{'.fifo' if fifo else ''}")
        url = _ensure(sqs, name, fifo=fifo)
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        know(resource, {"Ref": url, "QueueUrl": url, "Arn": arn, "QueueName": name})
        urls[url] = resource
    for url, resource in urls.items():  # now that all exist: a redrive policy names another queue
        properties = resolver.properties(resource)
        attributes = {name: _text(value) for name, value in properties.items() if name not in NO_ATTRIBUTES}
        if attributes:
            sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)


def provision_queue_policies(sqs: Any, resolver: Resolver) -> None:
    """After everything that they may name."""
    for resource in resolver.assembly.resources("AWS::SQS::QueuePolicy"):
        properties = resolver.properties(resource, "Queues", "PolicyDocument")
        for url in properties["Queues"]:
            sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": _text(properties["PolicyDocument"])})


def _ensure(sqs: Any, name: str, *, fifo: bool) -> str:
    try:
        return str(sqs.get_queue_url(QueueName=name)["QueueUrl"])
    except sqs.exceptions.QueueDoesNotExist:
        return str(sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true"} if fifo else {})["QueueUrl"])


def _text(value: Any) -> str:
    """Attributes are text: documents as JSON, `true` and `false`, numbers."""
    return value if isinstance(value, str) else json.dumps(value)
