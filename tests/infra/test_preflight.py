"""
`natter-preflight` on accounts of moto's making.

What moto does not implement (marked where it is used) is answered by botocore's Stubber, which refuses questions and
answers that AWS's own models do not know.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from infra.preflight import checks, command, quotas
from infra.preflight.account import Account, asked
from infra.preflight.assembly import Assembly
from infra.preflight.rows import Level, Row
from tests.infra.templates import Templates

REGION = "eu-central-1"
NOTHING: frozenset[str] = frozenset()
PARAMETER = "/cdk-bootstrap/hnb659fds/version"
OFFERED = "14.6"
"""A version of Aurora that moto knows."""
BROKERS = {"BrokerNodeGroupInfo": {"InstanceType": "kafka.t3.small"}}
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
RESOURCES: dict[str, dict[str, Any]] = {
    "Vpc": {"Type": "AWS::EC2::VPC"},
    "Subnet": {"Type": "AWS::EC2::Subnet", "Properties": {"AvailabilityZone": f"{REGION}a"}},
    "Database": {
        "Type": "AWS::RDS::DBCluster",
        "Properties": {"Engine": "aurora-postgresql", "EngineVersion": OFFERED},
    },
    "Writer": {"Type": "AWS::RDS::DBInstance", "Properties": {"DBInstanceClass": "db.serverless"}},
    "Cluster": {
        "Type": "AWS::MSK::Cluster",
        "Properties": {"KafkaVersion": "3.9.x", "NumberOfBrokerNodes": 3, **BROKERS},
    },
    "Function": {"Type": "AWS::Lambda::Function", "Properties": {"ReservedConcurrentExecutions": 120}},
    "Api": {"Type": "AWS::ApiGatewayV2::Stage", "Properties": {"DefaultRouteSettings": {"ThrottlingRateLimit": 9000}}},
}


class Stubbed(Account):
    """Of some services every answer is told before, in the order of the questions."""

    def __init__(self) -> None:
        super().__init__(boto3.Session(region_name=REGION))

    def stub(self, service: str, *, region: str | None = None) -> Stubber:
        stubber = Stubber(self.client(service, region=region))
        stubber.activate()
        return stubber


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubbed]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        yield Stubbed()


@pytest.fixture
def assembly(tmp_path: Path) -> Callable[..., Assembly]:
    """One stack with `RESOURCES`, or with others."""

    def make(where: str = "unknown-region", **resources: dict[str, Any]) -> Assembly:
        properties = {
            "templateFile": "natter-dev-all.template.json",
            "requiresBootstrapStackVersion": 6,
            "bootstrapStackVersionSsmParameter": PARAMETER,
        }
        artifact = {"type": "aws:cloudformation:stack", "environment": f"aws://any/{where}", "properties": properties}
        manifest = {"artifacts": {"natter-dev-all": artifact, "Tree": {"type": "cdk:tree", "properties": {}}}}
        (tmp_path / "manifest.json").write_text(json.dumps(manifest))
        (tmp_path / "natter-dev-all.template.json").write_text(json.dumps({"Resources": resources or RESOURCES}))
        return Assembly(tmp_path)

    return make


def levels(rows: Iterator[Row]) -> list[str]:
    return [row.level for row in rows]


def limits(account: Stubbed, *, total: int, free: int) -> None:
    """Not in moto."""
    answer = {"AccountLimit": {"ConcurrentExecutions": total, "UnreservedConcurrentExecutions": free}}
    account.stub("lambda").add_response("get_account_settings", answer)


def kafka_versions(account: Stubbed, **versions: str) -> None:
    """Not in moto."""
    listed = [{"Version": version, "Status": status} for version, status in versions.items()]
    account.stub("kafka").add_response("list_kafka_versions", {"KafkaVersions": listed})


def spans_kept(account: Stubbed, destination: str, status: str) -> None:
    """Not in moto."""
    answer = {"Destination": destination, "Status": status}
    account.stub("xray").add_response("get_trace_segment_destination", answer)


def stacks_there(account: Stubbed, states: Mapping[str, str]) -> None:
    """moto has them, and imports all of itself for them, which takes seconds."""
    made = datetime(2026, 11, 29, tzinfo=UTC)
    listed = [{"StackName": name, "StackStatus": state, "CreationTime": made} for name, state in states.items()]
    account.stub("cloudformation").add_response("describe_stacks", {"Stacks": listed})


class TestWhole:
    def test_a_new_account_is_told_what_is_missing(self, account: Stubbed, assembly: Callable[..., Assembly]) -> None:
        stacks_there(account, {})
        spans_kept(account, "XRay", "ACTIVE")
        limits(account, total=10, free=10)
        kafka = account.stub("kafka")
        kafka.add_response("list_kafka_versions", {"KafkaVersions": [{"Version": "3.9.x", "Status": "ACTIVE"}]})
        kafka.add_response("list_clusters_v2", {"ClusterInfoList": []})
        limit = account.stub("service-quotas")
        limit.add_response("get_service_quota", {"Quota": {"Value": 5.0}})
        limit.add_response("get_service_quota", {"Quota": {"Value": 90.0}})
        found = {row.check: row.level for row in command.rows(account, assembly())}
        assert found == {
            "credentials": "ok",
            "stacks": "ok",
            "CDK bootstrap": "fail",
            "services": "ok",
            "zones": "ok",
            "engine": "ok",
            "API Gateway's logs": "fail",
            "traces": "warn",
            "Kafka sign-ins": "warn",
            "VPCs": "ok",
            "MSK brokers": "ok",
            "Lambda concurrency": "fail",
            "API Gateway rate": "ok",
        }

    def test_without_credentials_nothing_else_is_asked(
        self, account: Stubbed, assembly: Callable[..., Assembly]
    ) -> None:
        account.stub("sts").add_client_error("get_caller_identity", "ExpiredToken", "it has expired")
        (row,) = command.rows(account, assembly())
        assert (row.level, row.check) == ("fail", "credentials")
        assert "it has expired" in row.found

    def test_a_stage_of_another_region_is_not_looked_at_here(
        self, account: Stubbed, assembly: Callable[..., Assembly]
    ) -> None:
        (row,) = command.rows(account, assembly("eu-west-1"))
        assert (row.level, row.check, row.todo) == ("fail", "Region", "export AWS_REGION=eu-west-1")
        assert [each.check for each in checks.credentials(account, assembly(REGION).regions)] == ["credentials"]

    def test_a_question_that_is_refused_is_a_warning(self) -> None:
        account = Stubbed()
        account.stub("lambda").add_client_error("get_account_settings", "AccessDeniedException", http_status_code=403)
        rows = asked("Lambda concurrency", lambda: quotas.concurrency(account, Assembly(Path()), NOTHING))
        assert [(row.level, row.found) for row in rows] == [("warn", "GetAccountSettings: AccessDeniedException")]

    @pytest.mark.parametrize(("level", "code"), [("ok", 0), ("warn", 0), ("fail", 1)])
    def test_the_command_ends_as_the_rows_say(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], level: Level, code: int
    ) -> None:
        monkeypatch.setattr(command, "rows", lambda *_: [Row(level, "zones", "two", "choose another Region")])
        assert command.main(["anywhere"]) == code
        assert capsys.readouterr().out.split() == [level, "zones", "two", "->", "choose", "another", "Region"]

    def test_the_region_is_that_of_the_other_command_lines(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("AWS_REGION", raising=False)
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        assert command.account().region == "eu-west-1"
        monkeypatch.setenv("AWS_REGION", REGION)
        assert command.account().region == REGION

    def test_something_has_to_be_synthesized(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert command.main([str(tmp_path)]) == 2
        assert "nothing is synthesized" in capsys.readouterr().err


class TestBootstrap:
    @pytest.mark.parametrize(("version", "level"), [("5", "fail"), ("6", "ok"), ("30", "ok")])
    def test_has_to_be_new_enough(
        self, account: Stubbed, assembly: Callable[..., Assembly], version: str, level: str
    ) -> None:
        account.client("ssm").put_parameter(Name=PARAMETER, Value=version, Type="String")
        assert levels(checks.bootstrap(account, assembly())) == [level]

    def test_has_to_be_done_in_each_region_that_has_a_stack(
        self, account: Stubbed, assembly: Callable[..., Assembly]
    ) -> None:
        """A firewall is in us-east-1, wherever its stage is."""
        account.client("ssm").put_parameter(Name=PARAMETER, Value="6", Type="String")
        (there, missing) = checks.bootstrap(account, assembly("us-east-1"))
        assert (there.level, missing.level) == ("ok", "fail")
        assert (missing.found, missing.todo.rpartition("/")[2]) == ("not done in us-east-1", "us-east-1")


class TestEdge:
    def before(self, assembly: Callable[..., Assembly]) -> Assembly:
        config = {"ViewerCertificate": {"AcmCertificateArn": CERTIFICATE}, "Aliases": ["api.corp.com"]}
        return assembly(Edge={"Type": "AWS::CloudFront::Distribution", "Properties": {"DistributionConfig": config}})

    @pytest.mark.parametrize(
        ("status", "names", "level"),
        [
            ("ISSUED", ["api.corp.com"], "ok"),
            ("ISSUED", ["corp.com", "*.corp.com"], "ok"),
            ("ISSUED", ["corp.com"], "fail"),
            ("PENDING_VALIDATION", ["api.corp.com"], "fail"),
        ],
    )
    def test_its_certificate_has_to_be_issued_for_its_name(
        self, account: Stubbed, assembly: Callable[..., Assembly], status: str, names: list[str], level: str
    ) -> None:
        found = {"DomainName": names[0], "SubjectAlternativeNames": names, "Status": status}
        acm = account.stub("acm", region="us-east-1")
        acm.add_response("describe_certificate", {"Certificate": found}, {"CertificateArn": CERTIFICATE})
        assert levels(checks.certificate(account, self.before(assembly))) == [level]

    def test_a_certificate_that_is_not_in_us_east_1_is_told_how_to_come_by(
        self, account: Stubbed, assembly: Callable[..., Assembly]
    ) -> None:
        acm = account.stub("acm", region="us-east-1")
        acm.add_client_error("describe_certificate", "ResourceNotFoundException")
        (row,) = checks.certificate(account, self.before(assembly))
        assert row.level == "fail"
        assert "--region us-east-1 --domain-name api.corp.com" in row.todo

    def test_without_one_nothing_is_asked(self, account: Stubbed, assembly: Callable[..., Assembly]) -> None:
        """Nor for a distribution that has CloudFront's name."""
        nameless = {"Type": "AWS::CloudFront::Distribution", "Properties": {"DistributionConfig": {"Enabled": True}}}
        assert list(checks.certificate(account, assembly())) == []
        assert list(checks.certificate(account, assembly(Front=nameless))) == []

    def test_its_region_is_none_that_a_stage_is_asked_in(self, account: Stubbed) -> None:
        assert levels(checks.credentials(account, {REGION, "us-east-1"})) == ["ok"]
        (row,) = checks.credentials(account, {"eu-west-1", "us-east-1"})
        assert (row.level, row.todo) == ("fail", "export AWS_REGION=eu-west-1")

    def test_stacks_there_are_seen(self, account: Stubbed) -> None:
        """One that is left behind there is in the way, too."""
        account.stub("cloudformation").add_response("describe_stacks", {"Stacks": []})
        made = datetime(2026, 11, 29, tzinfo=UTC)
        left = {"StackName": "natter-prod-firewall", "StackStatus": "ROLLBACK_COMPLETE", "CreationTime": made}
        account.stub("cloudformation", region="us-east-1").add_response("describe_stacks", {"Stacks": [left]})
        found = checks.states(account, {"natter-prod-firewall"}, {REGION, "us-east-1"})
        assert levels(checks.stacks(found)) == ["fail"]


