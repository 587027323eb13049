"""Subscriptions of an app's queues and functions to its topics, in LocalStack."""

import json
from collections.abc import Callable
from typing import Any

from local.assembly import Resolver, Unresolvable

ATTRIBUTES = ("DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy")


def provision_subscriptions(sns: Any, resolver: Resolver, endpoint: Callable[[str], str]) -> None:
    """
    Subscribing what is subscribed already changes nothing. `endpoint` of a function's ARN: an address that takes
    what the topic sends, and serves already.

    Raises:
        Unresolvable: neither a queue nor a function is subscribed.
    """
    for resource in resolver.assembly.resources("AWS::SNS::Subscription"):
        properties = resolver.properties(resource)
        protocol, subscriber = properties["Protocol"], properties.get("Endpoint", "")
        if protocol == "lambda":
            protocol, subscriber = "http", endpoint(subscriber)
        elif protocol != "sqs":
            raise Unresolvable(f"{resource}: only queues and functions are subscribed here, not {protocol}")
        sns.subscribe(
            TopicArn=properties["TopicArn"],
            Protocol=protocol,
            Endpoint=subscriber,
            Attributes={name: _text(properties[name]) for name in ATTRIBUTES if name in properties},
        )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
