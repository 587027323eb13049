"""
Which metrics there are: AWS's, with the dimensions that they are published by, and those that our own code counts.

Of AWS's, what alarms and dashboards of ours look at; whoever looks at another one finds it in the same place first.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = ("shared/natter", "functions")

type Dimensions = frozenset[str]


def _by(*names: str) -> Dimensions:
    return frozenset(names)


_GROUP = _by("Cluster Name", "Consumer Group", "Topic")
_BROKER = _by("Cluster Name", "Broker ID")
_SOCKETS = (_by("ApiId"), _by("ApiId", "Stage"), _by("ApiId", "Stage", "Route"))
_FUNCTION = (_by("FunctionName"), _by("FunctionName", "Resource"))

AWS: Mapping[str, Mapping[str, tuple[Dimensions, ...]]] = {
    # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    "AWS/Lambda": dict.fromkeys(("Errors", "Throttles", "Invocations", "Duration", "ConcurrentExecutions"), _FUNCTION),
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html, and for WebSockets
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-logging.html
    "AWS/ApiGateway": {
        **dict.fromkeys(("4xx", "5xx", "Count", "Latency", "DataProcessed"), (_by("ApiId"), _by("ApiId", "Stage"))),
        **dict.fromkeys(
            ("ConnectCount", "MessageCount", "ClientError", "ExecutionError", "IntegrationError"), _SOCKETS
        ),
        "IntegrationLatency": _SOCKETS,
    },
    # https://docs.aws.amazon.com/msk/latest/developerguide/metrics-details.html, level DEFAULT
    "AWS/Kafka": {
        **dict.fromkeys(("SumOffsetLag", "MaxOffsetLag", "EstimatedMaxTimeLag"), (_GROUP,)),
        **dict.fromkeys(("KafkaDataLogsDiskUsed", "UnderReplicatedPartitions", "CpuUser", "CpuSystem"), (_BROKER,)),
        **dict.fromkeys(("OfflinePartitionsCount", "ActiveControllerCount"), (_by("Cluster Name"),)),
    },
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    "AWS/SQS": dict.fromkeys(
        ("ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible", "NumberOfMessagesSent"),
        (_by("QueueName"),),
    ),
    # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html
    "AWS/RDS": dict.fromkeys(
        ("CPUUtilization", "ACUUtilization", "DatabaseConnections"),
        (_by("DBClusterIdentifier"), _by("DBInstanceIdentifier"), _by("DBClusterIdentifier", "Role")),
    ),
    # https://docs.aws.amazon.com/keyspaces/latest/devguide/metrics-dimensions.html
    "AWS/Cassandra": dict.fromkeys(("SystemErrors",), (_by("Keyspace", "TableName", "Operation"),)),
}


@dataclass(frozen=True)
class Counted:
    """What the code names as metrics. Names that are put together are known by how they begin."""

    names: frozenset[str]
    beginnings: frozenset[str]
    dimensions: frozenset[str]
    """Beside `service`, which Powertools adds."""

    def has(self, name: str) -> bool:
        return name in self.names or any(name.startswith(each) and name != each for each in self.beginnings)


@cache
def counted(folders: tuple[str, ...] = CODE, root: Path = ROOT) -> Counted:
    calls = [call for folder in folders for file in sorted((root / folder).rglob("*.py")) for call in _calls(file)]

    def given(*callees: str) -> list[ast.expr]:
        return [call.args[0] for call in calls if _callee(call) in callees]

    named = given("add_metric", "single_metric", "_add")
    return Counted(
        names=frozenset(_texts(named)),
        beginnings=frozenset({*_beginnings(named), *_texts(given("_add_by_platform"))}),
        dimensions=frozenset(_texts(given("add_dimension"))),
    )


def _calls(file: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call) and node.args:
            yield node


def _callee(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _texts(arguments: list[ast.expr]) -> Iterator[str]:
    for each in arguments:
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield each.value


def _beginnings(arguments: list[ast.expr]) -> Iterator[str]:
    for each in arguments:
        match each:
            case ast.JoinedStr(values=[ast.Constant(value=str(beginning)), *_]):
                yield beginning