class TestPushes:
    @pytest.mark.parametrize(("region", "level"), [(REGION, "ok"), ("eu-central-2", "warn"), ("il-central-1", "warn")])
    def test_reach_phones_from_some_regions_only(
        self, account: Stubbed, assembly: Callable[..., Assembly], region: str, level: str
    ) -> None:
        account._session = boto3.Session(region_name=region)
        assert levels(checks.pushes(account, assembly(Push={"Type": "Custom::PushPlatforms"}))) == [level]

    def test_who_has_none_is_told_nothing(self, account: Stubbed, assembly: Callable[..., Assembly]) -> None:
        assert list(checks.pushes(account, assembly())) == []


@pytest.mark.parametrize(("stage", "level", "rate"), [("dev", "warn", "4"), ("prod", "ok", "100")])
def test_how_many_may_sign_in_to_a_broker_is_told(
    stages: Callable[[str], Templates], stage: str, level: str, rate: str
) -> None:
    (row,) = checks.log_connections(Assembly(stages(stage).folder))
    assert row.level == level
    assert f" {rate} environments" in row.found


class TestServices:
    def test_have_to_be_offered(self, account: Stubbed, assembly: Callable[..., Assembly]) -> None:
        there = assembly(Table={"Type": "AWS::Cassandra::Table"}, Key={"Type": "AWS::KMS::Key"})
        account._session = boto3.Session(region_name="ap-southeast-3")
        (row,) = checks.services(account, there)
        assert (row.level, row.found) == ("fail", "not offered in ap-southeast-3: mcs")

    def test_of_the_app_are_all_known(self, stages: Callable[[str], Templates]) -> None:
        """A kind of resource that nobody has thought of would not be looked for."""
        kinds = {"::".join(type_.split("::")[:2]) for type_ in Assembly(stages("prod").folder).types()}
        own = {kind for kind in kinds if kind.startswith("Custom::")}
        assert kinds - own - checks.SERVICES.keys() == kinds & checks.EVERYWHERE


