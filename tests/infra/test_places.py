"""Where a stage is, and how its functions reach what is beside it."""

import json
from dataclasses import replace

import pytest

from infra import config
from tests.infra.stages import OPERATOR, STAGES
from tests.infra.templates import Templates

OF_THE_ACCOUNT = {
    "AWS::Budgets::Budget": ("Budget", "BudgetName"),
    "AWS::CloudFront::CachePolicy": ("CachePolicyConfig", "Name"),
    "AWS::CloudFront::Distribution": ("DistributionConfig", "Aliases"),
    "AWS::CloudFront::Function": ("Name",),
    "AWS::CloudFront::OriginAccessControl": ("OriginAccessControlConfig", "Name"),
    "AWS::CloudFront::OriginRequestPolicy": ("OriginRequestPolicyConfig", "Name"),
    "AWS::CloudFront::ResponseHeadersPolicy": ("ResponseHeadersPolicyConfig", "Name"),
    "AWS::IAM::ManagedPolicy": ("ManagedPolicyName",),
    "AWS::IAM::Role": ("RoleName",),
    "AWS::S3::Bucket": ("BucketName",),
}
"""What is in no Region, and where its name stands: of each there is one of a name."""
ENDPOINTS = {"cassandra", "sqs", "kms", "secretsmanager"}
DESCRIBES = {"ec2:DescribeNetworkInterfaces", "ec2:DescribeVpcEndpoints"}


class TestZones:
    def test_production_names_them_by_id(self, prod: Templates) -> None:
        """A Region that gets another zone would else have other first three, and every subnet be made anew."""
        subnets = prod.properties("AWS::EC2::Subnet")
        assert {subnet.get("AvailabilityZoneId") for subnet in subnets} == set(STAGES["prod"].zone_ids)
        assert not any("AvailabilityZone" in subnet for subnet in subnets)

    def test_production_is_where_they_are(self, prod: Templates) -> None:
        artifacts = json.loads((prod.folder / "manifest.json").read_text())["artifacts"]
        stacks = [each for each in artifacts.values() if each["type"] == "aws:cloudformation:stack"]
        where = {each["properties"]["templateFile"]: each["environment"] for each in stacks}
        for stack in ("firewall", "edge"):
            assert where.pop(f"natter-prod-{stack}.template.json") == "aws://unknown-account/us-east-1"
        assert set(where.values()) == {"aws://unknown-account/eu-central-1"}

    def test_another_stage_fits_in_beside_it(self, prod: Templates, varied: Templates) -> None:
        """Also where all that it has is in a Region that is lost: what is in none still has its names."""
        assert {"AWS::CloudFront::Function", "AWS::Budgets::Budget"} <= {kind for kind, _ in names(prod)}
        assert names(prod) & names(varied) == set()

    def test_one_without_rds_proxy_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The proxy would be made in the others, and nobody told."""
        zones = ("use1-az1", "use1-az2", "use1-az3")
        monkeypatch.setitem(config.STAGES, "prod", replace(STAGES["prod"], region="us-east-1", zone_ids=zones))
        with pytest.raises(SystemExit, match="RDS Proxy is not offered in use1-az3"):
            config.chosen("prod", operator=OPERATOR)


class TestEndpoints:
    def test_production_reaches_what_messages_need_without_nat(self, prod: Templates) -> None:
        found = {
            json.dumps(each["ServiceName"]).rstrip('"]} ').rpartition(".")[2]
            for each in prod.properties("AWS::EC2::VPCEndpoint")
            if each["VpcEndpointType"] == "Interface"
        }
        assert found == ENDPOINTS

    def test_the_databases_proxy_is_let_in_where_secrets_are_read(self, prod: Templates) -> None:
        """The service's name leads to the endpoint for all who are in the VPC, and the proxy needs its logins."""
        (proxy,) = prod.properties("AWS::RDS::DBProxy")
        (group,) = proxy["VpcSecurityGroupIds"]
        rules = [
            each
            for each in prod.properties("AWS::EC2::SecurityGroupIngress")
            if each.get("SourceSecurityGroupId") == group and each["FromPort"] == 443
        ]
        (rule,) = rules
        assert "SecretsManager" in json.dumps(rule["GroupId"])

    def test_who_reads_keyspaces_sees_its_endpoint_in_each_zone(self, app: Templates) -> None:
        """Else `system.peers` is empty, and all goes over one connection: 3,000 requests/s, in one zone."""
        readers = {name for name in app.functions() if "cassandra:Select" in app.actions(name)}
        seeing = {
            name
            for name in app.functions()
            if any(
                set(statement["Action"]) >= DESCRIBES and statement["Resource"] == "*"
                for statement in app.statements(name)
            )
        }
        assert len(readers) > 5
        assert seeing == (readers if app.stage == "prod" else set())

    def test_brokers_are_asked_for_again_when_there_are_more(self, app: Templates) -> None:
        """CloudFormation calls again only if the call has changed."""
        (asked,) = [each for each in app.properties("Custom::AWS") if "getBootstrapBrokers" in json.dumps(each)]
        brokers = app.one("AWS::MSK::Cluster")["NumberOfBrokerNodes"]
        assert f"-{brokers}-brokers" in json.dumps(asked["Update"])


def names(stage: Templates) -> set[tuple[str, str]]:
    """Of what the account has once: its type and name; without those that CloudFormation thinks of."""
    found = set()
    for kind, path in OF_THE_ACCOUNT.items():
        for properties in stage.properties(kind):
            value: object = properties
            for step in path:
                value = value.get(step) if isinstance(value, dict) else None
            if value is not None:
                found.add((kind, json.dumps(value)))
    return found
