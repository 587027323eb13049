"""What AWS would refuse of a stage's first deployment, or of a second stage beside it; and that nobody would notice."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from infra import config
from tests.infra.stages import OPERATOR, STAGES
from tests.infra.templates import Templates

OF_A_STAGE = ("network", "data", "streams", "services", "operations")
GONE = ("network", "services", "operations")
"""Stacks of which docs/deploying.md says that they are gone with all that they hold."""
INSIDE = {
    ("AWS::ApiGatewayV2::Stage", "StageName"),
    ("AWS::ApiGatewayV2::Authorizer", "Name"),
    ("AWS::Cassandra::Table", "TableName"),
    ("AWS::CloudWatch::Alarm", "MetricName"),
    ("AWS::IAM::Policy", "PolicyName"),
    ("AWS::MSK::Topic", "TopicName"),
    ("AWS::RDS::DBCluster", "DatabaseName"),
    ("AWS::RDS::DBProxyTargetGroup", "TargetGroupName"),
}
"""Names that stand for something only inside of what has a name of its own: an API, a keyspace, a cluster."""


@pytest.fixture(params=STAGES)
def stage(request: pytest.FixtureRequest, stages: Callable[[str], Templates]) -> Templates:
    return stages(request.param)


def resources(stage: Templates, *stacks: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each resource with its stack."""
    for name in stacks or OF_A_STAGE:
        for resource in stage.stack(name)["Resources"].values():
            yield name, resource


class TestSecurityGroups:
    def test_no_rule_stands_there_twice(self, stage: Templates) -> None:
        """EC2 refuses the second one, whoever has written it, and the deployment ends."""
        rules = Counter(_rules(stage))
        assert [rule for rule, count in rules.items() if count > 1] == []
        assert len(rules) > 10

    def test_the_database_is_reached_by_its_proxy_alone(self, stage: Templates) -> None:
        clusters = [each["VpcSecurityGroupIds"] for each in stage.properties("AWS::RDS::DBCluster")]
        proxies = [each["VpcSecurityGroupIds"] for each in stage.properties("AWS::RDS::DBProxy")]
        ((cluster,),), ((proxy,),) = clusters, proxies
        reaching = {json.loads(rule)["from"] for rule in _rules(stage) if _enters(rule, cluster)}
        assert reaching == {json.dumps(proxy, sort_keys=True)}


def _enters(rule: str, group: Mapping[str, Any]) -> bool:
    """Whether it lets somebody into a group (`GetAtt`) of the data stack."""
    stated = json.loads(rule)
    return bool(stated["way"] == "in" and stated["group"] in {group["Fn::GetAtt"][0], json.dumps(group)})


def _rules(stage: Templates) -> Iterator[str]:
    """All rules in one form: some stand in their group, others are resources of their own."""
    for stack in OF_A_STAGE:
        for logical_id, resource in stage.stack(stack)["Resources"].items():
            properties = resource.get("Properties", {})
            match resource["Type"]:
                case "AWS::EC2::SecurityGroup":
                    for key, way in (("SecurityGroupIngress", "in"), ("SecurityGroupEgress", "out")):
                        for rule in properties.get(key, []):
                            yield _rule(way, logical_id, rule)
                case "AWS::EC2::SecurityGroupIngress":
                    yield _rule("in", _of(properties["GroupId"]), properties)
                case "AWS::EC2::SecurityGroupEgress":
                    yield _rule("out", _of(properties["GroupId"]), properties)


def _rule(way: str, group: str, rule: Mapping[str, Any]) -> str:
    """What EC2 compares: not the description."""
    peer = next(rule[key] for key in rule if key.startswith(("Cidr", "SourceSecurity", "DestinationSecurity")))
    return json.dumps(
        {
            "way": way,
            "group": group,
            "protocol": str(rule["IpProtocol"]),
            "ports": [_port(rule.get("FromPort")), _port(rule.get("ToPort"))],
            "from": json.dumps(peer, sort_keys=True),
        }
    )


def _port(stated: Any) -> str:
    """The database's own port is told by the cluster, and is the same as if it were written out."""
    return "5432" if "Endpoint.Port" in str(stated) else str(stated)


def _of(group: Any) -> str:
    """A group's logical id, or its import as it stands."""
    match group:
        case {"Fn::GetAtt": [str(logical_id), "GroupId"]}:
            return logical_id
        case _:
            return json.dumps(group)