class TestZones:
    def test_that_are_pinned_have_to_be_there(self, account: Stubbed, assembly: Callable[..., Assembly]) -> None:
        assert levels(checks.zones(account, assembly())) == ["ok"]
        by_id = {"Type": "AWS::EC2::Subnet", "Properties": {"AvailabilityZoneId": "euc1-az2"}}
        assert levels(checks.zones(account, assembly(Subnet=by_id))) == ["ok"]
        elsewhere = {"Type": "AWS::EC2::Subnet", "Properties": {"AvailabilityZone": "eu-central-1z"}}
        (row,) = checks.zones(account, assembly(Subnet=elsewhere))
        assert row.level == "fail"
        assert "eu-central-1z" in row.found

    @pytest.mark.parametrize(("region", "level"), [(REGION, "ok"), ("us-west-1", "fail"), ("us-east-1", "warn")])
    def test_that_are_not_have_to_be_three(
        self, account: Stubbed, assembly: Callable[..., Assembly], region: str, level: str
    ) -> None:
        """Where there are more, the first three are taken, and may be others for others."""
        account._session = boto3.Session(region_name=region)
        assert levels(checks.zones(account, assembly(Vpc=RESOURCES["Vpc"]))) == [level]


class TestGatewayLogs:
    def test_need_a_role_or_a_stack_that_makes_it(self, account: Stubbed, assembly: Callable[..., Assembly]) -> None:
        assert levels(checks.gateway_logs(account, assembly())) == ["fail"]
        assert levels(checks.gateway_logs(account, assembly(Account={"Type": "AWS::ApiGateway::Account"}))) == ["ok"]
        role = {"op": "replace", "path": "/cloudwatchRoleArn", "value": "arn:aws:iam::123456789012:role/logs"}
        account.client("apigateway").update_account(patchOperations=[role])
        assert levels(checks.gateway_logs(account, assembly())) == ["ok"]


