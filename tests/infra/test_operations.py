import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from natter.domain.accounts.users import PushProvider
from tests.infra.templates import Templates

ROOT = Path(__file__).resolve().parents[2]
PLATFORMS = get_args(PushProvider)
ACCEPTED = {
    "AwsSolutions-APIG4": "routes behind $connect run in the authorizer's name; HTTP functions authenticate "
    "themselves, because an authorizer cannot answer 401 with a problem document; the sink takes what anybody posts",
    "AwsSolutions-CFR1": "people are not told by the country that they are in",
    "AwsSolutions-CFR3": "what passes is in the API's own log, what does not in the firewall's: neither has more of "
    "who asked than it needs",
    "AwsSolutions-IAM4": "AWS's own execution policies: logs, network interfaces, and what a Kafka mapping describes",
    "AwsSolutions-IAM5": "the driver reads all of Keyspaces' system tables; connection ids are not known beforehand; "
    "spans are no resource",
    "AwsSolutions-L1": "python3.13 is the version that the layers are built and tested for",
    "AwsSolutions-RDS6": "functions log in with the secret through the proxy, which is the only client of the database",
    "AwsSolutions-S1": "attachments are reached only by what `chat_api` has signed, whose access log says for whom",
    "AwsSolutions-SQS3": "what arrives at the sink and is not fetched within a minute is of no use to anybody",
    "AwsSolutions-SMG4": "nothing is rotated on a schedule: the login can be read and used only by the proxy and the "
    "functions, web push keys are held on to by browsers, and another secret of the edge takes a deployment",
}
WATCHED = {
    "AWS/Lambda": {"Errors", "Throttles", "ClaimedAccountConcurrency"},
    "AWS/Kafka": {"MaxOffsetLag", "SumOffsetLag", "UnderReplicatedPartitions", "OfflinePartitionsCount"}
    | {"ActiveControllerCount", "CpuUser", "IAMTooManyConnections", "KafkaDataLogsDiskUsed"},
    "AWS/SQS": {"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"},
    "AWS/RDS": {"CPUUtilization", "DatabaseConnectionsBorrowLatency", "DatabaseConnections"},
    "AWS/Cassandra": {"SystemErrors", "UserErrors", "ReadThrottleEvents", "PerConnectionRequestRateExceeded"},
    "AWS/ApiGateway": {"5xx", "IntegrationLatency"},
    "AWS/ElastiCache": {"BytesUsedForCache", "ElastiCacheProcessingUnits", "ThrottledCmds"},
    "AWS/NATGateway": {"ErrorPortAllocation"},
    "AWS/Events": {"FailedInvocations"},
    "AWS/S3": {"5xxErrors"},
}


def watched(app: Templates) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for alarm in app.properties("AWS::CloudWatch::Alarm"):
        metrics = [item["MetricStat"]["Metric"] for item in alarm.get("Metrics", []) if "MetricStat" in item]
        for metric in metrics or [alarm]:
            found.setdefault(metric["Namespace"], set()).add(metric["MetricName"])
    return found


def metrics_of_alarms(app: Templates) -> Iterator[tuple[str, dict[str, Any]]]:
    """With the names of the alarms, without the stage."""
    for alarm in app.properties("AWS::CloudWatch::Alarm"):
        name = alarm["AlarmName"].removeprefix(f"natter-{app.stage}-")
        metrics = [item["MetricStat"]["Metric"] for item in alarm.get("Metrics", []) if "MetricStat" in item]
        yield from ((name, metric) for metric in metrics or [alarm])


COUNTS = """
from collections import Counter
from natter.domain.push.registrations import Outcome
from natter.telemetry import recorder
from natter.telemetry.measured import record_woken
from natter.usecases.push.wake_devices import Woken
record_woken(Woken(handed=Counter((platform, each) for platform in {platforms} for each in Outcome), ages=[1]))
recorder.flush()
"""


def counted(variables: dict[str, str]) -> set[tuple[str, frozenset[tuple[str, str]]]]:
    """The metrics that `wake` logs when everything happens that may happen to pushes, with their dimensions."""
    environment = {name: value for name, value in variables.items() if name.startswith("POWERTOOLS_")}
    ran = subprocess.run(
        [sys.executable, "-c", COUNTS.format(platforms=PLATFORMS)],
        env={**environment, "PYTHONPATH": str(ROOT / "shared")},
        capture_output=True,
        check=True,
        text=True,
    )
    found = set()
    for line in map(json.loads, ran.stdout.splitlines()):
        for directive in line["_aws"]["CloudWatchMetrics"]:
            assert directive["Namespace"] == environment["POWERTOOLS_METRICS_NAMESPACE"]
            (dimensions,) = directive["Dimensions"]
            found |= {
                (metric["Name"], frozenset((name, line[name]) for name in dimensions))
                for metric in directive["Metrics"]
            }
    return found