class TestNames:
    def test_two_stages_of_an_account_have_none_in_common(self, stages: Callable[[str], Templates]) -> None:
        """The second one to be deployed would be refused."""
        dev, prod = (set(_names(stages(name))) for name in ("dev", "prod"))
        shared = {(type_, key) for type_, key, _ in dev & prod}
        assert shared == INSIDE
        assert len(dev - prod) > 100

    def test_two_stages_of_an_account_have_no_metrics_in_common(self, stages: Callable[[str], Templates]) -> None:
        """
        Else one's faults would wake the other's people, and be hidden among the other's figures. Only the account's own
        concern both.
        """
        series = {name: set(_series(stages(name))) for name in ("dev", "prod")}
        assert series["dev"] & series["prod"] == {'["AWS/Lambda", "ClaimedAccountConcurrency", null]'}

    def test_alarms_look_where_functions_count(self, stage: Templates) -> None:
        namespaces = {
            each["Environment"]["Variables"]["POWERTOOLS_METRICS_NAMESPACE"] for each in stage.functions().values()
        }
        assert namespaces == {f"Natter/{stage.stage}"}
        watched = {alarm["Namespace"] for alarm in stage.properties("AWS::CloudWatch::Alarm") if "Namespace" in alarm}
        assert {each for each in watched if not each.startswith("AWS/")} == namespaces


def _names(stage: Templates) -> Iterator[tuple[str, str, str]]:
    """(type, property, name) of whatever is not named by CloudFormation, and of exports."""
    for stack in OF_A_STAGE:
        template = stage.stack(stack)
        for resource in template["Resources"].values():
            for key, value in resource.get("Properties", {}).items():
                if re.fullmatch(r"\w*Name|UserId|UserGroupId|\w*Identifier", key) and isinstance(value, str):
                    yield resource["Type"], key, value
        for output in template.get("Outputs", {}).values():
            if "Export" in output:
                yield "Export", "Name", output["Export"]["Name"]


def _series(stage: Templates) -> Iterator[str]:
    """Of alarms whose metrics are named by us: others have the names of what they measure among the dimensions."""
    for alarm in stage.properties("AWS::CloudWatch::Alarm"):
        metrics = [each["MetricStat"]["Metric"] for each in alarm.get("Metrics", []) if "MetricStat" in each] or [alarm]
        for metric in metrics:
            text = json.dumps([metric["Namespace"], metric["MetricName"], metric.get("Dimensions")], sort_keys=True)
            if "Fn::" not in text and '"Ref"' not in text:
                yield text


class TestRetention:
    def test_nothing_outlives_a_deployment_that_fails(self, stage: Templates) -> None:
        """What stays under its name is in the way of the next try. Snapshots are of what was there before."""
        policies = {resource.get("DeletionPolicy", "Delete") for _, resource in resources(stage)}
        assert policies <= {"Delete", "RetainExceptOnCreate", "Snapshot"}

    def test_what_is_said_to_be_gone_is_gone(self, stage: Templates) -> None:
        assert {resource.get("DeletionPolicy", "Delete") for _, resource in resources(stage, *GONE)} == {"Delete"}

    def test_prod_keeps_its_data_and_dev_nothing_but_topics(self, stages: Callable[[str], Templates]) -> None:
        kept = {
            name: {
                resource["Type"]
                for _, resource in resources(stages(name))
                if resource.get("DeletionPolicy", "Delete") != "Delete"
            }
            for name in ("dev", "prod")
        }
        assert kept["dev"] == {"AWS::MSK::Topic"}
        assert kept["prod"] >= {
            *("AWS::KMS::Key", "AWS::Cassandra::Keyspace", "AWS::Cassandra::Table", "AWS::S3::Bucket"),
            *("AWS::RDS::DBCluster", "AWS::MSK::Cluster", "AWS::MSK::Topic", "AWS::SecretsManager::Secret"),
        }