class TestTraces:
    @pytest.mark.parametrize(
        ("destination", "status", "level"),
        [("CloudWatchLogs", "ACTIVE", "ok"), ("CloudWatchLogs", "PENDING", "warn"), ("XRay", "ACTIVE", "warn")],
    )
    def test_are_taken_where_spans_are_kept_in_logs(
        self, account: Stubbed, destination: str, status: str, level: str
    ) -> None:
        spans_kept(account, destination, status)
        assert levels(checks.traces(account)) == [level]


class TestEngines:
    def test_that_are_not_made_any_more_are_told(self, account: Stubbed, assembly: Callable[..., Assembly]) -> None:
        kafka_versions(account, **{"3.9.x": "DEPRECATED", "4.1.x": "ACTIVE"})
        old = {"Engine": "aurora-postgresql", "EngineVersion": "9.6"}
        database = {"Type": "AWS::RDS::DBCluster", "Properties": old}
        resources = {"Database": database, "Writer": RESOURCES["Writer"], "Cluster": RESOURCES["Cluster"]}
        assert levels(checks.engines(account, assembly(**resources))) == ["fail", "fail"]

    def test_that_are_offered_are_fine(self, account: Stubbed, assembly: Callable[..., Assembly]) -> None:
        kafka_versions(account, **{"3.9.x": "ACTIVE"})
        assert levels(checks.engines(account, assembly())) == ["ok", "ok"]