class TestAlarms:
    def test_watch_what_users_would_notice(self, app: Templates) -> None:
        found = watched(app)
        missed = {name: metrics - found.get(name, set()) for name, metrics in WATCHED.items()}
        assert not any(missed.values()), missed

    def test_watch_the_capacity_of_a_database_that_grows(self, app: Templates) -> None:
        """Of one that does not, there is no such figure."""
        grows = any(each["DBInstanceClass"] == "db.serverless" for each in app.properties("AWS::RDS::DBInstance"))
        assert ("ACUUtilization" in watched(app)["AWS/RDS"]) == grows

    def test_every_function_has_two(self, app: Templates) -> None:
        names = {alarm["AlarmName"] for alarm in app.properties("AWS::CloudWatch::Alarm")}
        for function in app.functions():
            assert f"natter-{app.stage}-{function}-errors" in names
            assert f"natter-{app.stage}-{function}-throttles" in names

    @pytest.mark.parametrize(
        ("name", "topic"),
        [
            ("persist", "chat.commands.1"),
            ("fanout", "chat.fanout.1"),
            ("receipts", "chat.receipts.1"),
            ("presence", "chat.connections.1"),
        ],
    )
    def test_lag_is_that_of_the_group_that_the_function_reads_with(self, app: Templates, name: str, topic: str) -> None:
        """An alarm on a group of another name would never fire."""
        source = app.one("AWS::Lambda::EventSourceMapping", Topics=[topic])
        group = source["AmazonManagedKafkaEventSourceConfig"]["ConsumerGroupId"]
        alarm = app.one("AWS::CloudWatch::Alarm", AlarmName=f"natter-{app.stage}-{name}-lag")
        (behind,) = [item["MetricStat"]["Metric"] for item in alarm["Metrics"] if item["Id"] == "behind"]
        dimensions = {item["Name"]: item["Value"] for item in behind["Dimensions"]}
        cluster = app.one("AWS::MSK::Cluster")["ClusterName"]
        assert dimensions == {"Consumer Group": group, "Topic": topic, "Cluster Name": cluster}

    @pytest.mark.parametrize("name", ["persist", "fanout", "receipts", "presence"])
    def test_a_single_record_that_is_set_aside_wakes_somebody(self, app: Templates, name: str) -> None:
        alarm = app.one("AWS::CloudWatch::Alarm", AlarmName=f"natter-{app.stage}-{name}-set-aside")
        assert (alarm["MetricName"], alarm["Threshold"], alarm["EvaluationPeriods"]) == ("RecordsSetAside", 0, 1)
        function = app.one("AWS::Lambda::Function", FunctionName=f"natter-{app.stage}-{name}")
        (dimension,) = alarm["Dimensions"]
        assert function["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] == dimension["Value"]

    def test_pushes_are_watched_by_what_is_counted_of_them(self, app: Templates) -> None:
        """Alarms on metrics of other names, or other dimensions, would never fire."""
        alarms = [
            (name, metric)
            for name, metric in metrics_of_alarms(app)
            if name.startswith(("pushes-", "push-age")) and metric["Namespace"] == f"Natter/{app.stage}"
        ]
        watched = {
            (metric["MetricName"], frozenset((each["Name"], each["Value"]) for each in metric["Dimensions"]))
            for _, metric in alarms
        }
        assert len({name for name, _ in alarms}) == len(PLATFORMS) + 2
        assert watched <= counted(app.functions()["wake"]["Environment"]["Variables"])


class TestRules:
    def test_every_finding_in_prod_has_a_reason(self, prod: Templates) -> None:
        """cdk-nag's AWS Solutions rules and CloudFormation's own schemas. Dev can be deleted, which they dislike."""
        findings = prod.findings()
        unexplained = {rule: paths for rule, paths in findings.items() if rule.partition("[")[0] not in ACCEPTED}
        assert unexplained == {}

    def test_every_reason_is_still_needed(self, prod: Templates) -> None:
        assert {rule.partition("[")[0] for rule in prod.findings()} == set(ACCEPTED)


class TestNetwork:
    def test_three_zones_and_nothing_stateful_in_public(self, app: Templates) -> None:
        subnets = app.properties("AWS::EC2::Subnet")
        zones = {str(subnet.get("AvailabilityZoneId") or subnet["AvailabilityZone"]) for subnet in subnets}
        assert len(zones) == 3
        assert len(app.properties("AWS::EC2::Subnet")) == 6

    def test_nothing_is_open_to_the_world(self, app: Templates) -> None:
        rules = app.properties("AWS::EC2::SecurityGroupIngress")
        rules += [
            rule
            for group in app.properties("AWS::EC2::SecurityGroup")
            for rule in group.get("SecurityGroupIngress", [])
        ]
        assert [rule for rule in rules if rule.get("CidrIp") == "0.0.0.0/0"] == []