class TestAlarms:
    def test_cloudwatch_may_tell_every_topic_that_an_alarm_names(self, stage: Templates) -> None:
        """A policy that denies something allows nothing: the account's default goes with the first statement."""
        topics = {
            _target(stage, action) for alarm in _alarms(stage) for action in alarm["AlarmActions"] + alarm["OKActions"]
        }
        allowed = {_target(stage, each["Resource"]) for each in _statements(stage) if _lets_alarms(each, "sns:Publish")}
        assert topics <= allowed
        for statement in _statements(stage):
            if _lets_alarms(statement, "sns:Publish"):
                assert set(statement["Condition"]["StringEquals"]) == {"aws:SourceAccount"}
                assert f":alarm:natter-{stage.stage}-*" in json.dumps(statement["Condition"]["ArnLike"])

    def test_cloudwatch_may_use_the_key_of_that_topic(self, stage: Templates) -> None:
        keys = [each["KeyPolicy"]["Statement"] for each in stage.properties("AWS::KMS::Key") if "KeyPolicy" in each]
        letting = [each for statements in keys for each in statements if _lets_alarms(each, "kms:Decrypt")]
        assert letting
        assert all("kms:GenerateDataKey*" in each["Action"] for each in letting)

    def test_somebody_is_told(self, stage: Templates) -> None:
        topics = {_target(stage, action) for alarm in _alarms(stage) for action in alarm["AlarmActions"]}
        told = {_target(stage, each["TopicArn"]): each for each in stage.properties("AWS::SNS::Subscription")}
        assert topics <= told.keys()
        assert {(each["Protocol"], each["Endpoint"]) for each in told.values()} == {("email", OPERATOR)}


def _alarms(stage: Templates) -> list[dict[str, Any]]:
    return [each for each in stage.properties("AWS::CloudWatch::Alarm") if "AlarmActions" in each]


def _target(stage: Templates, reference: Mapping[str, Any]) -> str:
    """The logical id that is referred to, in whichever stack: of topics no two stacks give the same."""
    if (exported := reference.get("Fn::ImportValue")) is not None:
        (reference,) = [
            output["Value"]
            for file in stage.folder.glob("*.template.json")
            for output in json.loads(file.read_text()).get("Outputs", {}).values()
            if output.get("Export", {}).get("Name") == exported
        ]
    return str(reference["Ref"])


def _statements(stage: Templates) -> Iterator[dict[str, Any]]:
    for policy in stage.properties("AWS::SNS::TopicPolicy"):
        yield from policy["PolicyDocument"]["Statement"]


def _lets_alarms(statement: Mapping[str, Any], action: str) -> bool:
    principals = json.dumps(statement["Principal"])
    return statement["Effect"] == "Allow" and "cloudwatch.amazonaws.com" in principals and action in statement["Action"]


class TestAccount:
    """WebSocket stages that keep access logs need a role of the account's in the Region."""

    def test_the_role_is_there_before_any_stage_is(self, stage: Templates) -> None:
        manifest = json.loads((stage.folder / "manifest.json").read_text())["artifacts"]
        assert "natter-account" in manifest[f"natter-{stage.stage}-services"]["dependencies"]

    def test_the_role_is_no_stages_and_stays(self, stage: Templates) -> None:
        assert not [1 for _, resource in resources(stage) if resource["Type"] == "AWS::ApiGateway::Account"]
        shared = json.loads((stage.folder / "natter-account.template.json").read_text())["Resources"]
        kept = {each["Type"]: each["DeletionPolicy"] for each in shared.values() if each["Type"].startswith("AWS::")}
        assert kept == {"AWS::ApiGateway::Account": "RetainExceptOnCreate", "AWS::IAM::Role": "RetainExceptOnCreate"}

    def test_all_stages_share_one_template(self, stages: Callable[[str], Templates]) -> None:
        """Else each deployment of a stage would change what is the others', too."""
        texts = {(stages(name).folder / "natter-account.template.json").read_text() for name in STAGES}
        assert len(texts) == 1


class TestPlaceholders:
    @pytest.mark.parametrize("name", ["dev", "prod"])
    def test_a_stage_that_would_tell_nobody_of_alarms_is_refused(self, name: str) -> None:
        with pytest.raises(SystemExit, match="alarm_address"):
            config.chosen(name)

    def test_production_is_refused_with_an_origin_that_is_nobodys(self) -> None:
        with pytest.raises(SystemExit, match="placeholders: set edge, region, zone_ids in"):
            config.chosen("prod", operator=OPERATOR)

    def test_whoever_tries_it_says_where_they_are_reached_and_no_more(self) -> None:
        stage = config.chosen("dev", operator=OPERATOR)
        assert (stage.alarm_address, stage.web_push_contact) == (OPERATOR, f"mailto:{OPERATOR}")

    def test_the_local_stage_has_nobody_to_tell(self) -> None:
        assert config.chosen("local").alarm_address is None

    def test_a_stage_that_there_is_not_is_refused(self) -> None:
        with pytest.raises(SystemExit, match="unknown stage 'staging'"):
            config.chosen("staging")