class TestStacks:
    def test_of_others_do_not_count(self, account: Stubbed) -> None:
        stacks_there(account, {"natter-dev-all": "CREATE_COMPLETE", "theirs": "DELETE_FAILED"})
        assert checks.states(account, {"natter-dev-all", "natter-dev-more"}, ()) == {
            "natter-dev-all": "CREATE_COMPLETE"
        }

    @pytest.mark.parametrize(
        ("state", "level"),
        [
            ("CREATE_COMPLETE", "ok"),
            ("UPDATE_ROLLBACK_COMPLETE", "ok"),
            ("UPDATE_IN_PROGRESS", "fail"),
            ("ROLLBACK_COMPLETE", "fail"),
            ("DELETE_FAILED", "fail"),
            ("UPDATE_ROLLBACK_FAILED", "fail"),
        ],
    )
    def test_have_to_be_in_a_state_that_can_be_updated(self, state: str, level: str) -> None:
        (row,) = checks.stacks({"natter-dev-all": state})
        assert row.level == level
        assert bool(row.todo) == (level == "fail")


class TestQuotas:
    def test_what_is_in_use_counts(self, account: Stubbed, assembly: Callable[..., Assembly]) -> None:
        """Of five VPCs the account has one from the beginning."""
        vpcs = quotas.QUOTAS[0]
        for free in (4, 3, 2, 1):
            (row,) = quotas.quota(account, assembly(), NOTHING, vpcs)
            assert (row.level, row.found) == ("ok", f"1 needed, {5 - free} of 5 in use")
            account.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")
        (row,) = quotas.quota(account, assembly(), NOTHING, vpcs)
        assert row.level == "fail"
        assert "--quota-code L-F678F1CE --desired-value 6" in row.todo

    def test_what_a_stack_needs_that_is_there_it_has(self, account: Stubbed, assembly: Callable[..., Assembly]) -> None:
        assert levels(quotas.quota(account, assembly(), frozenset({"natter-dev-all"}), quotas.QUOTAS[0])) == []

    def test_without_one_of_its_own_an_account_has_the_default(
        self, account: Stubbed, assembly: Callable[..., Assembly]
    ) -> None:
        """moto has quotas of VPCs only."""
        (brokers,) = [each for each in quotas.QUOTAS if each.service == "kafka"]
        stub = account.stub("service-quotas")
        stub.add_client_error("get_service_quota", "NoSuchResourceException")
        names = {"ServiceCode": "kafka", "QuotaCode": brokers.code}
        stub.add_response("get_aws_default_service_quota", {"Quota": {"Value": 2.0}}, names)
        (row,) = quotas.quota(account, assembly(), NOTHING, brokers)
        assert (row.level, row.found) == ("fail", "3 needed, 0 of 2 in use")

    @pytest.mark.parametrize(
        ("total", "free", "level"), [(10, 10, "fail"), (500, 500, "warn"), (1000, 219, "fail"), (1000, 220, "ok")]
    )
    def test_the_last_hundred_executions_cannot_be_reserved(
        self, account: Stubbed, assembly: Callable[..., Assembly], total: int, free: int, level: str
    ) -> None:
        limits(account, total=total, free=free)
        assert levels(quotas.concurrency(account, assembly(), NOTHING)) == [level]

    def test_all_apis_share_the_rate_of_the_account(self, account: Stubbed, assembly: Callable[..., Assembly]) -> None:
        """moto's accounts have AWS's default, 10,000 requests a second."""
        assert levels(quotas.requests(account, assembly())) == ["ok"]
        more = {
            "Type": "AWS::ApiGatewayV2::Stage",
            "Properties": {"DefaultRouteSettings": {"ThrottlingRateLimit": 2e4}},
        }
        assert levels(quotas.requests(account, assembly(Api=more))) == ["warn"]


class TestAssembly:
    def test_of_the_app_tells_what_it_needs(self, stages: Callable[[str], Templates]) -> None:
        """What is counted stands in the templates under the names that are looked for."""
        prod = Assembly(stages("prod").folder)
        assert [each.needed(prod, NOTHING) for each in quotas.QUOTAS] == [1, 3, 3, 1]
        assert all(each.needed(prod, frozenset(prod.stacks)) == 0 for each in quotas.QUOTAS)
        assert prod.bootstrap == (6, PARAMETER)
        assert {"Engine", "EngineVersion"} <= prod.properties("AWS::RDS::DBCluster")[0].keys()
