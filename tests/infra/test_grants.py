"""A function is granted what its code uses, and nothing else: the one from the templates, the other from its wiring."""

import re

import pytest

from natter import metrics, names
from tests.infra.templates import Templates
from tests.infra.test_services import MODELS
from tests.infra.wiring import Uses, uses_of

APPENDS = {
    "commands": names.COMMANDS_TOPIC,
    "events": names.EVENTS_TOPIC,
    "fanout_log": names.FANOUT_TOPIC,
    "receipt_log": names.RECEIPTS_TOPIC,
    "connection_log": names.CONNECTIONS_TOPIC,
    "status_log": names.CONNECTIONS_TOPIC,
    "dead": names.DEAD_TOPIC,
}
SENDS = {
    "slices": "deliveries",
    "files": "files",
    "looks": "looks",
    "rebuilds": "rebuilds",
    "closures": "closures",
    "waves": "waves",
    "_crowds": "crowds",
}
"""Parts of a function, and the topics and queues that they are of no use without."""
ACTIONS = {
    "postgres_login": "secretsmanager:GetSecretValue",
    "owner_login": "secretsmanager:GetSecretValue",
    "login_rotation": "secretsmanager:PutSecretValue",
    "edge": "secretsmanager:GetSecretValue",
    "_vapid": "secretsmanager:GetSecretValue",
    "read_secret": "secretsmanager:GetSecretValue",
    "visitors_secret": "secretsmanager:GetSecretValue",
    "mobile_push": "sns:Publish",
    "push_endpoints": "sns:CreatePlatformEndpoint",
    "push_endpoint_removal": "sns:DeleteEndpoint",
    "push_platforms": "sns:CreatePlatformApplication",
    "gateway": "execute-api:ManageConnections",
    "exporter": "lambda:InvokeFunction",
    "access_tokens": "kms:GetPublicKey",
    "token_keys": "kms:GetPublicKey",
    "valkey": "elasticache:Connect",
    "producer": "kafka-cluster:Connect",
    "connection_history": "kafka-cluster:Connect",
    "command_history": "kafka-cluster:Connect",
}


def granted(app: Templates, function: str) -> dict[str, set[str]]:
    """Whoever may write a table may read it, too."""
    allowed = app.actions(function)

    def resources(action: str) -> str:
        return " ".join(allowed.get(action, ()))

    queues = {
        logical_id: each["Properties"]["QueueName"].removeprefix(f"natter-{app.stage}-")
        for logical_id, each in app.stack("services")["Resources"].items()
        if each["Type"] == "AWS::SQS::Queue"
    }
    tables = r'/table/([a-z]\w+)"'
    modified = set(re.findall(tables, resources("cassandra:Modify")))
    return {
        "topics": {topic for topic in names.TOPICS if f'/{topic}"' in resources("kafka-cluster:WriteData")},
        "queues": {name for logical_id, name in queues.items() if f'"{logical_id}"' in resources("sqs:SendMessage")},
        "written": modified,
        "read": set(re.findall(tables, resources("cassandra:Select"))) - modified,
        "actions": set(ACTIONS.values()) & allowed.keys(),
    }


def used(uses: Uses) -> dict[str, set[str]]:
    return {
        "topics": {topic for part, topic in APPENDS.items() if part in uses.parts},
        "queues": {queue for part, queue in SENDS.items() if part in uses.parts},
        "written": set(uses.written),
        "read": set(uses.read - uses.written),
        "actions": {action for part, action in ACTIONS.items() if part in uses.parts},
    }


MEASURES = {
    "gateway": (metrics.POSTS_DELIVERED, metrics.POSTS_GONE, metrics.POSTS_FAILED, metrics.POSTS_UNTRIED),
    "commands": (metrics.ACCEPTED,),
}
"""Parts of a function that count what is done with them."""


@pytest.mark.parametrize("name", MODELS)
def test_a_function_measures_what_is_declared_of_it(
    prod: Templates, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    uses = uses_of(name, prod.functions()[name]["Environment"]["Variables"], monkeypatch)
    used_of = {each.name for part, alike in MEASURES.items() for each in alike if part in uses.parts}
    assert used_of == {each.name for alike in MEASURES.values() for each in alike if name in each.by}


@pytest.mark.parametrize("name", MODELS)
def test_a_function_is_granted_what_it_uses(prod: Templates, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    uses = uses_of(name, prod.functions()[name]["Environment"]["Variables"], monkeypatch)
    assert granted(prod, name) == used(uses)
