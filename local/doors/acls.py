"""
What roles may do with topics and groups, as access control lists of Kafka, which the broker then keeps to itself.

MSK's documentation gives the list that each of its actions is equivalent to ("Semantics of IAM authorization policy
actions and resources", MSK developer guide), and its brokers ask about each request what Apache Kafka's do. Where they
differ, the lists say less: Kafka lets who may read or write a topic describe it, MSK wants that granted beside it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from confluent_kafka.admin import (  # type: ignore[attr-defined]  # they are public, but not marked as exported
    AclBinding,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)

from local.assembly import Unresolvable

from .iam import Grants, Statement, matches

PREFIX = "kafka-cluster:"
IDEMPOTENTLY = f"{PREFIX}WriteDataIdempotently"
_CLUSTER = "kafka-cluster"
"""What Kafka calls the one cluster that there is."""
_ELSEWHERE = frozenset(":/")
"""A pattern's star that stands for these as well names no topic or group, but more of the ARN before it."""


@dataclass(frozen=True)
class Right:
    """What an action is to Kafka."""

    kind: str
    """Of the resource, as its ARN has it."""
    operation: AclOperation
    needs: str = ""
    """The action without which this one is of no use."""


_RIGHTS: Mapping[str, Right] = {
    "DescribeCluster": Right("cluster", AclOperation.DESCRIBE),
    "AlterCluster": Right("cluster", AclOperation.ALTER, "DescribeCluster"),
    "DescribeClusterDynamicConfiguration": Right("cluster", AclOperation.DESCRIBE_CONFIGS),
    "AlterClusterDynamicConfiguration": Right(
        "cluster", AclOperation.ALTER_CONFIGS, "DescribeClusterDynamicConfiguration"
    ),
    "WriteDataIdempotently": Right("cluster", AclOperation.IDEMPOTENT_WRITE),
    "CreateTopic": Right("topic", AclOperation.CREATE),
    "DescribeTopic": Right("topic", AclOperation.DESCRIBE),
    "AlterTopic": Right("topic", AclOperation.ALTER, "DescribeTopic"),
    "DeleteTopic": Right("topic", AclOperation.DELETE, "DescribeTopic"),
    "DescribeTopicDynamicConfiguration": Right("topic", AclOperation.DESCRIBE_CONFIGS),
    "AlterTopicDynamicConfiguration": Right("topic", AclOperation.ALTER_CONFIGS, "DescribeTopicDynamicConfiguration"),
    "ReadData": Right("topic", AclOperation.READ, "DescribeTopic"),
    "WriteData": Right("topic", AclOperation.WRITE, "DescribeTopic"),
    "DescribeGroup": Right("group", AclOperation.DESCRIBE),
    "AlterGroup": Right("group", AclOperation.READ, "DescribeGroup"),
    "DeleteGroup": Right("group", AclOperation.DELETE, "DescribeGroup"),
    "DescribeTransactionalId": Right("transactional-id", AclOperation.DESCRIBE),
    "AlterTransactionalId": Right("transactional-id", AclOperation.WRITE, "DescribeTransactionalId"),
}
_TYPES: Mapping[str, tuple[ResourceType, str]] = {
    "cluster": (ResourceType.BROKER, "Cluster"),
    "topic": (ResourceType.TOPIC, "Topic"),
    "group": (ResourceType.GROUP, "Group"),
    "transactional-id": (ResourceType.TRANSACTIONAL_ID, "TransactionalId"),
}
"""As the client calls them, and as the broker does in its log."""


def principal(role: str) -> str:
    """Who the role is to the broker."""
    return f"User:{role}"


def acls(grants: Grants, clusters: Iterable[str]) -> set[AclBinding]:
    """
    Of all roles, on what the cluster has that these ARNs name.

    Raises:
        Unresolvable: a policy names topics or groups by a pattern that Kafka does not have: its own end in `*`.
    """
    return {
        binding
        for cluster in clusters
        for role, statements in grants.roles()
        for statement in statements
        for binding in _of_statement(grants, role, statement, cluster)
    }


def action_of(operation: str, kind: str, name: str, cluster: str) -> tuple[str, str]:
    """Action and ARN of what the broker's log calls `operation` on the resource `name` of the type `kind`."""
    for action, right in _RIGHTS.items():
        if right.operation.name == operation and _TYPES[right.kind][1] == kind:
            return PREFIX + action, cluster if right.kind == "cluster" else _arn(cluster, right.kind) + name
    return PREFIX + operation, cluster


def _of_statement(grants: Grants, role: str, statement: Statement, cluster: str) -> Iterator[AclBinding]:
    for action, right in _RIGHTS.items():
        for pattern in statement.resources_of(PREFIX + action):
            for name in _names(pattern, right.kind, cluster):
                arn = cluster if right.kind == "cluster" else _arn(cluster, right.kind) + name
                if not statement.allows or not right.needs or grants.allow(role, PREFIX + right.needs, arn):
                    yield _binding(role, statement, right, name)


def _binding(role: str, statement: Statement, right: Right, name: str) -> AclBinding:
    stem = name.rstrip("*")
    if "*" in stem or "?" in stem:
        raise Unresolvable(f"{role}: Kafka has no names like {name}; only the end of one may be left open")
    prefixed = stem and stem != name
    return AclBinding(
        _TYPES[right.kind][0],
        stem or "*",
        ResourcePatternType.PREFIXED if prefixed else ResourcePatternType.LITERAL,
        principal(role),
        "*",
        right.operation,
        AclPermissionType.ALLOW if statement.allows else AclPermissionType.DENY,
    )


def _names(pattern: str, kind: str, cluster: str) -> set[str]:
    """What `pattern`, of ARNs, says of the names of things of that kind in the cluster."""
    if kind == "cluster":
        return {_CLUSTER} if matches(pattern, cluster) else set()
    before = _arn(cluster, kind)
    found: set[str] = set()
    for end in range(1, len(pattern) + 1):
        if matches(pattern[:end], before):
            found.add(pattern[end:])
            if pattern[end - 1] == "*":
                found.add(f"*{pattern[end:]}")
    return {name for name in found if name and not _ELSEWHERE & set(name)}


def _arn(cluster: str, kind: str) -> str:
    """What stands before the name in the ARN of something in the cluster."""
    return f"{cluster.replace(':cluster/', f':{kind}/')}/"
