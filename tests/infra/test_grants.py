"""A function is granted what its code uses, and nothing else: the one from the templates, the other from its wiring."""

import re

import pytest

from natter import metrics, names
from tests.infra.rights import SERVICES, mappings_of
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
"""Parts of a function, and the topics that they are of no use without."""
ELSEWHERE = {"xray"}
"""Services of which another test says who is granted what: `test_traces.py`."""
APPENDING = {"kafka-cluster:WriteDataIdempotently", "kafka-cluster:WriteData"}
ACTIONS = {
    "producer": {"kafka-cluster:Connect", "kafka-cluster:DescribeTopic", *APPENDING},
    "connection_history": {
        *("kafka-cluster:Connect", "kafka-cluster:DescribeTopic", "kafka-cluster:ReadData"),
        "kafka-cluster:DescribeGroup",
    },
    "log_ends": {"kafka-cluster:Connect", "kafka-cluster:DescribeTopic"},
    "command_history": {
        *("kafka-cluster:Connect", "kafka-cluster:DescribeTopic", "kafka-cluster:ReadData"),
        *("kafka-cluster:DescribeGroup", "kafka-cluster:AlterGroup"),  # it keeps its place
    },
    "cassandra": {
        "cassandra:Select",
        *("ec2:DescribeNetworkInterfaces", "ec2:DescribeVpcEndpoints"),  # a connection to each zone
    },
}
"""Parts, and actions of theirs that no client of boto3 calls. Of those that are called: `test_aws_calls.py`."""
CONSUMING = {
    *("kafka-cluster:Connect", "kafka-cluster:DescribeTopic", "kafka-cluster:ReadData"),
    *("kafka-cluster:AlterGroup", "kafka-cluster:DescribeGroup"),
    *("kafka-cluster:DescribeClusterDynamicConfiguration", "kafka:DescribeClusterV2", "kafka:GetBootstrapBrokers"),
    "kafka:DescribeCluster",
    "kafka:ListScramSecrets",  # of no use with IAM: the CDK grants it with every event source
}
"""What an event source does in the function's name (Lambda's developer guide, "Configuring Lambda permissions for …
MSK")."""


def granted(app: Templates, function: str) -> dict[str, set[str]]:
    """Whoever may write a table may read it, too. Actions are those of the services that have no clients of boto3."""
    allowed = app.actions(function)

    def resources(action: str) -> str:
        return " ".join(allowed.get(action, ()))

    tables = r'/table/([a-z]\w+)"'
    modified = set(re.findall(tables, resources("cassandra:Modify")))
    return {
        "topics": {topic for topic in names.TOPICS if f'/{topic}"' in resources("kafka-cluster:WriteData")},
        "written": modified,
        "read": set(re.findall(tables, resources("cassandra:Select"))) - modified,
        "actions": {action for action in allowed if action.partition(":")[0] not in SERVICES | ELSEWHERE},
    }


def used(uses: Uses, *, consumes: bool) -> dict[str, set[str]]:
    actions = set().union(*(actions for part, actions in ACTIONS.items() if part in uses.parts))
    return {
        "topics": {topic for part, topic in APPENDS.items() if part in uses.parts},
        "written": set(uses.written),
        "read": set(uses.read - uses.written),
        "actions": actions | ({"cassandra:Modify"} if uses.written else set()) | (CONSUMING if consumes else set()),
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
    consumes = any("Topics" in each for each in mappings_of(prod, name))
    assert granted(prod, name) == used(uses, consumes=consumes)
